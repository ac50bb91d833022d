"""The phone app's call configuration, set in the page and kept by the server."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Locator, Page, expect

from tests.harness.axe import overflowing, violations
from tests.harness.browser import Browser
from tests.harness.server import ServerProcess
from tests.harness.web_console import WebConsole

pytestmark = pytest.mark.asyncio(loop_scope="session")

ADDRESS = "/api/config/call"


def outcome(page: Page) -> Locator:
    """What the form says of the last attempt to save."""
    return page.locator("form").get_by_role("status")


async def test_what_operators_set_is_kept_and_what_programs_set_is_seen(
    tmp_path: Path, operators: Browser
) -> None:
    async with ServerProcess(tmp_path) as server:
        console = await WebConsole.open(server, operators)
        page = console.page
        await page.get_by_role("link", name="Status").click()
        await page.get_by_label("Never these numbers").fill("+49 (123) 45-678\n0800/123")
        await page.get_by_label("Ask callers for a passphrase").click()
        await page.get_by_role("button", name="Save").click()
        await expect(page.get_by_text("Type the passphrase that callers are to say.")).to_be_visible()
        await page.get_by_label("Passphrase", exact=True).fill("blue moon")
        await page.get_by_label("Owner's name").fill("Ann")
        await page.keyboard.press("Enter")
        await expect(outcome(page)).to_contain_text("Saved at")

        kept = await server.get(ADDRESS)
        assert kept["caller_blocklist"] == ["+4912345678", "0800123"]
        assert kept["auth_required"] is True
        assert kept["greeting_owner"] == "Ann"
        assert "{owner}" not in kept["greeting_incoming"]
        await expect(page.get_by_label("To whoever calls")).to_have_value(
            "Hello, this is {owner}'s assistant."
        )
        await expect(page.get_by_label("Passphrase", exact=True)).to_have_value("")

        # What somebody else sets shows by itself, and leaves alone what is being typed.
        await page.get_by_label("Owner's name").fill("Bob")
        await server.post(ADDRESS, {"max_duration_sec": 600, "greeting_owner": "Clara"})
        await expect(page.get_by_label("Ends after (seconds)")).to_have_value("600")
        await expect(page.get_by_label("Owner's name")).to_have_value("Bob")
        await page.get_by_role("button", name="Discard changes").click()
        await expect(page.get_by_label("Owner's name")).to_have_value("Clara")
        await console.close()


async def test_what_the_server_refuses_is_shown_at_its_field_and_stays_typed(
    tmp_path: Path, operators: Browser
) -> None:
    async with ServerProcess(tmp_path) as server:
        console = await WebConsole.open(server, operators)
        page = console.page
        await page.get_by_role("link", name="Status").click()
        greeting = page.get_by_label("To whoever calls")
        # A mark that nobody sees, and that the page lets pass.
        await greeting.fill("Hello\u200b there.")
        await page.get_by_role("button", name="Save").click()
        await expect(outcome(page)).to_contain_text("the server refused the field that is marked")
        await expect(page.get_by_text("it must be a text of 1 to 1000 characters")).to_be_visible()
        await expect(greeting).to_be_focused()
        await expect(greeting).to_have_value("Hello\u200b there.")
        for width in (360, 1280):
            await page.set_viewport_size({"width": width, "height": 800})
            assert await violations(page) == []
            assert await overflowing(page) == []
        await greeting.fill("Hello there.")
        await page.get_by_role("button", name="Save").click()
        await expect(outcome(page)).to_contain_text("Saved at")
        assert (await server.get(ADDRESS))["greeting_incoming"] == "Hello there."
        await console.close()
