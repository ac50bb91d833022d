"""A recording of the caller's, for the person who has the call."""

from __future__ import annotations

import asyncio
from collections import deque

from bridge.call.call import Call
from bridge.media.clock import MediaClock
from bridge.speech.resample import resample
from telephony.clawfinger.wav import Wav
from telephony.framer import Framer

_LATE = 5.0


async def tell_person(call: Call, clock: MediaClock, speech: Wav) -> None:
    """Play `speech` to the operator in real time, as if the caller said it now."""
    codec = call.patch.line.codec
    framer = Framer(codec)
    frames = deque(framer.push(await asyncio.to_thread(resample, speech.pcm, speech.rate, codec.rate)))
    if (last := framer.flush()) is not None:
        frames.append(last)
    done = asyncio.Event()

    def tick(now: float) -> None:
        if frames:
            call.patch.tell_operator(frames.popleft())
        else:
            done.set()

    clock.subscribe(tick)
    try:
        async with asyncio.timeout(speech.seconds + _LATE):
            await done.wait()
    except TimeoutError:
        pass  # the clock is behind, or has ended with the server: the words stand in the thread
    finally:
        clock.unsubscribe(tick)
