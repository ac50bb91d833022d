"""What the console weighs: on the wire at the first visit, and in memory after many calls."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.harness.browser import Browser
from tests.harness.console import Console
from tests.harness.server import OPERATORS, ServerProcess
from tests.harness.web_console import WebConsole
from tests.harness.web_memory import Memory, call_and_hang_up, transferred

pytestmark = pytest.mark.asyncio(loop_scope="session")

FIRST_LOAD = 500_000
CALLS = 8


async def test_the_first_load_is_small(shared_server: ServerProcess, operators: Browser) -> None:
    """From a bare address to the console behind the sign-in, as it comes over the wire."""
    page = await operators.page("about:blank")
    async with transferred(page) as loaded:
        await page.goto(shared_server.url)
        await page.get_by_label("Name").fill("sam")
        await page.get_by_label("Password").fill(OPERATORS["sam"])
        sign_in = loaded.bytes
        await page.get_by_role("button", name="Sign in").click()
        await expect(page.get_by_role("button", name="Go on shift")).to_be_visible()
        await page.wait_for_load_state("networkidle")
    scripts = {address: how for address, how in loaded.encodings.items() if address.endswith(".js")}
    assert scripts
    assert set(scripts.values()) <= {"br", "gzip"}, scripts
    assert loaded.bytes < FIRST_LOAD
    print(f"sign-in {sign_in / 1000:.0f} kB, the console {loaded.bytes / 1000:.0f} kB on the wire")
    await page.context.close()


async def test_calls_leave_nothing_behind(
    shared_server: ServerProcess, console: WebConsole, watcher: Console
) -> None:
    memory = await Memory.of(console.page)
    for _ in range(
        2
    ):  # what is made once and kept: dialogs' and tooltips' containers, code that is loaded late
        await call_and_hang_up(console, watcher)
    before = await memory.measure()
    for _ in range(CALLS):
        await call_and_hang_up(console, watcher)
    after = await memory.measure()
    print(f"before {before}, after {CALLS} calls {after}")
    assert after.nodes < before.nodes + CALLS, (before, after)
    assert after.listeners < before.listeners + CALLS, (before, after)
    assert after.connections == before.connections
