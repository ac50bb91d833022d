"""The takeover guide's own script, unmodified, against a running server with a phone on a real adb server."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from telephony.twilio.simulator import TwilioSimulator
from tests.harness.adb_device import AdbDevice
from tests.harness.adb_server import AdbServer
from tests.harness.agent import AgentConsole, said
from tests.harness.handoff import phone_for
from tests.harness.llm import ChatServer
from tests.harness.phone_app import SimulatedPhone
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

MODEL_SAYS = "Hello! How can I help you?"
SAID = [
    "Hello?",
    "Okay, I'm saying something.",
    "Okay, I'm saying something else.",
    "Okay, that is the third thing.",
]
SAID_AT_LAST = "Hello again."
OURS = ("[event] session.started", "[event] call.outcome")
"""Events that the guide does not show; the first it names elsewhere."""
TURN = ("[event] turn.", "[turn]")
_GIVEN = ["[event] turn.started", "[event] turn.reply", "[event] turn.complete"]
_HEARD = ["[event] turn.started", "[event] turn.transcript", "[event] turn.reply", "[event] turn.complete"]
TURNS = [
    *(_GIVEN + _GIVEN),  # the greeting, and the text that was put in
    *(_HEARD + _HEARD + _HEARD),
    *[*_HEARD[:3], f"[turn] model=local/tiny reply={MODEL_SAYS!r}"],
]
"""What the guide shows of turns, "turn 3 similar" and what it cuts off at the end written out."""
FIFTH = [
    "[5] Handling 3 turns...",
    *_GIVEN,
    *_HEARD[:2],
    "Turn 1/3",
    "Sent (request_id=ID...)",
    *_HEARD[2:],
    *_HEARD[:2],
    "Turn 2/3",
]
SHOWN = [
    "[*] Connecting to agent WS: ws://127.0.0.1:8996/api/agent/ws",
    "[+] Connected",
    "[event] agent.connected",
    f"[1] Dialing {NUMBER}...",
    "[event] dial.ack",
    "OK: dial succeeded",
    "[2] Waiting for call pickup (up to 60s)...",
    "[event] call.dial",
    "OK: session = ID",
    "[3] Injecting greeting...",
    "OK: greeting queued (delivers on next turn poll)",
    "[4] Taking over session ID...",
    "[event] agent.inject",
    "[event] agent.takeover",
    "[event] takeover.ack",
    "OK: takeover succeeded",
    "[5] Handling 3 turns...",
    "Turn 1/3",
    'Caller: "Okay, I\'m saying something."',
    'Reply: "That\'s interesting! I heard you clearly. This is turn one of three. Say something else."',
    "Sent (request_id=ID...)",
    "Turn 2/3",
    'Caller: "Okay, I\'m saying something else."',
    "Reply: 'Got it! That was turn two. One more turn, then I hand back to the local assistant.'",
    "Sent (request_id=ID...)",
    "Turn 3/3",
    "Caller: 'Okay, that is the third thing.'",
    "Reply: 'Perfect, that was turn three! Releasing control now. You should notice a change. "
    "Goodbye from the agent!'",
    "Sent (request_id=ID...)",
    "[6] Releasing takeover...",
    "[event] agent.release",
    "[event] release.ack",
    "OK: released, local LLM resumes",
    "[7] Observing post-release (30s)...",
    "[session ended]",
    "[*] Test complete!",
]
"""All the rest that the guide shows, and the session's end, where its phone hangs up."""


@asynccontextmanager
async def dialling_server(folder: Path, **settings: object) -> AsyncIterator[tuple[ServerProcess, AdbDevice]]:
    """A server on the guide's port, with a phone on a cable."""
    async with AdbServer(folder) as adb, AdbDevice() as device:
        await adb.connect(device.serial)
        async with ServerProcess(folder, adb.address, port=8996, **settings) as server:
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


