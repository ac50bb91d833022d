"""Waiting for a server that is still loading its models."""

from __future__ import annotations

import asyncio

from signaling.terminal.api import ServerApi
from signaling.terminal.errors import TerminalError

_POLL = 0.2


async def wait_ready(api: ServerApi, within: float = 60.0) -> None:
    """Return once the server at `api` serves calls in full. Raises TerminalError with what is missing."""
    missing = await api.missing()
    try:
        async with asyncio.timeout(within):
            while missing:
                await asyncio.sleep(_POLL)
                missing = await api.missing()
    except TimeoutError:
        reasons = " ".join(f"{part}: {reason}" for part, reason in missing.items())
        raise TerminalError(f"The server at {api.url} is not ready. {reasons}", code="not_ready") from None
