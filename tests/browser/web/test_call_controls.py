"""What an operator can do in a call, and what the caller hears of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import numpy as np
import pytest
from playwright.async_api import expect

from bridge.media.g711 import ulaw_decode
from telephony.twilio.simulator import TwilioSimulator
from tests.harness.console import Console
from tests.harness.handoff import hand_off, hears_hold, phone_for, phone_hears, states
from tests.harness.server import ServerProcess
from tests.harness.tones import share, tone
from tests.harness.web_console import CALLER_HZ, WebConsole, assert_both_ways

pytestmark = pytest.mark.asyncio(loop_scope="session")

ANN = "Ann Miller"
KEY_FIVE = (770.0, 1336.0)


@asynccontextmanager
async def talking(console: WebConsole, watcher: Console) -> AsyncIterator[tuple[TwilioSimulator, str]]:
    """A phone that the operator is talking to, and the call's id."""
    async with phone_for(console.server, name=ANN) as phone:
        call_id = str((await hand_off(watcher, phone))["callId"])
        await console.accept(ANN)
        yield phone, call_id


async def test_hold_and_back(shared_server: ServerProcess, console: WebConsole, watcher: Console) -> None:
    async with talking(console, watcher) as (phone, _):
        await console.button("Hold").click()
        await console.says("On hold: the caller hears music")
        await expect(console.button("Hold")).to_have_attribute("aria-pressed", "true")
        await hears_hold(phone)
        phone.speak_pcm(tone(CALLER_HZ, 0.8))
        assert share(await console.hear(0.6), CALLER_HZ) < 0.01
        await console.button("Hold").click()
        await console.is_talking(ANN)
        await assert_both_ways(console, phone)


async def test_mute_and_back(shared_server: ServerProcess, console: WebConsole, watcher: Console) -> None:
    async with talking(console, watcher) as (phone, call_id):
        await console.button("Mute").click()
        await expect(console.button("Mute")).to_have_attribute("aria-pressed", "true")
        await expect(console.page.get_by_role("alert")).to_contain_text("You are muted.")
        assert np.abs(np.frombuffer(await phone_hears(phone, 0.5), np.int16)).max() < 100
        assert states(watcher, call_id)[-1]["state"] == "bridged"
        await console.button("Mute").click()
        await expect(console.page.get_by_role("alert")).to_have_count(0)
        await assert_both_ways(console, phone)


async def test_back_to_the_bot_with_a_note_and_a_place_to_go_on(
    shared_server: ServerProcess, console: WebConsole, watcher: Console
) -> None:
    async with talking(console, watcher) as (phone, call_id):
        await console.button("Back to the bot").click()
        dialog = console.page.get_by_role("dialog")
        await dialog.get_by_label("Note for the bot").fill("Wants the receipt by post.")
        await dialog.get_by_label("The bot goes on at").click()
        await console.page.get_by_role("option", name="How many would you like?").click()
        await dialog.get_by_role("button", name="Give back").click()
        await console.says("Back with the bot. What is said goes on below.")
        await console.says("Wants the receipt by post.")
        await console.says("Lovely. How many would you like?")
        assert (await shared_server.get(f"/api/calls/{call_id}"))["state"] == "bot"
        said = await shared_server.messages(phone.parameters["threadId"])
        assert [m["text"] for m in said if m["speaker"] == "system"] == [
            "Note from the operator: Wants the receipt by post."
        ]
        await console.button("Done").click()
        await console.is_ready()


async def test_hanging_up_is_asked_once(
    shared_server: ServerProcess, console: WebConsole, watcher: Console
) -> None:
    async with talking(console, watcher) as (phone, call_id):
        dialog = console.page.get_by_role("dialog", name=f"Hang up on {ANN}?")
        await console.button("Hang up").click()
        await dialog.get_by_role("button", name="Keep talking").click()
        await expect(dialog).to_have_count(0)
        await assert_both_ways(console, phone)
        await console.button("Hang up").click()
        await dialog.get_by_role("button", name="Hang up").click()
        await phone.closed(within=5)
        await console.says("You hung up.")
        ended = await watcher.wait("call_state", callId=call_id, state="ended")
        assert (ended["endReason"], ended["endedBy"]) == ("operator_hung_up", "operator")


async def test_keys_are_heard_as_tones(
    shared_server: ServerProcess, console: WebConsole, watcher: Console
) -> None:
    async with talking(console, watcher) as (phone, _):
        await console.button("Mute").click()
        await console.button("Keys").click()
        first = phone.slots
        await console.page.get_by_role("group", name="Keypad").get_by_role("button", name="5").click()
        await expect(console.page.get_by_label("Sent")).to_have_text("5")
        await phone.until(lambda: phone.slots >= first + 50, within=5)
        heard = np.frombuffer(heard_since(phone, first), np.int16)
        pieces = np.lib.stride_tricks.sliding_window_view(heard, 800)[::160]
        both = max(min(share(piece, hertz, within=30) for hertz in KEY_FIVE) for piece in pieces)
        assert both > 0.25, "both tones of the key sound together"
        while (words := [m["text"] for m in await human_words(shared_server, phone)]) == []:
            await phone.until(lambda slots=phone.slots: phone.slots > slots, within=20)  # type: ignore[misc]
        assert words == ["5"]


async def test_typed_words_are_said_and_stand_in_the_thread(
    shared_server: ServerProcess, console: WebConsole, watcher: Console
) -> None:
    async with talking(console, watcher) as (phone, _):
        field = console.page.get_by_label("Type to speak")
        await field.fill("Your cake is on its way.")
        await field.press("Enter")
        await expect(console.page.get_by_role("log")).to_contain_text("Your cake is on its way.")
        await expect(field).to_have_value("")
        assert [m["text"] for m in await human_words(shared_server, phone)] == ["Your cake is on its way."]


async def human_words(server: ServerProcess, phone: TwilioSimulator) -> list[dict[str, object]]:
    """What stands in the phone's thread as a person's words."""
    return [m for m in await server.messages(phone.parameters["threadId"]) if m["speaker"] == "human"]


def heard_since(phone: TwilioSimulator, first: int) -> bytes:
    """What came out of the receiver from slot `first` on, as s16le mono at 8 kHz."""
    slots = list(phone.heard)[first - phone.slots :]
    return ulaw_decode(b"".join(slot.payload for slot in slots))
