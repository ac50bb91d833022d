"""A real Chromium for tests: a microphone that plays a file, and ears that measure what pages receive."""

from __future__ import annotations

import asyncio
import base64
import os
import shutil
import wave
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from playwright.async_api import Browser as ChromiumProcess
from playwright.async_api import BrowserContext, Page, Playwright, async_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
"""What Chromium is called on the systems there are; PATCHBAY_CHROMIUM names another one."""

_PATIENCE_MS = 10_000
_LISTEN = Path(__file__).with_name("browser.js")


def chromium() -> str:
    """Path of the Chromium to use; raises FileNotFoundError with what to do where there is none."""
    for name in (os.environ.get("PATCHBAY_CHROMIUM"), *NAMES):
        found = shutil.which(name) if name else None
        if found:
            return found
    raise FileNotFoundError("No Chromium was found: run `make test-programs`, or set PATCHBAY_CHROMIUM.")


def write_wav(path: Path, pcm: bytes, *, rate: int = 8000) -> Path:
    """Write s16le mono samples as a WAV file that Chromium takes for a microphone."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(pcm)
    return path


class Browser:
    """One headless Chromium. Use as `async with`; each page is a visitor of its own.

    `microphone`: the WAV file that every page's microphone plays from when it is opened, over and over
    or `once`; without a file it beeps. `arguments`: more of Chromium's command line.
    """

    def __init__(
        self, microphone: Path | None = None, *, once: bool = False, arguments: Iterable[str] = ()
    ) -> None:
        self._arguments = [
            "--use-fake-ui-for-media-stream",
            "--use-fake-device-for-media-stream",
            "--autoplay-policy=no-user-gesture-required",
            *arguments,
        ]
        if microphone is not None:
            file = f"{microphone}%noloop" if once else str(microphone)
            self._arguments.append(f"--use-file-for-fake-audio-capture={file}")
        if os.geteuid() == 0:
            self._arguments.append("--no-sandbox")  # the sandbox does not work for root
        self._playwright: Playwright | None = None
        self._process: ChromiumProcess | None = None

    async def __aenter__(self) -> Self:
        self._playwright = await async_playwright().start()
        try:
            self._process = await self._playwright.chromium.launch(
                executable_path=chromium(), args=self._arguments, chromium_sandbox=os.geteuid() != 0
            )
        except BaseException:
            await self._playwright.stop()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process is not None
        assert self._playwright is not None
        try:
            await self._process.close()
        finally:
            await self._playwright.stop()

    async def visitor(self, granted: Sequence[str] | None = None) -> BrowserContext:
        """Somebody who may have several tabs, for `page`; closing it closes them. `granted`: see there."""
        assert self._process is not None
        return await self._process.new_context(permissions=granted)

    async def page(
        self,
        url: str,
        *,
        scripts: Iterable[Path] = (),
        granted: Sequence[str] | None = None,
        visitor: BrowserContext | None = None,
    ) -> Page:
        """A new visitor's page at `url`; closing it takes its cookies and storage with it.

        With `visitor` it is a tab of theirs, and what they keep stays.

        `scripts` run before the page's own. `granted`: permissions that the visitor has given before, such
        as "microphone"; None gives all. A page that has no microphone is told no addresses of this
        machine, only `.local` names. Asking for the microphone succeeds at any rate, unless the browser has
        the argument `--use-fake-ui-for-media-stream=deny`.
        """
        assert self._process is not None
        page = await (visitor.new_page() if visitor else self._process.new_page(permissions=granted))
        page.set_default_timeout(_PATIENCE_MS)
        for script in (_LISTEN, *scripts):
            await page.add_init_script(path=script)
        await page.goto(url)
        return page


async def page_hears(page: Page, seconds: float) -> NDArray[np.int16]:
    """The next `seconds` of what the page's peer connections receive, mixed: mono at 8 kHz.

    Measured behind Chromium's own jitter buffer and decoder; silence is zeros.
    """
    async with asyncio.timeout(seconds + _PATIENCE_MS / 1000):
        text = await page.evaluate("seconds => __harness.hear(seconds)", seconds)
    samples = np.frombuffer(base64.b64decode(text), np.float32)
    return np.clip(samples * 32767, -32768, 32767).astype(np.int16)


async def page_stats(page: Page, kind: str) -> dict[str, Any]:
    """The newest peer connection's statistics of one type, such as `inbound-rtp`; empty where none."""
    for entry in await page.evaluate("() => __harness.stats()"):
        if entry["type"] == kind:
            return dict(entry)
    return {}
