"""JSON in the bodies of requests."""

from __future__ import annotations

import json
from typing import Any

from aiohttp import web

from bridge.errors import BridgeError

_MOST_BODY = 64 * 1024


async def json_body(
    request: web.Request, *, optional: bool = False, most: int = _MOST_BODY
) -> dict[str, Any]:
    """The body's object, of at most `most` bytes. Raises BridgeError `bad_request`."""
    if (request.content_length or 0) > most:
        raise BridgeError(f"The body is larger than {most} bytes.", code="bad_request")
    raw = await request.read()
    if optional and not raw.strip():
        return {}
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        raise BridgeError("The body must be JSON.", code="bad_request") from None
    if not isinstance(body, dict):
        raise BridgeError("The body must be a JSON object.", code="bad_request")
    return body
