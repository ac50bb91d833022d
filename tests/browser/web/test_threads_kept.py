"""Finding what was said, taking it along, and deleting it, in the page."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.harness.browser import Browser
from tests.harness.console import Console
from tests.harness.handoff import call_of, phone_for
from tests.harness.server import ServerProcess

pytestmark = pytest.mark.asyncio(loop_scope="session")

ANN = "Ann Miller"


async def test_what_was_said_is_found_taken_along_and_deleted_for_everybody(
    shared_server: ServerProcess, operators: Browser, watcher: Console
) -> None:
    async with phone_for(shared_server, name=ANN) as phone:
        call_id = await call_of(watcher, phone)
        thread = phone.parameters["threadId"]
        page = await operators.page(f"{shared_server.url}/threads/{thread}")
        await expect(page.get_by_role("log")).to_contain_text("What can I bake for you")
        delete = page.get_by_role("button", name="Delete this conversation")
        await expect(delete).to_be_disabled()
    await watcher.wait("call_state", callId=call_id, state="ended")

    await page.goto(f"{shared_server.url}/threads")
    await page.get_by_role("searchbox").fill("thank you for call")
    hit = page.locator(f"a[href='/threads/{thread}#seq-1']")
    await expect(hit.locator("mark").first).to_be_visible()
    await hit.click()
    await expect(page.locator("[aria-current=true]")).to_contain_text("thank you for calling")

    for item, ending in (("As text", "txt"), ("As JSON", "json"), ("As captions (WebVTT)", "vtt")):
        await page.get_by_role("button", name="Export").click()
        async with page.expect_download() as download:
            await page.get_by_role("menuitem", name=item).click()
        file = await download.value
        assert file.suggested_filename == f"thread-{thread}.{ending}"
        text = await asyncio.to_thread(Path(await file.path()).read_text)
        assert "thank you for calling" in text
        if ending == "json":
            assert json.loads(text)["threadId"] == thread

    other = await operators.page(f"{shared_server.url}/threads/{thread}")
    await expect(other.get_by_role("log")).to_contain_text("thank you for calling")
    await delete.click()
    dialog = page.get_by_role("dialog", name=f"Delete the conversation with {ANN}?")
    await dialog.get_by_role("button", name="Delete").click()
    await expect(page).to_have_url(f"{shared_server.url}/threads")
    await expect(other.get_by_text("This conversation has been deleted.")).to_be_visible()
    await other.reload()
    await expect(other.get_by_text("There is no such thread.")).to_be_visible()
    for each in (page, other):
        await each.context.close()
