"""The answer to a turn as lines of JSON, each as soon as it is known."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.harness.agent import AgentConsole
from tests.harness.phone_app import UTTERANCE_RATE, read_strictly, wav_file
from tests.harness.server import ServerProcess

pytestmark = pytest.mark.asyncio(loop_scope="module")
SETTINGS: dict[str, object] = {}


@asynccontextmanager
async def streamed(server: ServerProcess, **fields: str) -> AsyncIterator[aiohttp.ClientResponse]:
    """A turn that is posted to be answered line by line."""
    form = aiohttp.FormData()
    recording = wav_file(bytes(UTTERANCE_RATE), UTTERANCE_RATE)
    form.add_field("audio", recording, filename="turn.wav", content_type="audio/wav")
    for name, value in fields.items():
        form.add_field(name, value)
    async with server.session.post(f"{server.url}/api/turn/stream", data=form) as answer:
        assert answer.content_type == "application/x-ndjson"
        yield answer


async def line(answer: aiohttp.ClientResponse) -> dict[str, Any]:
    """The next event."""
    return dict(json.loads(await answer.content.readline()))


async def rest(answer: aiohttp.ClientResponse) -> list[dict[str, Any]]:
    """All that are left."""
    return [json.loads(line) for line in (await answer.text()).splitlines()]


async def test_what_was_heard_comes_before_anybody_has_answered(module_server: ServerProcess) -> None:
    async with AgentConsole(module_server) as agent:
        async with streamed(module_server, caller_number="+4930", reset_session="true") as answer:
            session = (await line(answer))["session_id"]
            assert (await rest(answer))[-1]["session_id"] == session
        assert (await agent.ask("takeover", session_id=session))["ok"]
        said = {"session_id": session, "transcript_hint": "Who is there?", "skip_asr": "true"}
        async with streamed(module_server, **said) as answer:
            assert await line(answer) == {"event": "session", "session_id": session}
            assert await line(answer) == {"event": "asr", "transcript": "Who is there?"}
            # Only now is it answered: nothing of this has waited for the answer.
            await agent.reply(await agent.wait("turn.request"), "It is me.")
            events = await rest(answer)
        assert [event["event"] for event in events] == ["reply", "done"]
        assert events[0]["reply"] == "It is me."
        assert (events[1]["hangup"], events[1]["ok"]) == (False, True)


async def test_what_cannot_be_answered_has_a_status_while_nothing_was_sent(
    module_server: ServerProcess,
) -> None:
    form = aiohttp.FormData()
    form.add_field("audio", b"garbage", filename="turn.wav", content_type="audio/wav")
    async with module_server.session.post(f"{module_server.url}/api/turn/stream", data=form) as answer:
        assert answer.status == 400
        assert (await answer.json())["error"]["code"] == "bad_audio"


async def test_the_pieces_of_sound_make_one_file(tmp_path: Path) -> None:
    async with ServerProcess(tmp_path, tts="piper") as server:
        await server.ready()
        async with streamed(server, reset_session="true", transcript_hint="Hello there.") as answer:
            events = await rest(answer)
        pieces = [event for event in events if event["event"] == "audio"]
        assert [piece["index"] for piece in pieces] == list(range(len(pieces)))
        assert len(pieces) > 1
        pcm, rate = read_strictly(b"".join(base64.b64decode(piece["chunk_base64"]) for piece in pieces))
        assert len(pcm) > 2 * rate  # more than a second of the greeting and the opening
        assert events[-1]["event"] == "done"
