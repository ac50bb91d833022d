"""What the caller hears of what came: the provider plays a slot every 20 ms, in order, when it can."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bridge.media.g711 import ULAW_DECODE
from telephony.twilio.playout import SILENCE, Playout, Slot

SLOT_S = 0.020
_SILENT_PEAK = 8

Sound = NDArray[np.int16]


def played(arrivals: Sequence[tuple[float, bytes]], begin: float, end: float) -> list[Slot]:
    """The slots from monotonic second `begin` to `end` of a phone that got these µ-law payloads, in order.

    What came before `begin` is not played. A slot that begins empty stays empty; what comes then waits for
    the next, and whatever is queued stays queued: nobody ever plays faster.
    """
    playout = Playout()
    slots: list[Slot] = []
    coming = [arrival for arrival in arrivals if arrival[0] >= begin]
    fed = 0
    for number in range(round((end - begin) / SLOT_S)):
        at = begin + number * SLOT_S
        while fed < len(coming) and coming[fed][0] <= at:
            playout.feed(coming[fed][1])
            fed += 1
        payload, _ = playout.tick()
        slots.append(Slot(at, payload or SILENCE, payload is not None))
    return slots


def filled(slots: Sequence[Slot]) -> float:
    """Share of the slots in which there was something to play; digital silence is nothing."""
    if not slots:
        raise ValueError("no slot was played")
    return sum(slot.buffered and _sounds(slot.payload) for slot in slots) / len(slots)


def sound_of(slots: Sequence[Slot]) -> Sound:
    """The slots as samples at 8 kHz, silence where nothing was played."""
    return ULAW_DECODE[np.frombuffer(b"".join(slot.payload for slot in slots), np.uint8)]


def _sounds(payload: bytes) -> bool:
    samples = ULAW_DECODE[np.frombuffer(payload, np.uint8)]
    return bool(np.abs(samples.astype(np.int32)).max() > _SILENT_PEAK)
