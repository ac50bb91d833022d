"""The console by keyboard, and a ring in one tab alone."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from tests.harness.console import Console
from tests.harness.handoff import hand_off, phone_for, states
from tests.harness.server import ServerProcess
from tests.harness.web_console import WebConsole

pytestmark = pytest.mark.asyncio(loop_scope="session")

ANN = "Ann Miller"
_LOUD = 0.02


async def test_a_call_by_keyboard_alone(
    shared_server: ServerProcess, console: WebConsole, watcher: Console
) -> None:
    press = console.page.keyboard.press
    async with phone_for(shared_server, name=ANN) as phone:
        await hand_off(watcher, phone)
        await expect(console.card(ANN)).to_be_visible()
        await press("a")
        await console.is_talking(ANN)
        await press("m")
        await expect(console.button("Mute")).to_have_attribute("aria-pressed", "true")
        await press("m")
        await expect(console.button("Mute")).to_have_attribute("aria-pressed", "false")
        await press("h")
        await console.says("On hold: the caller hears music")
        await press("h")
        await console.is_talking(ANN)
        await press("k")
        await expect(console.page.get_by_role("group", name="Keypad")).to_be_visible()
        await press("k")
        await press("b")
        await expect(console.page.get_by_role("dialog")).to_contain_text(f"Give {ANN} back to the bot")
        await press("Escape")
        await expect(console.page.get_by_role("dialog")).to_have_count(0)
        await press("e")
        dialog = console.page.get_by_role("dialog", name=f"Hang up on {ANN}?")
        await expect(dialog.get_by_role("button", name="Hang up")).to_be_focused()
        await press("Enter")
        await console.says("You hung up.")
        await phone.closed(within=5)


async def test_declining_by_keyboard_leaves_the_call_to_the_others(
    shared_server: ServerProcess, console: WebConsole, watcher: Console
) -> None:
    async with phone_for(shared_server, name=ANN) as phone:
        call_id = (await hand_off(watcher, phone))["callId"]
        await expect(console.card(ANN)).to_be_visible()
        await console.page.keyboard.press("d")
        await console.page.get_by_role("menuitem", name="Not my area").press("Enter")
        await expect(console.card(ANN)).to_have_count(0)
        await console.says(f"You declined {ANN}; the others are still asked.")
        assert (await shared_server.get(f"/api/calls/{call_id}"))["state"] == "handoff"
        assert (await watcher.command("accept_call", callId=call_id))["ok"]


async def test_no_key_does_anything_while_one_types(
    shared_server: ServerProcess, console: WebConsole, watcher: Console
) -> None:
    everything = "am hkbedw?/"
    async with phone_for(shared_server, name=ANN) as phone, phone_for(shared_server, name="Bob") as other:
        call_id = (await hand_off(watcher, phone))["callId"]
        await console.accept(ANN)
        await hand_off(watcher, other)
        await expect(console.card("Bob")).to_be_visible()
        before = len(states(watcher, call_id))

        await console.page.keyboard.press("/")
        field = console.page.get_by_label("Type to speak")
        await expect(field).to_be_focused()
        await console.page.keyboard.type(everything)
        await expect(field).to_have_value(everything)
        await expect(console.page.get_by_role("dialog")).to_have_count(0)
        await expect(console.page.get_by_role("menu")).to_have_count(0)
        await expect(console.button("Mute")).to_have_attribute("aria-pressed", "false")
        await expect(console.page.get_by_role("group", name="Keypad")).to_have_count(0)
        await field.press("Escape")

        await console.page.keyboard.press("b")
        note = console.page.get_by_label("Note for the bot")
        await expect(note).to_be_focused()
        await console.page.keyboard.type(everything)
        await expect(note).to_have_value(everything)
        await expect(console.page.get_by_role("dialog")).to_have_count(1)
        await console.page.keyboard.press("Escape")
        await expect(console.page.get_by_role("dialog")).to_have_count(0)

        await console.is_talking(ANN)
        assert len(states(watcher, call_id)) == before, "the call has not changed"
        await expect(console.card("Bob")).to_be_visible()


async def test_keys_are_listed_and_can_be_turned_off(console: WebConsole) -> None:
    await console.page.keyboard.press("?")
    dialog = console.page.get_by_role("dialog", name="Keyboard shortcuts")
    for line in ("Accept the one who waits longest", "Mute your microphone", "Hold, and back"):
        await expect(dialog).to_contain_text(line)
    await dialog.get_by_role("switch", name="Single keys work as shortcuts").click()
    await dialog.get_by_role("button", name="Close").click()
    await expect(dialog).to_have_count(0)
    await console.page.keyboard.press("w")
    await console.is_ready()
    await console.page.keyboard.press("?")
    await dialog.get_by_role("switch", name="Single keys work as shortcuts").click()
    await dialog.get_by_role("button", name="Close").click()
    await expect(dialog).to_have_count(0)
    await console.page.keyboard.press("w")
    await expect(console.shift_state).to_have_text("Away: no calls ring")
    await console.page.keyboard.press("w")
    await console.is_ready()


async def test_only_one_of_two_tabs_rings(
    shared_server: ServerProcess, console: WebConsole, watcher: Console
) -> None:
    other = await console.second_tab()
    await other.says("Your shift is in another tab")
    async with phone_for(shared_server, name=ANN) as phone:
        await hand_off(watcher, phone)
        await expect(other.card(ANN)).to_be_visible()
        await expect(console.page).to_have_title(f"(1) {ANN} is calling · Console · Patchbay")
        await rings(console.page)
        assert await loudness(other.page) == 0
        assert "calling" not in await other.page.title()

        await other.button("Have it in this tab").click()
        await other.is_ready()
        await rings(other.page)
        await expect(other.page).to_have_title(f"(1) {ANN} is calling · Console · Patchbay")
        await console.says("Your shift is in another tab")
        await expect(console.page).to_have_title("Console · Patchbay")
        await falls_silent(console.page)
        await other.accept(ANN)
        await falls_silent(other.page)


async def loudness(page: Page) -> float:
    """The loudest sample that the page itself has played of late, from 0 to 1."""
    return float(await page.evaluate("() => __loudspeaker.peak()"))


async def rings(page: Page) -> None:
    """Wait until the ring is to be heard."""
    await page.wait_for_function("loud => __loudspeaker.peak() > loud", arg=_LOUD, polling=50)


async def falls_silent(page: Page) -> None:
    """Wait until the page has played nothing for a while."""
    await page.wait_for_function("() => __loudspeaker.peak() === 0", polling=50)
