"""The server as a process: how it starts, ends and comes back."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from tests.harness.console import Console
from tests.harness.handoff import bridge, call_of, hand_off, phone_for, phone_hears, states
from tests.harness.peer_console import PeerConsole
from tests.harness.server import ServerProcess
from tests.harness.tones import dominance, tone

ROOT = Path(__file__).parents[2]


async def test_sigterm_ends_live_calls_in_order(tmp_path: Path) -> None:
    async with (
        ServerProcess(tmp_path, shutdown_grace=1) as server,
        PeerConsole(server, idle=tone(1000.0, 1.0)) as console,
        phone_for(server) as phone,
        phone_for(server) as ringing,
        phone_for(server) as with_bot,
    ):
        await console.open_audio()
        call_id = await bridge(console, phone)
        bot_id = await call_of(console, with_bot)
        offered = await hand_off(console, ringing)
        stopping = asyncio.ensure_future(server.stop())
        withdrawn = await console.wait("call_withdrawn", callId=offered["callId"])
        assert withdrawn["reason"] == "cancelled"
        for ended_id in (offered["callId"], bot_id):
            ended = await console.wait("call_state", callId=ended_id, state="ended")
            assert (ended["endReason"], ended["endedBy"]) == ("shutdown", "us")
        assert not states(console, call_id, "ended"), "who talks with a person may finish"
        assert dominance(await phone_hears(phone, 0.5), 1000.0) > 0.9
        ended = await console.wait("call_state", callId=call_id, state="ended")
        assert (ended["endReason"], ended["endedBy"]) == ("shutdown", "us")
        assert [await line.closed(10) for line in (phone, ringing, with_bot)] == [1000, 1000, 1000]
        assert await stopping == 0
        assert not [line for line in server.lines if "Traceback" in line]

    async with ServerProcess(tmp_path) as again:
        view = await again.get(f"/api/calls/{call_id}")
        assert (view["state"], view["endReason"]) == ("ended", "shutdown")
        assert "call_ended" in dict(await again.timeline(call_id))


async def test_after_sigterm_the_server_waits_no_longer_than_the_last_call(tmp_path: Path) -> None:
    async with (
        ServerProcess(tmp_path, shutdown_grace=60) as server,
        PeerConsole(server, idle=tone(1000.0, 1.0)) as console,
        phone_for(server) as phone,
        phone_for(server) as with_bot,
    ):
        await console.open_audio()
        call_id = await bridge(console, phone)
        stopping = asyncio.ensure_future(server.stop())
        assert await with_bot.closed(10) == 1000
        late = phone_for(server)
        async with late:
            assert await late.closed(5) == 1013, "no new call is taken"
        assert (await console.command("hangup_call", callId=call_id))["call"]["endedBy"] == "operator"
        assert await phone.closed(10) == 1000
        assert await asyncio.wait_for(stopping, 15) == 0


async def test_after_kill_9_calls_are_reconciled_and_nothing_committed_is_lost(tmp_path: Path) -> None:
    async with ServerProcess(tmp_path) as server:
        async with PeerConsole(server, idle=tone(1000.0, 1.0)) as console, phone_for(server) as phone:
            await console.open_audio()
            thread_id = phone.parameters["threadId"]
            call_id = await call_of(console, phone)
            await phone.press("5")
            while "5" not in [data["message"]["text"] for data in console.all("transcript")]:
                await console.wait("transcript", len(console.all("transcript")) + 1)
            assert await bridge(console, phone) == call_id
            told = [data["message"] for data in console.all("transcript") if data["message"]["final"]]
            await server.kill()
        await server.start()
        assert await server.get("/api/calls") == []
        view = await server.get(f"/api/calls/{call_id}")
        assert view["state"] == "ended"
        assert view["endedAt"] is not None
        assert view["endReason"]
        kept = await server.messages(thread_id)
        assert [message for message in kept if message in told] == told
        async with Console(server) as console, phone_for(server, threadId=thread_id) as phone:
            assert await call_of(console, phone) != call_id
            await console.wait("transcript", threadId=thread_id)
            grown = await server.messages(thread_id)
            assert grown[: len(kept)] == kept
            assert [message["seq"] for message in grown] == [*range(1, len(grown) + 1)]


async def run_serve(folder: Path, **settings: object) -> tuple[int, str]:
    """`patchbay serve` with these settings, which must end by itself: its exit code and what it said."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("PATCHBAY_")}
    given = {f"PATCHBAY_{name.upper()}": str(value) for name, value in settings.items()}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "signaling.cli",
        "serve",
        env={**inherited, "PATCHBAY_DATA_DIR": str(folder / "data"), "PATCHBAY_PORT": "0", **given},
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        out, _ = await asyncio.wait_for(process.communicate(), 20)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode is not None
    return process.returncode, out.decode()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"ring_timeout": "soon"}, 'PATCHBAY_RING_TIMEOUT is "soon"'),
        ({"flow": "/nowhere/flow.json"}, "PATCHBAY_FLOW"),
        ({"host": "0.0.0.0"}, "PATCHBAY_AGENT_TOKEN"),
        ({"stt": "deepgram"}, "PATCHBAY_DEEPGRAM_KEY"),
        ({"language": "de"}, "PATCHBAY_WHISPER_MODEL"),
    ],
    ids=["number", "flow", "exposed", "deepgram", "language"],
)
async def test_a_bad_setting_is_named_and_exits_2(
    tmp_path: Path, settings: dict[str, object], said: str
) -> None:
    code, out = await run_serve(tmp_path, **settings)
    assert code == 2
    assert said in out
    assert "Traceback" not in out


