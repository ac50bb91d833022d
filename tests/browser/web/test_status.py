"""The status page: what the server says of itself, as operators see it."""

from __future__ import annotations

from pathlib import Path

import aiohttp
import pytest
from playwright.async_api import Locator, Page, expect

from tests.harness.browser import Browser
from tests.harness.console import Console
from tests.harness.handoff import call_of, hand_off, phone_for
from tests.harness.server import OPERATORS, ServerProcess
from tests.harness.web_console import WebConsole

pytestmark = pytest.mark.asyncio(loop_scope="session")

ANN = "Ann Miller"


def section(page: Page, name: str) -> Locator:
    """A part of the page by its heading."""
    return page.get_by_role("region", name=name)


async def sign_in_on_the_way(page: Page) -> None:
    """From the status page to the sign-in, and back."""
    await page.get_by_role("link", name="Sign in").click()
    await page.get_by_label("Name").fill("sam")
    await page.get_by_label("Password").fill(OPERATORS["sam"])
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("heading", name="Status")).to_be_visible()


async def test_an_operator_sees_calls_come_change_and_go(
    shared_server: ServerProcess, operators: Browser, watcher: Console
) -> None:
    page = await operators.page(f"{shared_server.url}/status")
    await expect(page.get_by_text("The status is for operators.")).to_be_visible()
    await sign_in_on_the_way(page)
    await expect(page).to_have_title("Status · Patchbay")
    await expect(section(page, "System")).to_contain_text("Calls are served in full.")
    sessions = section(page, "Sessions")
    async with phone_for(shared_server, name=ANN) as phone:
        call_id = await call_of(watcher, phone)
        card = sessions.get_by_role("listitem").filter(has_text=call_id)
        await expect(card).to_contain_text("With the assistant")
        await hand_off(watcher, phone)
        await expect(card).to_contain_text("Waiting for a person")
        await expect(card).to_contain_text("Nobody yet")
        await card.get_by_role("link", name=ANN).click()
        await expect(page).to_have_url(f"{shared_server.url}/threads/{phone.parameters['threadId']}")
        await page.go_back()
        await expect(card).to_be_visible()
    await expect(card).to_have_count(0)
    await page.context.close()


async def test_what_a_server_does_not_have_is_said_to_be_missing(
    shared_server: ServerProcess, operators: Browser
) -> None:
    console = await WebConsole.open(shared_server, operators)
    page = console.page
    await page.get_by_role("link", name="Status").click()
    await expect(section(page, "System")).to_contain_text("Ready")
    parts = {
        "/api/status": ("Software agents", "Phones by ADB"),
        "/api/config/call": ("What the phone app does with calls",),
    }
    for path, names in parts.items():
        has = await _has(shared_server.session, shared_server.url + path)
        for name in names:
            await expect(section(page, name)).not_to_contain_text("Loading")
            missing = section(page, name).get_by_text("Not available from this server.")
            await expect(missing).to_have_count(0 if has else 1)
    await expect(page.get_by_role("alert")).to_have_count(0)
    await console.close()


async def test_a_server_that_is_gone_is_said_so_beside_what_it_last_told(
    tmp_path: Path, operators: Browser
) -> None:
    async with ServerProcess(tmp_path) as server:
        page = await operators.page(f"{server.url}/status")
        await sign_in_on_the_way(page)
        await expect(section(page, "System")).to_contain_text("Calls are served in full.")
        await server.kill()
        await expect(page.get_by_role("alert")).to_contain_text("The server does not answer.")
        await expect(section(page, "System")).to_contain_text("Calls are served in full.")
        await page.context.close()


async def _has(session: aiohttp.ClientSession, address: str) -> bool:
    async with session.get(address) as answer:
        return answer.status != 404
