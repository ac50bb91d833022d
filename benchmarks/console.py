"""From an operator's click on Accept, in Chromium, until operator and caller hear each other."""

from __future__ import annotations

import asyncio
import random
import tempfile
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from playwright.async_api import Page, expect

from benchmarks.figures import Figure, milliseconds
from benchmarks.parties import Phone
from bridge.media.g711 import ulaw_decode
from tests.harness.browser import Browser, write_wav
from tests.harness.console import Console
from tests.harness.handoff import hand_off, hears_hold
from tests.harness.server import ServerProcess
from tests.harness.tones import share, tone
from tests.harness.web_console import CALLER_HZ, OPERATOR_HZ, WebConsole

ROUNDS = 12
_LISTENING = Path(__file__).with_name("console.js")
_CALLER = "Ann Miller"
_FRAMES = 10
Mode = Literal["standby", "cold"]


@dataclass(frozen=True, slots=True)
class _Taken:
    """One call, in seconds from the click: when each of the two began to hear the other."""

    caller_hears: float
    operator_hears: float

    @property
    def both(self) -> float:
        """When the second of them did."""
        return max(self.caller_hears, self.operator_hears)


async def measure() -> list[Figure]:
    """Let one operator take calls with the audio standing by, and from off shift on a page just loaded."""
    with tempfile.TemporaryDirectory(prefix="patchbay-console-") as name:
        folder = Path(name)
        file = write_wav(folder / "operator.wav", voice(OPERATOR_HZ, 2.0, rate=48000), rate=48000)
        async with (
            ServerProcess(folder) as server,
            Browser(file) as browser,
            Console(server, "kim") as watcher,
        ):
            console = await WebConsole.open(server, browser, scripts=[_LISTENING])
            cold = [await _take(console, watcher, "cold") for _ in range(ROUNDS)]
            await console.go_on_shift()
            standby = [await _take(console, watcher, "standby") for _ in range(ROUNDS)]
            await console.close()
    return [*_figures("standby", standby, 300), *_figures("cold", cold, 1500)]


def _figures(mode: Mode, taken: list[_Taken], target: float) -> list[Figure]:
    note = {
        "standby": "Chromium, loopback; on shift: the audio connection stands by",
        "cold": "the same from off shift on a page just loaded: opens the microphone, connects, accepts",
    }[mode]
    return [
        Figure(
            f"Click on Accept → both hear each other, {mode}",
            milliseconds([one.both for one in taken]),
            target,
            note=note,
        ),
        Figure(
            "  of it until the caller hears the operator",
            milliseconds([one.caller_hears for one in taken]),
            note="the click's own time stamp → first slot that the phone plays of the operator",
        ),
        Figure(
            "  of it until the operator hears the caller",
            milliseconds([one.operator_hears for one in taken]),
            note="→ first samples behind Chromium's jitter buffer and decoder",
        ),
    ]


async def _take(console: WebConsole, watcher: Console, mode: Mode) -> _Taken:
    """One call from the ring to its end; cold, off shift before and after, on a page that is loaded anew."""
    page = console.page
    async with Phone(console.server.stream_url, parameters={"threadId": _thread(), "name": _CALLER}) as phone:
        await hand_off(watcher, phone)
        await hears_hold(phone)
        if mode == "cold":
            await page.reload()
        phone.speak_pcm(tone(CALLER_HZ, 20.0))
        accept = console.card(_CALLER).get_by_role("button", name="Accept")
        await expect(accept).to_be_enabled()
        # Clicks do not keep step with anybody's clock.
        await asyncio.sleep(random.uniform(0.2, 0.3))
        offset = await _offset(page)
        before = time.monotonic()
        await accept.click()
        (cleared,) = await phone.wait_since(before, "clear")
        await page.wait_for_function("() => __listening.state.heard > 0", polling=20)
        await phone.wait_since(cleared.at, "media", _FRAMES)
        clicked, heard = await page.evaluate("() => [__listening.state.clicked, __listening.state.heard]")
        await phone.until(lambda: any(slot.at > cleared.at and slot.buffered for slot in phone.heard), 5)
        _assert_operator(phone, cleared.at)
        first = next(slot.at for slot in phone.heard if slot.at > cleared.at and slot.buffered)
        await console.is_talking(_CALLER)
    await console.says(f"{_CALLER} hung up.")
    await console.button("Done").click()
    if mode == "cold":
        await console.button("Go off shift").click()
        await expect(console.shift_state).to_have_text("Off shift")
    return _Taken(first + offset - clicked / 1000, (heard - clicked) / 1000)


async def _offset(page: Page) -> float:
    """What to add to our monotonic seconds to have the page's clock, in seconds."""
    offsets = []
    for _ in range(5):
        before = time.monotonic()
        theirs = float(await page.evaluate("() => __listening.now()")) / 1000
        after = time.monotonic()
        offsets.append((after - before, theirs - (before + after) / 2))
    return min(offsets)[1]


def _assert_operator(phone: Phone, since: float) -> None:
    """What the phone plays since then is the operator."""
    pieces = [item.payload for item in phone.since(since, "media")]
    if share(ulaw_decode(b"".join(pieces)), OPERATOR_HZ, within=40) < 0.5:
        raise RuntimeError("What came after the clear was not the operator.")


def voice(hertz: float, seconds: float, *, rate: int) -> bytes:
    """A tone that swells as a voice does, for noise suppression, and is never silent, for the watch."""
    at = np.arange(int(rate * seconds)) / rate
    swell = 0.6 - 0.4 * np.cos(2 * np.pi * 3 * at)
    return (np.sin(2 * np.pi * hertz * at) * swell * 8000).astype(np.int16).tobytes()


def _thread() -> str:
    return str(uuid.uuid4())
