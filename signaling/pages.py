"""The page for people who open the server in a browser before the web app is built."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from importlib.resources import files

from aiohttp import web

_START = files("signaling").joinpath("start.html").read_text(encoding="utf-8")


def _hash(element: str) -> str:
    """What a policy calls the page's own inline script or style."""
    found = re.search(f"<{element}>(.*?)</{element}>", _START, re.DOTALL)
    assert found is not None
    return f"'sha256-{base64.b64encode(hashlib.sha256(found[1].encode()).digest()).decode()}'"


_POLICY = (
    f"default-src 'none'; script-src {_hash('script')}; style-src {_hash('style')}; img-src data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def start_page(headers: Mapping[str, str], *, status: int) -> web.Response:
    """What this server is, how it is, and that the web app is missing.

    `headers`: those of every page. This one's policy is narrower: it lets in nothing but what it brings.
    """
    own = {"Cache-Control": "no-cache", "Content-Security-Policy": _POLICY}
    return web.Response(text=_START, content_type="text/html", status=status, headers={**headers, **own})