def plain(line: str) -> str:
    """A line without what differs from call to call, and the third turn's end as of the others."""
    line = re.sub(r"(session (?:= )?|request_id=)[0-9a-f-]{8,}", r"\1ID", line.strip())
    return re.sub(r"^\[turn\] model=agent .*", "[event] turn.complete", line)


async def phone_call(watcher: AgentConsole, phone: SimulatedPhone) -> None:
    """The phone has dialled, and somebody has picked up: the app's part of the call, to its end."""
    assert await phone.ring()
    await phone.greet()
    await watcher.wait("agent.takeover", within=60)
    for words in SAID:
        await phone.say(text=words)
    await watcher.wait("agent.release", within=60)
    await phone.say(text=SAID_AT_LAST)
    await watcher.server.post("/api/session/end", {"session_id": phone.session_id})


@asynccontextmanager
async def running_script() -> AsyncIterator[asyncio.subprocess.Process]:
    """The guide's script, as whoever follows the guide runs it."""
    script = await asyncio.create_subprocess_exec(
        sys.executable,
        SCRIPT,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        yield script
    finally:
        if script.returncode is None:
            script.kill()
            await script.wait()


async def output(script: asyncio.subprocess.Process) -> str:
    """What it has printed, once it has ended well."""
    shown, _ = await asyncio.wait_for(script.communicate(), 60)
    assert script.returncode == 0, shown.decode()
    return shown.decode()


async def test_the_guide_s_script_runs_unmodified_on_a_streaming_line(tmp_path: Path) -> None:
    async with dialling_server(tmp_path) as (server, device), AgentConsole(server) as watcher:
        async with running_script() as script:
            dialled = await watcher.wait("call.dial", within=60)
            assert dialled["number"] == NUMBER
            async with phone_for(server, number=NUMBER) as phone:
                await talk(watcher, phone)
                shown = await output(script)
        lines = iter(shown.splitlines())
        missing = [expected for expected in SHOWS if not any(expected in line for line in lines)]
        assert missing == [], shown
        assert [f"--es type dial --es number {NUMBER}" in told for told in device.broadcasts] == [True]
        outcome = await watcher.wait("call.outcome")
        assert (outcome["ok"], outcome["number"]) == (True, NUMBER)
        await said(server, phone, "Goodbye from the agent!")
        messages = await server.messages(phone.parameters["threadId"])
        agents = [message["text"] for message in messages if message["speaker"] == "agent"]
        assert [text.split("!")[0] for text in agents] == [
            "Hello", "That's interesting", "Got it", "Perfect, that was turn three",
        ]  # fmt: skip


async def test_the_guide_s_script_prints_what_the_guide_shows_with_the_phone_app(tmp_path: Path) -> None:
    async with (
        ChatServer(MODEL_SAYS) as model,
        dialling_server(tmp_path, llm_url=model.url, llm_model="local/tiny") as (server, device),
        AgentConsole(server) as watcher,
        SimulatedPhone(server.url, number=NUMBER, direction="outgoing") as phone,
        running_script() as script,
    ):
        await watcher.wait("call.dial", within=60)
        await phone_call(watcher, phone)
        shown = await output(script)
        assert len(device.broadcasts) == 1
        lines = [line for line in map(plain, shown.splitlines()) if line and line not in OURS]
        # Where what the phone does is told among what the agent does is for the phone's pace to say.
        assert [line for line in lines if not line.startswith(TURN)] == SHOWN, shown
        assert [line for line in lines if line.startswith(TURN)] == TURNS, shown
        five, six = lines.index("[5] Handling 3 turns..."), lines.index("[6] Releasing takeover...")
        assert [line for line in lines[five:six] if not line.startswith(("Caller", "Reply"))][:13] == FIFTH
        # And what the guide has people verify: whose words they hear, and when.
        replies = [turn.reply for turn in phone.turns]
        assert replies[1].startswith("Hello! This is a test from the agent takeover system.")
        assert [reply.split("!")[0] for reply in replies[2:5]] == [
            "That's interesting", "Got it", "Perfect, that was turn three",
        ]  # fmt: skip
        assert replies[5].endswith(MODEL_SAYS)
