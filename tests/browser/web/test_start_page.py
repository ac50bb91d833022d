"""The page that stands where the web app is not built, in a real browser under its own policy."""

from __future__ import annotations

from pathlib import Path

import pytest
from aiohttp import web
from playwright.async_api import expect

from signaling.web import add_web
from tests.harness.browser import Browser

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_the_start_page_asks_how_the_server_is_and_its_policy_lets_it(
    tmp_path: Path, operators: Browser
) -> None:
    async def ready(request: web.Request) -> web.Response:
        return web.json_response({"ready": True, "missing": {}, "calls": 2})

    app = web.Application()
    app.router.add_get("/readyz", ready)
    add_web(app, tmp_path)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    visitor = await operators.visitor()
    try:
        said: list[str] = []
        page = await operators.page("about:blank", visitor=visitor)
        page.on("console", lambda message: said.append(message.text))
        host, port = runner.addresses[0][:2]
        await page.goto(f"http://{host}:{port}/")
        await expect(page.get_by_text("2 live calls.")).to_be_visible()
        main = page.get_by_role("main")
        assert await main.evaluate("main => getComputedStyle(main).maxWidth") != "none", "the style is let in"
        assert said == []
    finally:
        await visitor.close()
        await runner.cleanup()