async def test_a_template_that_does_not_parse_exits_2(tmp_path: Path) -> None:
    flow = tmp_path / "flow.json"
    flow.write_text('{"data": {"Flow_1": {"type": "teleport", "name": "x", "text": "y"}}}')
    code, out = await run_serve(tmp_path, flow=flow)
    assert code == 2
    assert "Traceback" not in out
    assert f"{flow} cannot be used as a flow: " in out
    assert out.strip().endswith(".")


@pytest.mark.asyncio(loop_scope="session")
async def test_a_port_that_is_taken_is_said_in_a_sentence(
    shared_server: ServerProcess, tmp_path: Path
) -> None:
    code, out = await run_serve(tmp_path, port=shared_server.port, stt="none", tts="none")
    assert code == 1
    assert "Traceback" not in out
    assert f"Port {shared_server.port} on 127.0.0.1 is taken" in out


async def test_a_second_server_on_the_same_data_is_refused_and_harms_no_call(tmp_path: Path) -> None:
    async with ServerProcess(tmp_path) as server, Console(server) as console, phone_for(server) as phone:
        call_id = await call_of(console, phone)
        code, out = await run_serve(tmp_path, port=0, stt="none", tts="none", data_dir=tmp_path / "data")
        assert code == 1
        assert f"Another Patchbay (process {server.pid}) uses the data folder" in out
        assert (await server.get(f"/api/calls/{call_id}"))["endedAt"] is None


async def test_a_second_signal_ends_what_the_first_one_waits_for(tmp_path: Path) -> None:
    async with (
        ServerProcess(tmp_path, shutdown_grace=3000) as server,
        PeerConsole(server, idle=tone(1000.0, 1.0)) as console,
        phone_for(server) as phone,
        phone_for(server) as with_bot,
    ):
        await console.open_audio()
        call_id = await bridge(console, phone)
        stopping = asyncio.ensure_future(server.stop())
        assert await with_bot.closed(10) == 1000
        assert not states(console, call_id, "ended")
        os.kill(server.pid, signal.SIGTERM)
        ended = await console.wait("call_state", callId=call_id, state="ended")
        assert (ended["endReason"], ended["endedBy"]) == ("shutdown", "us")
        assert await stopping == 0
