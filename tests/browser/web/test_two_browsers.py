"""Caller and operator each at a page of their own: a whole handoff without a phone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from tests.harness.browser import Browser, page_hears, write_wav
from tests.harness.console import Console
from tests.harness.server import ServerProcess
from tests.harness.tones import pulsing, share
from tests.harness.web_console import CALLER_HZ, OPERATOR_HZ, WebConsole

pytestmark = pytest.mark.asyncio(loop_scope="session")

CLARA = "Clara Caller"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def callers(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Browser]:
    """Another Chromium, whose microphone sounds at CALLER_HZ."""
    sound = pulsing(CALLER_HZ, 2.0, rate=48000)
    file = write_wav(tmp_path_factory.mktemp("microphone") / "caller.wav", sound, rate=48000)
    async with Browser(file) as browser:
        yield browser


async def hand_off(server: ServerProcess, watcher: Console) -> str:
    """Let the bot ask for a person; the call's id."""
    call = await watcher.wait("call_state", state="bot")
    await server.post(f"/api/calls/{call['callId']}/handoff", status=202)
    return str(call["callId"])


async def stands(phone: Page, words: str) -> None:
    """Wait until the phone page says how the call stands."""
    await expect(phone.get_by_role("heading", level=1)).to_have_text(words)


async def assert_they_hear_each_other(phone: Page, console: WebConsole) -> None:
    """Each page receives the other's voice and not its own."""
    caller_hears, operator_hears = await asyncio.gather(page_hears(phone, 1.2), console.hear(1.2))
    for heard, there, own in (
        (caller_hears[-6400:], OPERATOR_HZ, CALLER_HZ),
        (operator_hears[-6400:], CALLER_HZ, OPERATOR_HZ),
    ):
        assert share(heard, there) > 0.8
        assert share(heard, own) < 0.01


async def test_a_whole_handoff_with_two_browsers(
    shared_server: ServerProcess, callers: Browser, console: WebConsole, watcher: Console
) -> None:
    phone = await callers.page(f"{shared_server.url}/phone")
    try:
        await stands(phone, "Call in as a customer")
        await phone.get_by_label("Your name").fill(CLARA)
        await phone.get_by_role("button", name="Call").click()
        await stands(phone, "Talking to the assistant")
        call_id = await hand_off(shared_server, watcher)
        await stands(phone, "Waiting for a person")
        await console.accept(CLARA)
        await stands(phone, "Talking to sam")
        await assert_they_hear_each_other(phone, console)

        await phone.get_by_role("button", name="Keypad").click()
        await phone.get_by_role("button", name="7").click()

        await phone.reload()
        await stands(phone, "Talking to sam")
        await assert_they_hear_each_other(phone, console)
        assert (await shared_server.get(f"/api/calls/{call_id}"))["state"] == "bridged"

        await phone.get_by_role("button", name="Hang up").click()
        await stands(phone, "You hung up")
        await console.says(f"{CLARA} hung up.")
        # A key stands behind what was being said when it was pressed, so it comes when that has ended.
        await expect(console.page.get_by_role("log").get_by_text("7", exact=True)).to_be_visible()
    finally:
        await phone.context.close()


async def test_the_caller_is_told_who_ended_the_call(
    shared_server: ServerProcess, callers: Browser, console: WebConsole, watcher: Console
) -> None:
    phone = await callers.page(f"{shared_server.url}/phone")
    try:
        await phone.get_by_role("button", name="Call").click()
        await stands(phone, "Talking to the assistant")
        await hand_off(shared_server, watcher)
        await console.queue.get_by_role("button", name="Accept").click()
        await stands(phone, "Talking to sam")
        await console.button("Hang up").click()
        await console.page.get_by_role("dialog").get_by_role("button", name="Hang up").click()
        await stands(phone, "sam ended the call")
        await expect(phone.get_by_role("button", name="Call again")).to_be_enabled()
    finally:
        await phone.context.close()
