"""One-way delay of live sound, both ways, on a bridged call."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from benchmarks.figures import Figure, milliseconds
from benchmarks.parties import AiortcOperator, PeerOperator, Phone
from benchmarks.sound import Piece, burst_seconds, bursts, onsets, transits
from benchmarks.voice import room_noise
from tests.harness.server import ServerProcess

BURSTS = 100
_TAIL_S = 1.0
_NOTES: dict[type[AiortcOperator], str] = {
    PeerOperator: "tone bursts, mouth to ear: 20 ms to fill a frame and some 6 ms of Opus included; sound "
    "cards, the provider's playout, a browser's jitter buffer and the network not",
    AiortcOperator: "the same with stock aiortc on the operator's side, its jitter buffer included",
}


async def measure(server: ServerProcess) -> list[Figure]:
    """Send bursts of tone both ways at once, to an operator with stock aiortc and to one with our Peer."""
    figures = []
    for kind, label in ((PeerOperator, "our peer"), (AiortcOperator, "stock aiortc")):
        to_operator, to_caller = await _both_ways(server, kind)
        figures += [
            Figure(f"Delay, caller → operator, {label}", to_operator, note=_NOTES[kind]),
            Figure(f"Delay, operator → caller, {label}", to_caller, note=_NOTES[kind]),
        ]
    return figures


async def _both_ways(
    server: ServerProcess, kind: type[AiortcOperator]
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Ms of each burst to the operator, and of each to the caller."""
    async with (
        kind(server, idle=room_noise()) as operator,
        Phone(server.stream_url, parameters={"number": "+15550114"}) as phone,
    ):
        await operator.open_audio()
        await operator.wait("call_state", state="bot")
        call_id = (await server.only_call())["callId"]
        await server.post(f"/api/calls/{call_id}/handoff", {"reason": "benchmark"}, status=202)
        await operator.wait("incoming_call")
        assert (await operator.command("accept_call", callId=call_id))["ok"]
        await operator.wait("call_state", state="bridged")
        pcm, within = bursts(BURSTS), burst_seconds(BURSTS) + 10
        by_caller, by_operator = await asyncio.gather(phone.say(pcm, within), operator.stamped.utter(pcm))
        await operator.wait_heard(_TAIL_S)
        start = by_caller[0].begins
        to_operator = _delays(by_caller, [piece for piece in operator.ear if piece.begins > start])
        to_caller = _delays(by_operator, phone.wire_since(by_operator[0].begins))
    return to_operator, to_caller


def _delays(said: Sequence[Piece], heard: Sequence[Piece]) -> tuple[float, ...]:
    return milliseconds(transits(onsets(said), onsets(heard)))
