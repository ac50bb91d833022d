"""From an operator's click to the operator's voice on the phone wire."""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass

import numpy as np

from benchmarks.figures import Figure, milliseconds
from benchmarks.parties import AiortcOperator, Phone
from benchmarks.sound import FRAME_S
from benchmarks.viewer import ThreadViewer
from bridge.bot import phrases
from bridge.media.g711 import ulaw_decode
from tests.harness.server import ServerProcess
from tests.harness.tones import share, tone

ROUNDS = 12
_HERTZ = 1000.0
_FRAMES = 10

Timeline = list[tuple[str, float]]


@dataclass(frozen=True, slots=True)
class _Swap:
    """One handoff, in seconds. `silence`: what the caller heard of nothing between bot and operator."""

    claim_to_voice: float
    wire_gap: float
    silence: float


async def measure(server: ServerProcess) -> list[Figure]:
    """Hand one call over and back; the operator's connection stands by."""
    async with (
        AiortcOperator(server, idle=tone(_HERTZ, 1.0)) as operator,
        Phone(server.stream_url, parameters={"number": "+15550111"}) as phone,
    ):
        await operator.open_audio()
        await operator.wait("call_state", state="bot")
        call = await server.only_call()
        async with ThreadViewer(server, call["threadId"]) as viewer:
            swaps = [
                await _hand_over(server, operator, phone, viewer, call["callId"], number)
                for number in range(ROUNDS)
            ]
        timeline = await server.timeline(call["callId"])
    return [
        Figure(
            "Claim → operator's first frame on the phone",
            milliseconds([swap.claim_to_voice for swap in swaps]),
            100,
            note="accept_call sent → first media after clear; standby peer",
        ),
        Figure(
            "Last bot or hold frame → operator's first frame",
            milliseconds([swap.wire_gap for swap in swaps]),
            40,
            note="media messages on the wire",
        ),
        Figure(
            "Silence that the caller hears at the swap",
            milliseconds([swap.silence for swap in swaps]),
            note="played 20 ms slots",
        ),
        Figure(
            "Timeline: accepted → first_operator_frame",
            tuple(_spans(timeline, "accepted", "first_operator_frame")),
            note="the server's own clock, as a cross-check",
        ),
        Figure(
            "Timeline: bot_last → first_operator_frame",
            tuple(_spans(timeline, "bot_last_frame", "first_operator_frame")),
            note="the server's own clock, as a cross-check",
        ),
    ]


async def _hand_over(
    server: ServerProcess,
    operator: AiortcOperator,
    phone: Phone,
    viewer: ThreadViewer,
    call_id: str,
    number: int,
) -> _Swap:
    """One handoff: taken while the bot still speaks, and every other time while hold audio plays."""
    began = time.monotonic()
    await server.post(f"/api/calls/{call_id}/handoff", {"reason": "benchmark"}, status=202)
    await operator.wait("incoming_call", count=number + 1)
    await viewer.bot_said(phrases.CONNECTING, since=began, final=bool(number % 2))
    # Clicks do not keep step with our clock.
    await asyncio.sleep(random.uniform(0.2, 0.3))
    clicked = time.monotonic()
    ack = await operator.command("accept_call", callId=call_id)
    assert ack["ok"], ack
    (cleared,) = await phone.wait_since(clicked, "clear")
    voice = await phone.wait_since(cleared.at, "media", _FRAMES)
    heard = np.frombuffer(ulaw_decode(b"".join(item.payload for item in voice)), np.int16)
    if share(heard, _HERTZ) < 0.5:
        raise RuntimeError("What came after the clear was not the operator.")
    last = [item.at for item in phone.received if item.event == "media" and item.at <= cleared.at][-1]
    swap = _Swap(voice[0].at - clicked, voice[0].at - last, _silence(phone, cleared.at))
    assert (await operator.command("release_call", callId=call_id))["ok"]
    return swap


def _silence(phone: Phone, cleared: float) -> float:
    """Seconds without sound between the last slot before the clear and the first one after it."""
    played = [slot.at for slot in phone.heard if slot.buffered]
    before = [at for at in played if at <= cleared]
    after = [at for at in played if at > cleared]
    return max(0.0, after[0] - before[-1] - FRAME_S)


def _spans(timeline: Timeline, begin: str, end: str) -> list[float]:
    """Ms from each `begin` to the next `end`."""
    spans, began = [], None
    for event, ms in timeline:
        if event == begin:
            began = ms
        elif event == end and began is not None:
            spans.append(ms - began)
            began = None
    return spans
