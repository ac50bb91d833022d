"""The server's HTTP side as the terminal's commands use it."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Any, Self

import aiohttp
from yarl import URL

from signaling.terminal.errors import TerminalError

_POLL = 0.2
_TIMEOUT = aiohttp.ClientTimeout(total=10, connect=5)


class ServerApi:
    """One server at `url`, an origin. Use as `async with`; every request raises TerminalError.

    A refusal's code is the error's `code`; `unreachable` where nobody answers.
    """

    def __init__(self, url: str) -> None:
        parsed = URL(url)
        if parsed.scheme not in ("http", "https") or not parsed.host:
            raise TerminalError(f"{url!r} is not an address such as http://127.0.0.1:8996.", code="bad_url")
        self.url = str(parsed.origin())
        self.token: str | None = None
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(timeout=_TIMEOUT)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def check(self) -> None:
        """Make sure that a Patchbay server answers here."""
        answer = await self._request("GET", "/healthz")
        if answer.get("ok") is not True:
            raise TerminalError(f"Something else than Patchbay answers at {self.url}.", code="unreachable")

    async def missing(self) -> dict[str, str]:
        """What keeps the server from being ready, by part; empty once it is."""
        answer = await self._request("GET", "/readyz", allowed=(200, 503))
        return dict(answer.get("missing") or {})

    async def login(self, user: str, password: str) -> dict[str, Any]:
        """Sign in; the operator's `{id, name, roles}`. The token is kept for what follows."""
        answer = await self._request("POST", "/api/login", {"username": user, "password": password})
        self.token = str(answer["token"])
        return dict(answer["operator"])

    async def call(self, call_id: str) -> dict[str, Any]:
        """CallView of one call."""
        return dict(await self._request("GET", f"/api/calls/{call_id}"))

    async def timeline(self, call_id: str) -> list[dict[str, Any]]:
        """`[{event, ms}]` of one call."""
        return list(await self._request("GET", f"/api/calls/{call_id}/timeline"))

    async def messages(self, thread_id: str) -> list[dict[str, Any]]:
        """The messages of one thread, in order."""
        answer = await self._request("GET", f"/api/threads/{thread_id}")
        return list(answer["messages"])

    async def _request(
        self, method: str, path: str, body: object = None, *, allowed: tuple[int, ...] = (200,)
    ) -> Any:
        assert self._session is not None
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        try:
            async with self._session.request(method, self.url + path, json=body, headers=headers) as response:
                answer = await response.json(content_type=None)
        except (aiohttp.ClientConnectionError, TimeoutError) as error:
            raise unreachable(self.url) from error
        except (aiohttp.ClientError, ValueError) as error:
            raise TerminalError(f"Something else than Patchbay answers at {self.url}.") from error
        if response.status not in allowed:
            raise _refusal(answer, f"The server answered {response.status}.")
        return answer


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


def unreachable(url: str) -> TerminalError:
    """Nobody answers at `url`."""
    return TerminalError(
        f"No Patchbay server answers at {url}: start one with `patchbay serve`, or name another with --url.",
        code="unreachable",
    )


def _refusal(answer: Any, otherwise: str) -> TerminalError:
    error = answer.get("error") if isinstance(answer, dict) else None
    if isinstance(error, dict):
        return TerminalError(str(error.get("message") or otherwise), code=str(error.get("code")))
    return TerminalError(otherwise)


def refused(ack: Any) -> TerminalError | None:
    """The refusal in a Socket.IO acknowledgement, None where it is not one."""
    if isinstance(ack, dict) and ack.get("ok") is True:
        return None
    return _refusal(ack, "The server did not take this.")
