"""Many calls from a process of its own, cheaply: what is said was encoded before, what is heard is kept.

`python -m benchmarks.media.load ours|stock PORT opus|pcmu` obeys lines of JSON on its standard input and
answers each with one: `{"calls": N}` places calls until there are N, `{"measure": SECONDS,
"warming": PERIODS}` says how soon each frame from the operators was on the callers' streams. At the end of
the input it hangs up.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import numpy as np
import uvloop

from benchmarks.media.bridges import OURS, Bridge, OurBridge, StockBridge
from benchmarks.media.call import Call
from benchmarks.media.endpoint import CODECS
from benchmarks.media.material import caller_sweeps, lag, operator_sweeps
from benchmarks.media.pacer import Pacer
from benchmarks.media.stream import payload_of
from benchmarks.media.sweep import PERIOD_S, delays
from bridge.media.g711 import ulaw_decode
from bridge.peer.sdp import AudioCodec

_LOOP_S = 16.0
_SETTLE_S = 0.5


class Load:
    """Calls on one bridge, placed one after the other."""

    def __init__(self, bridge: Bridge, codec: AudioCodec, pacer: Pacer, stack: AsyncExitStack) -> None:
        self._bridge, self._codec, self._pacer, self._stack = bridge, codec, pacer, stack
        self._operator: list[bytes] = []
        self._caller = caller_sweeps(_LOOP_S)
        self._lag = 0.0
        self._calls: list[Call] = []

    async def grow(self, calls: int) -> dict[str, Any]:
        """Place calls until there are `calls`."""
        while len(self._calls) < calls:
            call = await self._bridge.place(self._pacer, self._codec, len(self._calls))
            self._stack.push_async_callback(call.close)
            self._calls.append(call)
        if not self._operator:  # what is sent depends on what the bridge has answered
            self._operator = operator_sweeps(_LOOP_S, self._codec, self._calls[0].endpoint.rate)
            self._lag = lag(self._codec, self._calls[0].endpoint.rate)
        return {"calls": len(self._calls)}

    async def measure(self, seconds: float, warming: int) -> dict[str, Any]:
        """Delays in ms of the frames of `seconds`, of all calls, and what share never came.

        That many periods of sweeps before are left out: placing calls upsets a bridge for a while.

        `late`: how much of what was to be sent was sent too late, which is this process's fault.
        """
        for call in self._calls:
            call.say(self._operator, self._caller)
        gc.collect()
        gc.freeze()
        self._pacer.reset()
        await asyncio.sleep(warming * PERIOD_S + seconds)
        counts = [len(call.endpoint.sent) for call in self._calls]
        late = self._pacer.late_share
        await asyncio.sleep(_SETTLE_S)
        found = [
            self._delays(call, round(warming * PERIOD_S * 50), count)
            for call, count in zip(self._calls, counts, strict=True)
        ]
        every = np.concatenate([one for one, _ in found])
        return {
            "delays": [round(float(delay), 1) for delay in every],
            "missing": float(np.mean([missing for _, missing in found])),
            "late": late,
        }

    def _delays(
        self, call: Call, first: int, count: int
    ) -> tuple[np.ndarray[Any, np.dtype[np.float64]], float]:
        """Of one call: each frame's delay in ms where it can be told, and the share of frames missing."""
        sent = call.endpoint.sent[first:count]
        came = [(at, ulaw_decode(payload_of(message))) for at, message in call.phone.got]
        found = delays(sent, came, lag=self._lag) * 1000
        within = sum(sent[0] <= at <= sent[-1] for at, _ in came)
        return found[~np.isnan(found)], max(0.0, 1 - within / (len(sent) - 1))


async def main(name: str, port: int, codec: AudioCodec) -> None:
    """Obey until standard input ends."""
    bridge: Bridge
    bridge = OurBridge(Path(), port=port) if name == OURS else StockBridge(port=port)
    async with AsyncExitStack() as stack:
        pacer = await stack.enter_async_context(Pacer())
        load = Load(bridge, codec, pacer, stack)
        while line := await asyncio.to_thread(sys.stdin.readline):
            command = json.loads(line)
            if "calls" in command:
                answer = await load.grow(command["calls"])
            else:
                answer = await load.measure(command["measure"], command["warming"])
            print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], int(sys.argv[2]), CODECS[sys.argv[3]]))
