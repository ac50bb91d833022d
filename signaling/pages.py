"""The page for people who open the server in a browser before the web app is built."""

from __future__ import annotations

from importlib.resources import files

from aiohttp import web

_START = files("signaling").joinpath("start.html").read_text(encoding="utf-8")


def start_page(*, status: int) -> web.Response:
    """What this server is, how it is, and that the web app is missing."""
    headers = {"Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"}
    return web.Response(text=_START, content_type="text/html", status=status, headers=headers)
