"""The takeover guide's own script, unmodified, against a running server with a phone on a real adb server."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from telephony.twilio.simulator import TwilioSimulator
from tests.harness.adb_device import AdbDevice
from tests.harness.adb_server import AdbServer
from tests.harness.agent import AgentConsole, said
from tests.harness.handoff import phone_for
from tests.harness.server import ServerProcess

SCRIPT = Path(__file__).parent / "takeover_guide.txt"
NUMBER = "+49123456789"
SHOWS = [
    "[*] Connecting to agent WS: ws://127.0.0.1:8996/api/agent/ws",
    "[+] Connected",
    "[event] agent.connected",
    f"[1] Dialing {NUMBER}...",
    "[event] dial.ack",
    "OK: dial succeeded",
    "[2] Waiting for call pickup (up to 60s)...",
    "[event] call.dial",
    "OK: session = ",
    "[3] Injecting greeting...",
    "OK: greeting queued (delivers on next turn poll)",
    "[4] Taking over session ",
    "[event] agent.inject",
    "[event] agent.takeover",
    "[event] takeover.ack",
    "OK: takeover succeeded",
    "[5] Handling 3 turns...",
    *(
        line
        for turn in "123"
        for line in (
            "[event] turn.started",
            "[event] turn.transcript",
            f"Turn {turn}/3",
            f"Caller: '{turn}'",
            "Reply: ",
            "Sent (request_id=",
        )
    ),
    "[6] Releasing takeover...",
    "[event] agent.release",
    "[event] release.ack",
    "OK: released, local LLM resumes",
    "[7] Observing post-release (30s)...",
    "[event] turn.reply",
    "[turn] model=flow reply=",
    "[session ended]",
    "[*] Test complete!",
]
"""What the guide shows, in its order; of lines between them it does not say that there are none."""


@asynccontextmanager
async def dialling_server(
    folder: Path, given: pytest.MonkeyPatch
) -> AsyncIterator[tuple[ServerProcess, AdbDevice]]:
    """A server on the guide's port, with a phone on a cable."""
    async with AdbServer(folder) as adb, AdbDevice() as device:
        await adb.connect(device.serial)
        async with ServerProcess(folder, adb.address, port=8996) as server:
            await device.wait_for_reverse("tcp:8996", "tcp:8996")
            yield server, device


async def talk(watcher: AgentConsole, phone: TwilioSimulator) -> None:
    """Whoever was dialled: says something in each of four turns, and hangs up."""
    await watcher.wait("agent.takeover", within=60)
    for turn in (1, 2, 3):
        await phone.press(str(turn))
        await watcher.wait("turn.complete", turn, within=60, model="agent")
    await watcher.wait("agent.release", within=60)
    await phone.press("4")
    await watcher.wait("turn.complete", within=60, model="flow")
    await phone.hang_up()


async def test_the_guide_s_script_runs_unmodified(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with dialling_server(tmp_path, monkeypatch) as (server, device), AgentConsole(server) as watcher:
        script = await asyncio.create_subprocess_exec(
            sys.executable,
            SCRIPT,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            dialled = await watcher.wait("call.dial", within=60)
            assert dialled["number"] == NUMBER
            async with phone_for(server, number=NUMBER) as phone:
                await talk(watcher, phone)
                shown, _ = await asyncio.wait_for(script.communicate(), 60)
        finally:
            if script.returncode is None:
                script.kill()
        lines = iter(shown.decode().splitlines())
        missing = [expected for expected in SHOWS if not any(expected in line for line in lines)]
        assert missing == [], shown.decode()
        assert script.returncode == 0
        assert [f"--es type dial --es number {NUMBER}" in told for told in device.broadcasts] == [True]
        outcome = await watcher.wait("call.outcome")
        assert (outcome["ok"], outcome["number"]) == (True, NUMBER)
        await said(server, phone, "Goodbye from the agent!")
        messages = await server.messages(phone.parameters["threadId"])
        agents = [message["text"] for message in messages if message["speaker"] == "agent"]
        assert [text.split("!")[0] for text in agents] == [
            "Hello", "That's interesting", "Got it", "Perfect, that was turn three",
        ]  # fmt: skip
