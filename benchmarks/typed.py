"""How soon the caller hears what the operator types, while they are bridged."""

from __future__ import annotations

import time

from benchmarks.figures import Figure, milliseconds
from benchmarks.parties import AiortcOperator, Phone
from benchmarks.voice import room_noise
from tests.harness.server import ServerProcess

TYPED = (
    "Your driver is on the corner of Station Road.",
    "He will ring the bell in five minutes.",
    "There is a small present for you in the box.",
    "We wish your daughter a happy birthday.",
)


async def measure(server: ServerProcess) -> list[Figure]:
    """Bridge a call, and let the operator type."""
    async with (
        AiortcOperator(server, idle=room_noise()) as operator,
        Phone(server.stream_url, parameters={"number": "+15550113"}) as phone,
    ):
        await operator.open_audio()
        await operator.wait("call_state", state="bot")
        call = await server.only_call()
        await server.post(f"/api/calls/{call['callId']}/handoff", {"reason": "benchmark"}, status=202)
        await operator.wait("incoming_call")
        assert (await operator.command("accept_call", callId=call["callId"]))["ok"]
        await operator.wait("call_state", state="bridged")
        typed = [await _type(operator, phone, call["callId"], text) for text in TYPED]
    return [
        Figure(
            "Operator's typed sentence → first audio",
            milliseconds(typed),
            note="`say` with a text never spoken before → first slot that the caller hears",
        ),
    ]


async def _type(operator: AiortcOperator, phone: Phone, call_id: str, text: str) -> float:
    """Seconds until the caller hears the beginning of what the operator typed."""
    # A sentence ends in some silence of its own, during which the next one would be refused.
    await phone.wait_quiet(1200, within=20)
    sent = time.monotonic()
    assert (await operator.command("say", callId=call_id, text=text))["ok"]
    slot = await phone.wait_sound(sent)
    return slot.at - sent
