"""A turn's answer as lines of JSON, as the app's stream parser takes them."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping

from aiohttp import web

from telephony.clawfinger.answer import Answer
from telephony.clawfinger.poster import Poster

_PIECE = 48 * 1024
"""Bytes of sound in one event; a multiple of three, so that no piece but the last is padded."""


class TurnStream(Poster):
    """Whoever wants to know each thing as it happens. `response` is there from the first event on.

    A phone that hangs up meanwhile does not end the turn: what was said has been said.
    """

    def __init__(self, request: web.Request) -> None:
        super().__init__(request)
        self._request = request
        self._told: set[object] = set()
        self.response: web.StreamResponse | None = None

    async def tell(self, event: Mapping[str, object]) -> None:
        """Send one line."""
        self._told.add(event["event"])
        try:
            if self.response is None:
                self.response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
                await self.response.prepare(self._request)
            await self.response.write(json.dumps(event).encode() + b"\n")
        except ConnectionError:
            pass  # `gone` says so

    async def finish(self, answer: Answer) -> None:
        """Send what was not sent yet; `done` also says whether to hang up."""
        for event in _events(answer):
            if event["event"] == "audio" or event["event"] not in self._told:
                await self.tell(event)

    async def fail(self, detail: str) -> None:
        """There will be no answer."""
        await self.tell({"event": "error", "detail": detail})


def _events(answer: Answer) -> list[dict[str, object]]:
    """`answer` in pieces, of which those with sound make one file."""
    view, wav = answer.view(), answer.wav
    events: list[dict[str, object]] = [
        {"event": "session", "session_id": answer.session_id},
        {"event": "asr", "transcript": answer.transcript},
        {"event": "reply", "reply": view["reply"]},
    ]
    for index, at in enumerate(range(0, len(wav), _PIECE)):
        piece = base64.b64encode(wav[at : at + _PIECE]).decode()
        events.append({"event": "audio", "index": index, "chunk_base64": piece})
    rest = {name: view[name] for name in ("ok", "hangup", "rejected", "reason", "metrics") if name in view}
    return [*events, {"event": "done", "session_id": answer.session_id, **rest}]
