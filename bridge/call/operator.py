"""The operator's leg: stays the same while browsers, offers and networks come and go."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any

from bridge.directory import Holder
from bridge.media.dtmf import KeyPress
from bridge.media.frame import Frame
from bridge.peer.codec_policy import CodecName, CodecPolicy
from bridge.peer.errors import PeerError
from bridge.peer.peer import Peer, State
from bridge.peer.reports import PeerQuality
from bridge.ports import Codec
from bridge.tasks import TaskOwner

_FLOWING = 0.5


class OperatorLeg:
    """One operator's audio, behind the newest peer that works.

    `on_frame` and `on_key` are set by the call that the operator has; `on_gone` is called when the audio is
    lost, `on_renegotiate` when a new offer would get another codec, once for each change of mind.
    """

    def __init__(
        self,
        holder: Holder,
        ice_servers: Callable[[], Sequence[dict[str, Any]]],
        policy: CodecPolicy | None = None,
        on_renegotiate: Callable[[CodecName], None] = lambda codec: None,
    ) -> None:
        self.holder = holder
        self.on_frame: Callable[[Frame], None] | None = None
        self.on_key: Callable[[KeyPress], None] | None = None
        self.keys_dropped = 0
        self.on_gone: Callable[[], None] | None = None
        self.on_connected: Callable[[], None] | None = None
        self._ice_servers = ice_servers
        self._policy = policy or CodecPolicy()
        self._on_renegotiate = on_renegotiate
        self._asked_for: CodecName | None = None
        self._line: Codec | None = None
        self._peer: Peer | None = None
        self._coming: Peer | None = None
        self._offering = asyncio.Lock()
        self._tasks = TaskOwner(f"operator.{holder.id}")

    @property
    def connected(self) -> bool:
        """True while there is a peer that can carry sound."""
        return self._peer is not None and self._peer.state == "connected"

    @property
    def failed(self) -> bool:
        """True where the newest connection never came up and no older one carries on."""
        newest = self._coming or self._peer
        return newest is not None and newest.state == "failed" and not self.connected

    @property
    def _renewing(self) -> bool:
        """True while a new connection is on its way.

        A browser that restarts ICE says goodbye to the old one as soon as it has our answer. That is no
        loss yet: the new one comes within some 100 ms, or fails, or the silence gets too long for a call.
        """
        return self._coming is not None and self._coming.state not in ("failed", "closed")

    @property
    def quality(self) -> PeerQuality | None:
        """Figures of the last second."""
        return self._peer.quality if self._peer else None

    @property
    def silent_for(self) -> float:
        """Seconds since the last packet, or since the connection came up where there was none.

        A pause that the browser has announced (DTX) does not count.
        """
        return self._peer.silent_for if self._peer is not None else float("inf")

    @property
    def flowing(self) -> bool:
        """True while packets come in, whatever is in them."""
        return self.silent_for < _FLOWING

    async def renew(
        self,
        offer: object,
        on_candidate: Callable[[dict[str, object] | None], None],
        on_up: Callable[[], None] = lambda: None,
    ) -> str:
        """Answer a new offer; the old connection carries on until the new one is up. Raises PeerError.

        `on_up` is called when the new connection has taken over.
        """
        async with self._offering:
            peer = Peer(
                ice_servers=self._ice_servers(),
                on_frame=lambda frame: self._frame(peer, frame),
                on_state=lambda state: self._state(peer, state, on_up),
                on_candidate=on_candidate,
                on_key=lambda press: self._key(peer, press),
                on_quality=lambda quality: self._measured(peer, quality),
                prefer=self._policy.prefer(self._line, time.monotonic()),
            )
            try:
                answer = await peer.answer(offer)
            except PeerError:
                await peer.close()
                raise
            superseded, self._coming = self._coming, peer
            if superseded is not None:
                self._tasks.start(superseded.close(), "close")
            return answer

    async def add_candidate(self, candidate: object) -> None:
        """A candidate for the newest offer, even one still being answered; raises PeerError."""
        async with self._offering:
            peer = self._coming or self._peer
            if peer is None:
                raise PeerError("Send an offer before its candidates.", code="bad_candidate")
            peer.add_candidate(candidate)

    def send(self, frame: Frame) -> bool:
        """Sound for the operator; False where there is no connection."""
        return self._peer is not None and self._peer.send(frame)

    def send_key(self, key: str) -> bool:
        """A key for the operator; False, and counted, where their browser cannot get it.

        It has no connection, takes no keys, or too many wait for it.
        """
        sent = self._peer is not None and self._peer.send_key(key)
        self.keys_dropped += not sent
        return sent

    def serve(self, line: Codec | None) -> None:
        """Say what the caller's line speaks, None after the call: the codec follows it."""
        self._line = line
        if line is not None:
            self._choose()

    async def drop_coming(self) -> None:
        """Give up the connection that is still being made; the one that stands carries on."""
        coming, self._coming = self._coming, None
        if coming is not None:
            self._notice_loss()
            await coming.close()

    async def hang_up(self) -> None:
        """End the connections there are; a new offer may follow."""
        peers = [peer for peer in (self._peer, self._coming) if peer is not None]
        self._peer = self._coming = None
        for peer in peers:
            await peer.close()

    async def close(self) -> None:
        """End every connection for good. Idempotent."""
        await self.hang_up()
        await self._tasks.close()

    def _frame(self, peer: Peer, frame: Frame) -> None:
        if peer is self._peer and self.on_frame is not None:
            self.on_frame(frame)

    def _key(self, peer: Peer, press: KeyPress) -> None:
        if peer is self._peer and self.on_key is not None:
            self.on_key(press)

    def _measured(self, peer: Peer, quality: PeerQuality) -> None:
        if peer is self._peer:
            lost = max(quality.loss_pct, quality.lost_there_pct) / 100
            self._policy.note(lost, time.monotonic())
            self._choose()

    def _choose(self) -> None:
        """Send in the better codec at once, and have the browser asked to do so: it needs a new answer."""
        peer, wish = self._peer, self._policy.prefer(self._line, time.monotonic())
        if peer is None or self._renewing or not peer.send_as(wish):
            return
        if wish == peer.codec:
            self._asked_for = None
        elif wish != self._asked_for:
            self._asked_for = wish
            self._on_renegotiate(wish)

    def _state(self, peer: Peer, state: State, on_up: Callable[[], None]) -> None:
        if state == "connected" and peer is self._coming:
            old, self._peer, self._coming = self._peer, peer, None
            self._asked_for = None
            if old is not None:
                self._tasks.start(old.close(), "close")
            on_up()
            if self.on_connected is not None:
                self.on_connected()
        elif state == "failed":
            self._notice_loss()

    def _notice_loss(self) -> None:
        if self._peer is None or self.connected or self._renewing:
            return
        # It was up and is gone: no reason to refuse the operator's next call, or next offer.
        gone, self._peer = self._peer, None
        self._tasks.start(gone.close(), "close")
        if self.on_gone is not None:
            self.on_gone()
