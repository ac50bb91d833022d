"""Addresses that lead to a message, and those that lead to nothing."""

from __future__ import annotations

import uuid

import pytest
from playwright.async_api import expect

from tests.harness.axe import overflowing, violations
from tests.harness.browser import Browser
from tests.harness.console import Console
from tests.harness.handoff import call_of, phone_for
from tests.harness.server import ServerProcess

pytestmark = pytest.mark.asyncio(loop_scope="session")

ANN = "Ann Miller"


async def test_an_address_that_is_no_page_says_so(shared_server: ServerProcess, operators: Browser) -> None:
    page = await operators.page("about:blank")
    answer = await page.goto(f"{shared_server.url}/consol/{'x' * 200}")
    assert answer is not None
    assert answer.status == 404
    await expect(page.get_by_role("heading", name="There is no such page")).to_be_visible()
    await expect(page).to_have_title("Not found · Patchbay")
    await page.set_viewport_size({"width": 360, "height": 740})
    assert await violations(page) == []
    assert await overflowing(page) == []
    await page.get_by_role("link", name="To the console").click()
    await expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    await page.context.close()


async def test_a_thread_that_is_none_is_said_so_and_shown_as_soon_as_it_is_one(
    shared_server: ServerProcess, operators: Browser
) -> None:
    thread = str(uuid.uuid4())
    page = await operators.page(f"{shared_server.url}/threads/{thread}")
    await expect(page.get_by_text("There is no such thread.")).to_be_visible()
    async with phone_for(shared_server, name=ANN, threadId=thread):
        await expect(page.get_by_role("log")).to_contain_text("Hello, and thank you for calling")
        await expect(page.get_by_text("There is no such thread.")).to_have_count(0)
    await page.context.close()


async def test_an_address_leads_to_one_message(
    shared_server: ServerProcess, operators: Browser, watcher: Console
) -> None:
    async with phone_for(shared_server, name=ANN) as phone:
        await call_of(watcher, phone)
        thread = phone.parameters["threadId"]
        page = await operators.page(f"{shared_server.url}/threads/{thread}#seq-1")
        target = page.locator("[aria-current=true]")
        await expect(target).to_contain_text("Hello, and thank you for calling")
        await expect(target).to_be_focused()
        await expect(target).to_be_in_viewport()
        await page.context.close()
