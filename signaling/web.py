"""The browser pages: the built web app, or a start page that says that it is not built."""

from __future__ import annotations

import re
from pathlib import Path

from aiohttp import web

from signaling.pages import start_page

PAGES = ("/", "/sign-in", "/phone", "/threads", "/threads/{thread_id}", "/status")
"""Addresses of the app; which page they are, it decides itself."""

INDEX = "index.html"
_IN_THE_PACKAGE = Path(__file__).parent / "webapp"
_IN_THE_TREE = Path(__file__).parents[1] / "web" / "dist" / "web" / "browser"
_HASHED = re.compile(r"-[A-Z0-9]{8,}\.[a-z0-9]+$")
"""Names that the build makes from the content: such a file never changes."""
_FOREVER = "public, max-age=31536000, immutable"
_ASK_AGAIN = "no-cache"
_TEXTS = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
}
"""Files that packing makes smaller, and what they are, whatever the machine's own table says."""
_CONDITIONS = ("Range", "If-Range", "If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since")

HEADERS = {
    # Angular Material sets styles on elements. No script is inline, and nothing comes from elsewhere.
    "Content-Security-Policy": (
        "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
        "media-src 'self' blob:; connect-src 'self' ws: wss:; object-src 'none'; base-uri 'self'; "
        "form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    # A viewer's link is an address that nobody else is to learn.
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "microphone=(self), camera=(), geolocation=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}


def built_app() -> Path:
    """The folder of the web app: in the installed package, else where `make web` leaves it."""
    return _IN_THE_PACKAGE if _IN_THE_PACKAGE.is_dir() else _IN_THE_TREE


def add_web(app: web.Application, folder: Path | None = None) -> None:
    """Serve the pages and their files from `folder`, `built_app()` unless given.

    Looked up on each request, so that a build which comes later is served without a restart. To be added
    last: it answers every GET outside our interfaces that nothing else does, with 404 where there is no
    such file. Whoever asked for a page gets the app with that 404, which says so in its own words.
    """
    pages = _Pages(folder or built_app())
    app.add_routes([web.get(path, pages.page) for path in PAGES])
    app.router.add_get(r"/{path:(?!(?:api|telephony|socket\.io)/).+}", pages.file)


class _Pages:
    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()

    async def page(self, request: web.Request) -> web.StreamResponse:
        """The app, whatever the page; without it the start page, as an error where more was asked for."""
        index = self._folder / INDEX
        if index.is_file():
            return _answer(request, index)
        return start_page(HEADERS, status=200 if request.path == "/" else 503)

    async def file(self, request: web.Request) -> web.StreamResponse:
        """One file of the app, and none outside its folder."""
        found = self._find(request.match_info["path"])
        if found is not None:
            return _answer(request, found)
        index = self._folder / INDEX
        if "text/html" in request.headers.get("Accept", "") and index.is_file():
            return _answer(request, index, status=404)
        raise web.HTTPNotFound

    def _find(self, path: str) -> Path | None:
        """The file of this name, None where there is none that may be served."""
        parts = path.split("/")
        if "\0" in path or any(part in ("", ".", "..") or part.startswith(".") for part in parts):
            return None
        try:
            found = self._folder.joinpath(*parts).resolve()
            inside = found.is_relative_to(self._folder) and found.is_file()
        except OSError:  # a name that no file system takes
            return None
        return found if inside else None


def _answer(request: web.Request, file: Path, status: int = 200) -> web.StreamResponse:
    """The file with its headers; a `.br` or `.gz` beside it is sent to whoever takes it."""
    forever = file.name != INDEX and _HASHED.search(file.name)
    headers = {**HEADERS, "Cache-Control": _FOREVER if forever else _ASK_AGAIN, "Vary": "Accept-Encoding"}
    kind = _TEXTS.get(file.suffix)
    if kind is not None:
        headers["Content-Type"] = kind
    response = web.FileResponse(file, status=status, headers=headers)
    packed = file.with_name(f"{file.name}.gz").is_file()
    # A build that is watched is not packed. aiohttp would also pack the empty body of a 304, and a range.
    if kind is not None and not packed and not any(name in request.headers for name in _CONDITIONS):
        response.enable_compression()
    return response
