"""What the console says while something is not possible, not yet, or not here."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.browser.web.test_call_controls import human_words
from tests.harness.browser import Browser, write_wav
from tests.harness.console import Console
from tests.harness.handoff import hand_off, phone_for, states
from tests.harness.server import ServerProcess
from tests.harness.web_console import WebConsole

pytestmark = pytest.mark.asyncio(loop_scope="session")

ANN = "Ann Miller"


async def test_keys_wait_while_the_caller_is_on_hold(
    shared_server: ServerProcess, console: WebConsole, watcher: Console
) -> None:
    async with phone_for(shared_server, name=ANN) as phone:
        await hand_off(watcher, phone)
        await console.accept(ANN)
        await console.button("Keys").click()
        five = console.page.get_by_role("group", name="Keypad").get_by_role("button", name="5")
        await expect(five).to_be_enabled()
        await console.button("Hold").click()
        await console.says("The caller is on hold and hears music: keys work again when you are back.")
        await expect(five).to_be_disabled()
        await five.click(force=True)  # Playwright would wait until it is enabled
        await console.button("Hold").click()
        await console.is_talking(ANN)
        await five.click()
        await expect(console.page.get_by_label("Sent")).to_have_text("5")
        own = console.page.get_by_role("log").get_by_role("article").filter(has_text="operator")
        await expect(own).to_contain_text("5")
        while not (said := await human_words(shared_server, phone)):
            await phone.until(lambda slots=phone.slots: phone.slots > slots, within=20)  # type: ignore[misc]
        assert [message["text"] for message in said] == ["5"]


async def test_hold_says_why_it_does_nothing_yet(
    shared_server: ServerProcess, watcher: Console, tmp_path: Path
) -> None:
    silence = write_wav(tmp_path / "silence.wav", bytes(96000), rate=48000)
    async with Browser(silence) as browser, phone_for(shared_server, name=ANN) as phone:
        console = await WebConsole.on_shift(shared_server, browser)
        call_id = (await hand_off(watcher, phone))["callId"]
        await console.card(ANN).get_by_role("button", name="Accept").click()
        await console.says("Connected: say something.")
        await expect(console.button("Hold")).to_be_disabled()
        await console.page.keyboard.press("h")
        await console.says("Hold works once the caller hears you. Until then they hear music anyway.")
        assert states(watcher, call_id)[-1]["state"] == "connecting"
        await console.close()


async def test_a_reload_in_a_call_keeps_why_it_was_handed_over(
    shared_server: ServerProcess, console: WebConsole, watcher: Console
) -> None:
    async with phone_for(shared_server, name=ANN) as phone:
        await hand_off(watcher, phone, reason="Wants a person.", summary="Forty muffins for Friday.")
        await console.accept(ANN)
        await console.page.reload()
        await console.is_talking(ANN)
        panel = console.panel(ANN)
        await expect(panel.get_by_text("Wants a person.")).to_be_visible()
        await expect(panel.get_by_text("Forty muffins for Friday.")).to_be_visible()


async def test_off_shift_one_sees_who_waits_for_the_others(
    shared_server: ServerProcess, console: WebConsole, watcher: Console
) -> None:
    await console.button("Go off shift").click()
    await expect(console.shift_state).to_have_text("Off shift")
    async with phone_for(shared_server, name=ANN) as phone:
        await hand_off(watcher, phone)
        await expect(console.queue).to_contain_text(f"{ANN} waits for an operator.")
        await expect(console.card(ANN)).to_have_count(0)
        await console.go_on_shift()
        await expect(console.card(ANN)).to_be_visible()
        await expect(console.queue).not_to_contain_text("waits for an operator")


async def test_a_caller_without_a_name_is_not_called_one(
    shared_server: ServerProcess, console: WebConsole, watcher: Console
) -> None:
    async with phone_for(shared_server, number="") as phone:
        await hand_off(watcher, phone)
        await console.accept("Unknown caller")
        await console.button("Back to the bot").click()
        dialog = console.page.get_by_role("dialog", name="Give the call back to the bot")
        await dialog.get_by_role("button", name="Keep talking").click()
        await console.button("Hang up").click()
        await expect(console.page.get_by_role("dialog", name="Hang up on the caller?")).to_be_visible()


async def test_the_others_see_who_has_declined_and_why(
    shared_server: ServerProcess, console: WebConsole, watcher: Console
) -> None:
    async with phone_for(shared_server, name=ANN) as phone:
        call_id = (await hand_off(watcher, phone))["callId"]
        await expect(console.card(ANN)).to_be_visible()
        assert (await watcher.command("decline_call", callId=call_id, reason="Needs French"))["ok"]
        await expect(console.card(ANN)).to_contain_text("kim declined: Needs French")
        await console.page.reload()
        await expect(console.card(ANN)).to_contain_text("kim declined: Needs French")
        other = await console.second_tab()
        await expect(other.card(ANN)).to_be_visible()
        await console.card(ANN).get_by_role("button", name="Decline").click()
        await console.page.get_by_role("menuitem", name="Not my area").click()
        await expect(other.card(ANN)).to_have_count(0)
        told = await watcher.wait("call_declined", 2)
        assert (told["operator"]["name"], told["reason"]) == ("sam", "Not my area")
        await other.page.close()
