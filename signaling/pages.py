"""Pages for people who open the server in a browser."""

from __future__ import annotations

from importlib.resources import files

from aiohttp import web


def add_pages(app: web.Application) -> None:
    """Serve the start page at `/`."""
    page = files("signaling").joinpath("start.html").read_text(encoding="utf-8")

    async def start(request: web.Request) -> web.Response:
        return web.Response(text=page, content_type="text/html")

    app.router.add_get("/", start)
