"""One call for each kind of road, on both bridges: delay, filled slots, and how the speech sounds."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.media.bridges import Bridge
from benchmarks.media.call import Call
from benchmarks.media.endpoint import OPUS, PCMU
from benchmarks.media.material import PIECE_S, Piece, caller_sweeps, heard, lag, packets
from benchmarks.media.pacer import Pacer
from benchmarks.media.phone import filled, played, sound_of
from benchmarks.media.quality import opinion
from benchmarks.media.stream import payload_of
from benchmarks.media.sweep import PERIOD_S, delays, sweeps
from bridge.media.g711 import ulaw_decode
from bridge.peer.sdp import AudioCodec
from telephony.twilio.playout import Slot
from tests.harness.road import Road, Weather

SWEEPS_S = 40.0
_WIDE_RATE = 16000
_FRAMES_A_SECOND = 50
_FIRST = 300
"""The packet with which weather and measurement begin: late enough for every call to stand by then."""
_PHASES_S = (0.000, 0.005, 0.010, 0.015)
"""Nobody knows where in a frame the phone's own clock stands; what is played is counted for each of these."""
_TAIL_S = 1.6
_SPARE_S = 1.2
_REST_S = 0.2

Samples = NDArray[np.int16]
Milliseconds = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Case:
    """A kind of road towards the bridge; the way back is always fair: no buffer of the bridge's is on it."""

    name: str
    weather: Weather
    codec: AudioCodec = OPUS


CASES = (
    Case("clean", Weather()),
    Case("clean, PCMU", Weather(), PCMU),
    Case("2 % loss", Weather(loss=0.02)),
    Case("5 % loss", Weather(loss=0.05)),
    Case("10 % loss", Weather(loss=0.10)),
    Case("5 % loss, bursts of 3", Weather(loss=0.05, burst=3.0)),
    Case("30 ms jitter", Weather(jitter_s=0.030)),
    Case("5 % loss, 30 ms jitter", Weather(loss=0.05, jitter_s=0.030)),
)


@dataclass(frozen=True, slots=True)
class Passage:
    """What became of one call. Delays in ms, nan where a frame tells nothing.

    `to_caller`: from the operator's packet being sent to its sound's frame on the phone's stream, what the
    road adds included; `as_played`: to the slot in which the phone plays it; `to_operator`: from the caller's
    frame on the stream to its sound in an RTP packet. `filled`: share of 20 ms slots; `opinions`: PESQ of
    each piece; `late_share`: what we sent too late ourselves, of all calls.
    """

    case: Case
    to_caller: Milliseconds
    as_played: Milliseconds
    to_operator: Milliseconds
    filled: float
    opinions: tuple[float, ...]
    late_share: float


async def ride(
    bridge: Bridge,
    cases: Sequence[Case],
    speech: Sequence[Piece],
    *,
    sweeps_s: float = SWEEPS_S,
    first: int = _FIRST,
) -> list[Passage]:
    """All cases at once, each on a call of its own: first the speech, then the sweeps.

    They begin with the operator's `first` packet, and the weather with them.
    """
    wide = np.concatenate([*(piece.wide for piece in speech), _swept(sweeps_s)])
    frames = len(wide) * _FRAMES_A_SECOND // _WIDE_RATE
    async with AsyncExitStack() as stack:
        pacer = await stack.enter_async_context(Pacer())
        calls: list[Call] = []
        roads: list[Road] = []
        begun: list[asyncio.Event] = []
        for number, case in enumerate(cases):
            roads.append(await stack.enter_async_context(Road(seed=number + 1)))
            calls.append(await bridge.place(pacer, case.codec, number, roads[-1]))
            stack.push_async_callback(calls[-1].close)
            begun.append(_begin_later(calls[-1], roads[-1], case, wide, first))
        gc.collect()
        gc.freeze()  # a pause of ours would be taken for one of the bridge's
        pacer.reset()
        for one in begun:
            await one.wait()
        await asyncio.sleep(len(wide) / _WIDE_RATE + _REST_S)
        late_share = pacer.late_share
    gc.unfreeze()
    speech_frames = round(len(speech) * PIECE_S * _FRAMES_A_SECOND)
    return [
        _judge(case, call, speech, speech_frames, frames, late_share)
        for case, call in zip(cases, calls, strict=True)
    ]


def _swept(seconds: float) -> Samples:
    """Sweeps, and silence in which what comes late may still come."""
    return np.concatenate([sweeps(seconds, _WIDE_RATE), np.zeros(round(_TAIL_S * _WIDE_RATE), np.int16)])


def _begin_later(call: Call, road: Road, case: Case, wide: Samples, first: int) -> asyncio.Event:
    """Let the case begin with this packet of the operator's; the event says that it has."""
    begun = asyncio.Event()
    operator, caller = packets(wide, case.codec, call.endpoint.rate), caller_sweeps(len(wide) / _WIDE_RATE)

    def begin() -> None:
        call.say(operator, caller)
        road.towards_server = case.weather
        begun.set()

    call.at(first, begin)
    return begun


def _judge(
    case: Case, call: Call, speech: Sequence[Piece], speech_frames: int, frames: int, late_share: float
) -> Passage:
    sent, phone = call.endpoint.sent[:frames], call.phone
    arrivals = [(at, payload_of(message)) for at, message in phone.got if at < sent[-1] + _REST_S]
    # The first period of sweeps is left out: until then the speech before may still be on its way.
    first = speech_frames + round(PERIOD_S * _FRAMES_A_SECOND)
    last = frames - round(_TAIL_S * _FRAMES_A_SECOND)
    swept, late = sent[first:last], lag(case.codec, call.endpoint.rate)
    begin = min(at for at, _ in arrivals)
    shown = [played(arrivals, begin + phase, sent[-1]) for phase in _PHASES_S]
    counted = [slot for slots in shown for slot in slots if swept[0] <= slot.at < swept[-1]]
    heard_slots = [(slot.at, ulaw_decode(slot.payload)) for slot in shown[2] if slot.buffered]
    coming = [(at, ulaw_decode(payload)) for at, payload in arrivals]
    to_operator = delays(phone.sent[:frames], heard(call.endpoint.got, case.codec))
    return Passage(
        case,
        to_caller=delays(swept, coming, lag=late) * 1000,
        as_played=delays(swept, heard_slots, lag=late) * 1000,
        to_operator=to_operator[round(PERIOD_S * _FRAMES_A_SECOND) :] * 1000,
        filled=filled(counted),
        opinions=tuple(_opinions(speech, sent, shown[2])),
        late_share=late_share,
    )


def _opinions(speech: Sequence[Piece], sent: Sequence[float], slots: Sequence[Slot]) -> list[float]:
    """PESQ of each piece, as one of the phones has played it."""
    found = []
    length = round(PIECE_S * _FRAMES_A_SECOND)
    for number, piece in enumerate(speech):
        begin = sent[number * length]
        window = [slot for slot in slots if begin <= slot.at < begin + PIECE_S + _SPARE_S]
        found.append(opinion(piece.said, sound_of(window)))
    return found
