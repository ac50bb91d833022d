"""A console whose audio is a real Chromium's: the page has the sound, the test does the signalling."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from playwright.async_api import Page

from tests.harness.browser import Browser, page_hears
from tests.harness.console import Console
from tests.harness.road import Road
from tests.harness.server import ServerProcess

_PATIENCE_S = 10.0
_SOFTPHONE = Path(__file__).with_name("softphone.js")


class PageConsole(Console):
    """As Console. `road`: what the connection is led through from the next offer on, None for no detour.

    `granted`: see Browser.page; `sound`: how a new connection is offered, see softphone.js.
    """

    def __init__(
        self, server: ServerProcess, browser: Browser, *, granted: Sequence[str] | None = None, **sound: Any
    ) -> None:
        super().__init__(server)
        self.browser = browser
        self.granted = granted
        self.sound = sound
        self.road: Road | None = None
        self._page: Page | None = None

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        try:
            self._page = await self.browser.page(self.server.url, scripts=[_SOFTPHONE], granted=self.granted)
        except BaseException:
            await self.leave()
            raise
        return self

    @property
    def page(self) -> Page:
        """The operator's tab."""
        assert self._page is not None
        return self._page

    async def open_audio(self) -> None:
        """Offer, take the answer, and wait until the connection stands."""
        await self.connect_audio(await self.first_offer())

    async def restart_ice(self) -> float:
        """Restart ICE on the connection that there is; ms until it stood again."""
        return await self.connect_audio(await self.page.evaluate("() => softphone.restart()"))

    async def connect_audio(self, offer: str) -> float:
        """Send `offer`, hand the page the answer; ms from when it made the offer until it was connected."""
        await self.take(await self.exchange(offer))
        return await self.connected()

    async def first_offer(self) -> str:
        """An offer of a new connection of the page's."""
        return str(await self.page.evaluate("sound => softphone.open(sound)", self.sound))

    async def exchange(self, offer: str) -> str:
        """The server's answer to `offer`, with the road between them."""
        ack = await self.command("offer", sdp=self.road.offer(offer) if self.road else offer)
        assert ack["ok"], ack
        return self.road.answer(ack["sdp"]) if self.road else str(ack["sdp"])

    async def take(self, answer: str) -> None:
        """Hand the page an answer."""
        await self.page.evaluate("sdp => softphone.answer(sdp)", answer)

    async def take_candidate(self, candidate: dict[str, Any] | None) -> None:
        """Hand the page a candidate of the server's, None after the last."""
        await self.page.evaluate("candidate => softphone.connection.addIceCandidate(candidate)", candidate)

    async def connected(self) -> float:
        """Wait until the connection stands; ms since the page began to make its newest offer."""
        async with asyncio.timeout(_PATIENCE_S):
            return float(await self.page.evaluate("() => softphone.connected()"))

    async def hear(self, seconds: float) -> NDArray[np.int16]:
        """The next `seconds` of what the page receives: mono at 8 kHz."""
        return await page_hears(self.page, seconds)

    async def lose_tab(self) -> None:
        """Close the page, which says nothing of it, and let the socket go as the browser does."""
        await self.hang_up_audio()
        await self.socket.eio.disconnect(abort=True)

    async def hang_up_audio(self) -> None:
        """Close the tab, and with it the audio connection."""
        page, self._page = self._page, None
        if page is not None:
            await page.close()
