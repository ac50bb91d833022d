"""Every page in every state, light and dark, wide and narrow: axe finds nothing, nothing is cut off."""

from __future__ import annotations

from typing import Literal

import pytest
from playwright.async_api import Page, expect

from tests.harness.axe import overflowing, violations
from tests.harness.browser import Browser
from tests.harness.console import Console
from tests.harness.handoff import hand_off, phone_for
from tests.harness.server import ServerProcess
from tests.harness.web_console import WebConsole

pytestmark = pytest.mark.asyncio(loop_scope="session")

ANN = "Ann Miller"
WIDE = {"width": 1280, "height": 800}
NARROW = {"width": 360, "height": 740}
Scheme = Literal["light", "dark"]
OUTSIDE = """log => {
  // What a log holds for screen readers only must not make what is around it longer.
  return [...log.querySelectorAll('.cdk-visually-hidden')]
    .filter((element) => element.offsetParent !== null && !log.contains(element.offsetParent))
    .map((element) => element.textContent);
}"""


class Inspector:
    """Looks at states of a page in both schemes and widths, and collects what is wrong."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.found: list[str] = []

    async def look(self, state: str) -> None:
        """Look at the page as it is."""
        schemes: tuple[Scheme, ...] = ("light", "dark")
        for size in (NARROW, WIDE):
            await self.page.set_viewport_size(size)  # type: ignore[arg-type]
            for scheme in schemes:
                await self.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
                where = f"{state}, {size['width']} px, {scheme}"
                self.found += [f"{where}: {line}" for line in await violations(self.page)]
            wide = await overflowing(self.page)
            self.found += [f"{state}: {element} is too wide for {size['width']} px" for element in wide]

    def assert_clean(self) -> None:
        """Nothing was wrong."""
        assert not self.found, "\n".join(self.found)


async def test_the_console_in_every_state(
    shared_server: ServerProcess, operators: Browser, watcher: Console
) -> None:
    page = await operators.page(shared_server.url)
    console = WebConsole(page, shared_server, operators)
    inspector = Inspector(page)
    await expect(page.get_by_label("Name")).to_be_visible()
    await inspector.look("sign-in")
    await page.get_by_label("Name").fill("sam")
    await page.get_by_label("Password").fill("wrong")
    await console.button("Sign in").click()
    await expect(page.get_by_role("alert")).not_to_be_empty()
    await inspector.look("sign-in refused")
    await console.sign_in("sam")
    await inspector.look("off shift")
    await console.go_on_shift()
    await inspector.look("idle")
    async with phone_for(shared_server, name=ANN) as phone:
        await hand_off(watcher, phone, reason="Wants forty muffins", queue="orders", summary="A big order.")
        await expect(console.card(ANN)).to_be_visible()
        await inspector.look("ringing")
        await console.card(ANN).get_by_role("button", name="Decline").click()
        await expect(page.get_by_role("menu")).to_be_visible()
        await inspector.look("declining")
        await page.keyboard.press("Escape")
        await console.accept(ANN)
        await console.button("Keys").click()
        await page.get_by_text("Thread, ids and timeline").click()
        await inspector.look("live")
        log = page.get_by_role("log")
        assert await log.evaluate(OUTSIDE) == [], "only the conversation scrolls with it"
        await console.button("Mute").click()
        await expect(page.get_by_role("alert")).to_contain_text("You are muted.")
        await console.button("Hold").click()
        await console.says("On hold: the caller hears music")
        await inspector.look("held and muted")
        for opener, title in (("Back to the bot", "Give"), ("Hang up", "Hang up on")):
            await console.button(opener).click()
            dialog = page.get_by_role("dialog", name=title)
            await expect(dialog).to_be_visible()
            await inspector.look(title)
            await dialog.get_by_role("button", name="Keep talking").click()
            await expect(dialog).to_have_count(0)
    await console.says(f"{ANN} hung up.")
    await inspector.look("ended")
    await console.button("Done").click()
    await console.button("Sound and devices").click()
    await expect(page.get_by_role("dialog", name="Sound and devices")).to_be_visible()
    await inspector.look("devices")
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await page.keyboard.press("?")
    await expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    await inspector.look("shortcuts")
    await page.close()
    inspector.assert_clean()


async def test_the_phone_in_every_state(
    shared_server: ServerProcess, operators: Browser, watcher: Console
) -> None:
    page = await operators.page(f"{shared_server.url}/phone")
    inspector = Inspector(page)
    await expect(page.get_by_role("button", name="Call")).to_be_enabled()
    await inspector.look("phone")
    await page.get_by_role("button", name="Call").click()
    await expect(page.get_by_role("heading", name="Talking to the assistant")).to_be_visible()
    await page.get_by_role("button", name="Keypad").click()
    await inspector.look("phone in a call")
    call = await watcher.wait("call_state", state="bot")
    await shared_server.post(f"/api/calls/{call['callId']}/handoff", status=202)
    await expect(page.get_by_role("heading", name="Waiting for a person")).to_be_visible()
    await inspector.look("phone waiting")
    await page.get_by_role("button", name="Hang up").click()
    await expect(page.get_by_role("heading", name="You hung up")).to_be_visible()
    await inspector.look("phone ended")
    await page.close()
    inspector.assert_clean()


async def test_threads_in_every_state(
    shared_server: ServerProcess, operators: Browser, watcher: Console
) -> None:
    async with phone_for(shared_server, name=ANN) as phone:
        await hand_off(watcher, phone)
        page = await operators.page(f"{shared_server.url}/threads")
        inspector = Inspector(page)
        await expect(page.get_by_role("link", name=ANN).first).to_be_visible()
        await inspector.look("threads")
        await page.get_by_role("searchbox").fill("nobody has this")
        await expect(page.get_by_role("button", name="Show all threads")).to_be_visible()
        await inspector.look("threads, nothing found")
        await page.goto(f"{shared_server.url}/threads/{phone.parameters['threadId']}")
        await expect(page.get_by_role("log")).to_contain_text("One moment please")
        await inspector.look("thread")
        await page.goto(f"{shared_server.url}/threads/not-begun")
        await expect(page.get_by_text("There is no such thread.")).to_be_visible()
        await inspector.look("no thread")
        await page.close()
    inspector.assert_clean()


async def test_the_status_in_every_state(
    shared_server: ServerProcess, operators: Browser, watcher: Console
) -> None:
    page = await operators.page(f"{shared_server.url}/status")
    inspector = Inspector(page)
    await expect(page.get_by_text("The status is for operators.")).to_be_visible()
    await inspector.look("status, signed out")
    await page.goto(shared_server.url)
    await WebConsole(page, shared_server, operators).sign_in("sam")
    async with phone_for(shared_server, name=ANN) as phone:
        await hand_off(watcher, phone)
        await page.goto(f"{shared_server.url}/status")
        await expect(page.get_by_role("link", name=ANN).first).to_be_visible()
        await expect(page.get_by_text("Loading")).to_have_count(0)
        await inspector.look("status")
        await page.set_viewport_size({"width": 360, "height": 740})
        await page.get_by_role("button", name="account").click()
        await expect(page.get_by_role("menuitem", name="Status")).to_be_visible()
        await inspector.look("status, menu")
    await page.context.close()
    inspector.assert_clean()
