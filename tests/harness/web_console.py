"""The web app in a real browser, driven as people drive it: by roles and names, never by markup."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray
from playwright.async_api import Locator, Page, expect

from telephony.twilio.simulator import TwilioSimulator
from tests.harness.browser import Browser, page_hears
from tests.harness.handoff import phone_hears
from tests.harness.server import OPERATORS, ServerProcess
from tests.harness.tones import share, tone

PATIENCE_MS = 10_000
"""How long the page may take to show something. Not a figure: only so that no test hangs."""

CALLER_HZ, OPERATOR_HZ = 440.0, 1000.0
"""What callers and operators sound, so that each is known by ear."""

LOUDSPEAKER = Path(__file__).with_name("loudspeaker.js")
_GRANTED = ("microphone", "notifications", "clipboard-read", "clipboard-write")
expect.set_options(timeout=PATIENCE_MS)


class WebConsole:
    """One operator's tab of the console. Make it with `open`; `close` closes the tab.

    `page` is Playwright's, for what has no name here.
    """

    def __init__(self, page: Page, server: ServerProcess, browser: Browser) -> None:
        self.page = page
        self.server = server
        self._browser = browser

    @classmethod
    async def open(
        cls,
        server: ServerProcess,
        browser: Browser,
        name: str = "sam",
        *,
        scripts: Iterable[Path] = (),
    ) -> Self:
        """A new visitor's tab, in which the operator `name` has signed in. `scripts`: see Browser.page."""
        visitor = await browser.visitor(_GRANTED)
        page = await browser.page(server.url, scripts=[LOUDSPEAKER, *scripts], visitor=visitor)
        console = cls(page, server, browser)
        await console.sign_in(name)
        return console

    @classmethod
    async def on_shift(cls, server: ServerProcess, browser: Browser, name: str = "sam") -> Self:
        """The same, on shift and with the audio standing by."""
        console = await cls.open(server, browser, name)
        await console.go_on_shift()
        return console

    async def close(self) -> None:
        """Close the tab, and with it what the visitor kept."""
        await self.page.context.close()

    async def sign_in(self, name: str) -> None:
        """Fill in the sign-in form, and wait for the console behind it."""
        await self.page.get_by_label("Name").fill(name)
        await self.page.get_by_label("Password").fill(OPERATORS[name])
        await self.button("Sign in").click()
        await expect(self.page.get_by_role("region", name="Shift")).to_be_visible()

    async def go_on_shift(self) -> None:
        """Click on it, and wait until the audio stands by."""
        await self.button("Go on shift").click()
        await self.is_ready()

    async def is_ready(self) -> None:
        """Wait until the page says that calls ring and the audio stands."""
        await expect(self.shift_state).to_have_text("On shift, ready")

    @property
    def shift_state(self) -> Locator:
        """The words on how the shift stands."""
        return self.page.get_by_role("region", name="Shift").get_by_role("status").first

    @property
    def queue(self) -> Locator:
        """The calls that wait."""
        return self.page.get_by_role("region", name="Waiting calls")

    def card(self, caller: str) -> Locator:
        """The waiting call of `caller`."""
        return self.queue.get_by_role("article", name=caller)

    def panel(self, caller: str) -> Locator:
        """The call with `caller`, being spoken or just over."""
        return self.page.get_by_role("region", name=caller)

    def button(self, name: str) -> Locator:
        """A button of this page by its whole name, the key that also presses it left out."""
        return self.page.get_by_role("button", name=re.compile(rf"^{re.escape(name)}( [A-Z])?$"))

    async def accept(self, caller: str) -> None:
        """Take the call of `caller`, and wait until the page says that they are talking."""
        await self.card(caller).get_by_role("button", name="Accept").click()
        await self.is_talking(caller)

    async def is_talking(self, caller: str) -> None:
        """Wait until the page says that the operator and `caller` are talking."""
        await expect(self.panel(caller).get_by_text("You are talking")).to_be_visible()

    async def says(self, text: str | re.Pattern[str]) -> None:
        """Wait until these words are to be seen somewhere in the page."""
        await expect(self.page.get_by_text(text).first).to_be_visible()

    async def hear(self, seconds: float) -> NDArray[np.int16]:
        """The next `seconds` of what the tab receives: mono at 8 kHz."""
        return await page_hears(self.page, seconds)

    async def second_tab(self) -> WebConsole:
        """Another tab of the same browser, signed in as the same operator."""
        visitor = self.page.context
        page = await self._browser.page(self.server.url, scripts=[LOUDSPEAKER], visitor=visitor)
        await expect(page.get_by_role("region", name="Shift")).to_be_visible()
        return WebConsole(page, self.server, self._browser)


async def assert_both_ways(console: WebConsole, phone: TwilioSimulator) -> None:
    """The caller hears the operator and nothing else, the tab the caller and nothing else."""
    phone.speak_pcm(tone(CALLER_HZ, 1.5))
    operator_hears, caller_hears = await asyncio.gather(console.hear(1.2), phone_hears(phone, 1.0))
    operator_hears = operator_hears[-6400:]  # the tone comes through the page's buffer first
    assert share(operator_hears, CALLER_HZ) > 0.8
    assert share(operator_hears, OPERATOR_HZ) < 0.01
    assert share(caller_hears, OPERATOR_HZ) > 0.8
    assert share(caller_hears, CALLER_HZ) < 0.01


async def set_permission(page: Page, name: str, setting: str) -> None:
    """Let the visitor have answered the browser's question for `name` with "granted" or "denied"."""
    devtools = await page.context.new_cdp_session(page)
    target = (await devtools.send("Target.getTargetInfo"))["targetInfo"]
    await devtools.send(
        "Browser.setPermission",
        {
            "permission": {"name": name},
            "setting": setting,
            "browserContextId": target["browserContextId"],
        },
    )
    await devtools.detach()
