"""Both bridges carry a call, and what is measured on it is what happened to it."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from benchmarks.media import capacity, cost
from benchmarks.media.bridges import STOCK, Bridge, OurBridge, StockBridge
from benchmarks.media.compare import spread
from benchmarks.media.endpoint import OPUS
from benchmarks.media.material import heard, packets
from benchmarks.media.pacer import Pacer
from benchmarks.media.stream import Stream, payload_of
from benchmarks.media.weather import Case, ride
from bridge.media.g711 import ulaw_decode, ulaw_encode
from tests.harness.road import Weather
from tests.harness.tones import share, tone

Start = Callable[[Path], Bridge]
BRIDGES: dict[str, Start] = {
    "ours": lambda folder: OurBridge(folder, 4),
    "stock": lambda folder: StockBridge(),
}
both = pytest.mark.parametrize("start", BRIDGES.values(), ids=BRIDGES)

STILL = Case("still", Weather())
FAR_MS = 600.0
"""So far that no delay of a busy machine's is taken for the road's."""
FAR = Case("far", Weather(delay_s=FAR_MS / 1000))
LOSSY = Case("lossy", Weather(loss=0.10))


@both
async def test_a_bridge_lets_both_sides_hear_each_other(start: Start, tmp_path: Path) -> None:
    async with start(tmp_path) as bridge, Pacer() as pacer:
        call = await bridge.place(pacer, OPUS, 0)
        ulaw = ulaw_encode(tone(440.0, 2.0))
        frames = [base64.b64encode(ulaw[at : at + 160]) for at in range(0, len(ulaw), 160)]
        call.say(
            packets(np.frombuffer(tone(1000.0, 2.0, rate=16000), np.int16), OPUS, call.endpoint.rate), frames
        )
        await call.phone.got.reach(100)
        await call.endpoint.got.reach(100)
        on_phone = [ulaw_decode(payload_of(message)) for _, message in call.phone.got]
        at_operator = [sound for _, sound in heard(call.endpoint.got, OPUS)]
        await call.close()
    assert share(b"".join(on_phone[-50:]), 1000.0) > 0.9
    assert share(b"".join(at_operator[-50:]), 440.0) > 0.9


@both
async def test_what_the_road_does_shows_in_what_is_measured(start: Start, tmp_path: Path) -> None:
    async with start(tmp_path) as bridge:
        still, far, lossy = await ride(bridge, (STILL, FAR, LOSSY), (), sweeps_s=3.2, first=100)
    added = spread(far.to_caller)[0] - spread(still.to_caller)[0]
    assert 0.5 * FAR_MS < added < 2 * FAR_MS
    assert spread(far.to_operator)[0] < added  # the way back is fair
    assert still.filled > 0.9
    if bridge.name == STOCK:  # ours fills up what is lost
        assert lossy.filled < still.filled


async def test_a_calls_cost_is_read_while_the_calls_are_heard() -> None:
    found = await cost.measure(StockBridge, "pcmu", calls=4, windows=1, window_s=3.0)
    assert 0 < found.samples[0] < 50


async def test_a_climb_ends_where_the_ladder_does_or_says_who_gave_in() -> None:
    climb = await capacity.climb(StockBridge, "pcmu", ladder=(1, 2), window_s=0.5)
    assert climb.rungs[0].calls == 1
    assert climb.rungs[0].p99_ms < float("inf")
    assert climb.rungs[0].cpu > 0
    assert (climb.limit == "ladder") == (climb.carried == 2)


async def test_a_stream_that_is_no_media_stream_is_refused() -> None:
    async with StockBridge() as bridge:
        with pytest.raises(ConnectionError, match="404"):
            await Stream(f"ws://127.0.0.1:{bridge.port}/elsewhere", {}).open()
