"""One caller in a browser: the connections they are on, one after the other, as one call."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable, Sequence
from typing import Any

import structlog

from bridge.call.deadline import Deadline
from bridge.errors import BridgeError
from bridge.media.clock import MediaClock
from bridge.peer.errors import PeerError
from bridge.peer.peer import State
from bridge.ports import CallAcceptor, Caller, LineListener
from bridge.tasks import TaskOwner
from telephony.softphone.line import OnCandidate, SoftphoneLine

log = structlog.get_logger()

CONNECT_S = 15.0
"""Seconds that a browser has to connect after its offer was answered."""
_SILENT = 5.0
"""Seconds without a packet that mean the network is gone and not the words: a browser sends silence, too."""
_UNATTENDED = 5.0
_UNATTENDED_SILENT = 0.5
_LOOK = 0.5
_CLOSING = 2.0


class SoftphoneSession:
    """A caller's call from their first offer to its end.

    The call begins when the browser's audio is connected: what the bot says first is heard. A later offer
    carries it on; the connection there is stays until the new one is up, then the call moves over. A
    connection that fails is `line_lost` to the call, which waits for the next one.

    `on_over` is called once, with why: the code of a refusal, `no_audio`, or None where the call itself
    knows.
    """

    def __init__(
        self,
        caller: Caller,
        acceptor: CallAcceptor,
        clock: MediaClock,
        ice_servers: Callable[[], Sequence[dict[str, Any]]],
        *,
        on_over: Callable[[SoftphoneSession, str | None], None],
    ) -> None:
        self.caller = caller
        self._acceptor, self._clock, self._ice_servers = acceptor, clock, ice_servers
        self._on_over = on_over
        self._line: SoftphoneLine | None = None
        self._coming: SoftphoneLine | None = None
        self._offering = asyncio.Lock()
        self._patience, self._watch = Deadline(), Deadline()
        self._tasks = TaskOwner(f"softphone.{caller.call_id}")
        self._unattended_since: float | None = None
        self._listener: LineListener | None = None
        self.over = False
        self.secret = secrets.token_urlsafe(18)
        """Shown by a caller who comes back at another socket: call ids are known to more than the caller."""

    @property
    def started(self) -> bool:
        """True once the call has begun."""
        return self._line is not None

    async def answer(self, offer: object, on_candidate: OnCandidate) -> str:
        """Our answer to an offer, the first or a later one. Raises PeerError, or BridgeError `gone`."""
        async with self._offering:
            line = SoftphoneLine(
                self._clock,
                self._ice_servers(),
                on_candidate=on_candidate,
                on_state=self._state,
                end_call=self._end,
            )
            try:
                answer = await line.answer(offer)
            except PeerError:
                await line.close()
                raise
            if self.over:
                await line.close()
                raise BridgeError("This call is over.", code="gone")
            superseded, self._coming = self._coming, line
            if superseded is not None:
                self._tasks.start(superseded.close(), "close")
            self._patience.set(CONNECT_S, lambda: self._give_up(line))
            return answer

    async def add_candidate(self, candidate: object) -> None:
        """A candidate for the newest offer; raises PeerError."""
        async with self._offering:
            line = self._coming or self._line
            if line is None:
                raise PeerError("Call before you send candidates.", code="bad_candidate")
            line.add_candidate(candidate)

    def press(self, digit: str) -> None:
        """The caller has pressed one of 0-9 * # A-D. Raises BridgeError `not_connected`."""
        if self._listener is None or self.over:
            raise BridgeError("The call is not connected yet.", code="not_connected")
        self._listener.on_dtmf(digit)

    def attended(self, there: bool) -> None:
        """Whether the browser's socket is there. Without it the sound may go on for a while."""
        self._unattended_since = None if there else time.monotonic()
        if not there and not self.started:
            self._finish(None)

    def hang_up(self) -> None:
        """The caller has had enough, also where their connection is lost already. Idempotent."""
        if self.over:
            return
        if self._listener is not None:
            self._listener.on_closed("caller_hung_up")
        self._finish(None if self.started else "caller_hung_up")

    async def close(self) -> None:
        """Free everything. Idempotent."""
        await self._end()
        await self._tasks.finish(_CLOSING)
        await self._tasks.close()

    async def _end(self) -> None:
        """Send nothing more: the call is over (a line's `hang_up`), or never was."""
        self._finish(None)
        for line in (self._line, self._coming):
            if line is not None:
                await line.close()

    def _state(self, line: SoftphoneLine, state: State) -> None:
        if state == "connected" and line is self._coming:
            self._take_over(line)
        elif state == "failed":
            self._give_up(line)

    def _take_over(self, line: SoftphoneLine) -> None:
        """The newest connection is up: the call begins, or carries on, on it."""
        self._patience.cancel()
        old, self._line, self._coming = self._line, line, None
        try:
            self._listener = line.listener = self._acceptor(line, self.caller)
        except BridgeError as error:
            log.info("softphone_refused", call=self.caller.call_id, code=error.code)
            self._finish(error.code)
        if old is not None:
            self._tasks.start(old.close(), "close")
        if not self.over:
            self._watch.set(_LOOK, self._look)

    def _give_up(self, line: SoftphoneLine) -> None:
        """This connection failed, or did not come up in time."""
        if line is self._coming:
            self._coming = None
            self._patience.cancel()
            self._tasks.start(line.close(), "close")
            if not self.started:
                self._finish("no_audio")
        elif line is self._line:
            self._lose()

    def _look(self) -> None:
        """Every half second: is the caller still there? A caller's silence is sent, a lost network's not."""
        line, since = self._line, self._unattended_since
        if line is None or line.listener is None or self.over:
            return
        silent = line.silent_for
        unattended = time.monotonic() - since if since is not None else 0.0
        if silent > _SILENT or unattended > _UNATTENDED or (unattended and silent > _UNATTENDED_SILENT):
            self._lose()
        else:
            self._watch.set(_LOOK, self._look)

    def _lose(self) -> None:
        self._watch.cancel()
        if self._line is not None and self._line.lose():
            self._tasks.start(self._line.close(), "close")

    def _finish(self, why: str | None) -> None:
        if self.over:
            return
        self.over = True
        self._patience.cancel()
        self._watch.cancel()
        self._on_over(self, why)
