"""Somebody without an account reads one conversation by its link, on a server that is closed to strangers."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from tests.harness.browser import Browser
from tests.harness.server import ServerProcess
from tests.harness.softphone import Softphone
from tests.harness.web_console import WebConsole

pytestmark = pytest.mark.asyncio(loop_scope="session")

ANN = "Ann Miller"
TOKEN = "only-for-bots"


class Caller(Softphone):
    """A caller who may call in."""

    async def connect(self, token: str | None = TOKEN) -> None:
        """Open the namespace."""
        await super().connect(token)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def closed_server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ServerProcess]:
    """A server on which threads are for operators."""
    async with ServerProcess(tmp_path_factory.mktemp("closed"), agent_token=TOKEN) as server:
        yield server


async def stranger(browser: Browser, address: str) -> Page:
    """A page of somebody who has never been here."""
    return await browser.page(address, granted=())


async def test_a_link_shows_one_conversation_as_it_grows(
    closed_server: ServerProcess, operators: Browser
) -> None:
    async with Caller(closed_server) as phone:
        await phone.call(name=ANN)
        thread = f"/threads/{phone.thread_id}"
        console = await WebConsole.open(closed_server, operators)
        await console.page.goto(closed_server.url + thread)
        await expect(console.page.get_by_role("heading", name=ANN)).to_be_visible()
        await console.page.get_by_role("button", name="Copy link").click()
        await expect(console.page.get_by_text("Link copied.").first).to_be_visible()
        link = await console.page.evaluate("() => navigator.clipboard.readText()")
        assert link.startswith(f"{closed_server.url}{thread}#token=")

        guest = await stranger(operators, link)
        log = guest.get_by_role("log")
        await expect(log).to_contain_text("Hello, and thank you for calling Rosie's Bakery.")
        await phone.command("dtmf", digit="9")
        await expect(log.get_by_role("article").filter(has_text="9")).to_be_visible()
        await expect(guest.get_by_role("button", name="Copy link")).to_have_count(0)

        await guest.goto(f"{closed_server.url}/threads/another{link[link.index('#') :]}")
        await expect(guest.get_by_text("is for another conversation")).to_be_visible()
        for page in (guest, console.page):
            await page.context.close()


async def test_without_a_link_there_is_nothing_to_see(
    closed_server: ServerProcess, operators: Browser
) -> None:
    guest = await stranger(operators, f"{closed_server.url}/threads")
    await expect(guest.get_by_text("Threads are for operators.")).to_be_visible()
    await guest.goto(f"{closed_server.url}/threads/some-thread")
    await expect(guest.get_by_text("Conversations are not public.")).to_be_visible()
    await guest.goto(f"{closed_server.url}/threads/some-thread#token=nonsense")
    await guest.reload()
    await expect(guest.get_by_text("Was it copied whole?")).to_be_visible()
    await guest.goto(f"{closed_server.url}/phone")
    await expect(guest.get_by_text("calling from a browser needs a sign-in")).to_be_visible()
    await guest.context.close()
