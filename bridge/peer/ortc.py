"""ICE, DTLS and SRTP of one peer: the only file that touches private names of aiortc and aioice.

Pinned to aiortc 1.16.0 and aioice 0.13.0 (tests/bridge/peer/test_ortc.py holds it against them). What is
done here and is not in their public interface, and why:

- Datagrams are taken where they arrive (`StunProtocol.datagram_received`). SRTP goes straight from the
  socket to the peer, without the queue and the task hop that aiortc puts in between; DTLS and STUN go the
  usual way.
- Only addresses with an authenticated ICE check are listened to. aioice hands datagrams of any source to
  DTLS, and a bogus ClientHello sprayed at the port broke every handshake. What looks like STUN and is none
  it hands there too, into a queue without a bound, or raises on it where anybody may send it.
- Gathering is in two steps: host candidates at once, so that the answer can leave, STUN and TURN ones
  when they come.
- SRTP is sent without a coroutine per packet.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pylibsrtp
import structlog
from aioice import Candidate, stun
from aioice.ice import CandidatePair, Connection, StunProtocol, relayed_candidate, server_reflexive_candidate
from aiortc import RTCCertificate, RTCDtlsTransport, RTCIceGatherer, RTCIceServer, RTCIceTransport
from aiortc.rtcdtlstransport import RTCDtlsFingerprint, RTCDtlsParameters
from aiortc.rtcicetransport import (
    RTCIceCandidate,
    RTCIceParameters,
    candidate_from_aioice,
    connection_kwargs,
)

from bridge.media.rtp import is_rtcp

log = structlog.get_logger()

_GATHER_TIMEOUT = 5.0
_MOST_WAITING = 64
"""DTLS records that wait to be read; a handshake has a dozen."""
_FAREWELL = 2.0
"""Seconds that a relay is waited for: one that is gone is asked for a minute to forget us."""
_STOPPING: set[asyncio.Future[None]] = set()
_PATIENCE = 15.0
"""Seconds after the last remote candidate in which ICE does not fail (RFC 8863 tells why)."""


def _stopped(stopping: asyncio.Future[None]) -> None:
    _STOPPING.discard(stopping)
    if not stopping.cancelled() and (error := stopping.exception()) is not None:
        log.warning("ice_stop_failed", error=repr(error))


class OrtcTransport:
    """Carries SRTP to and from one browser.

    `on_rtp` and `on_rtcp` get decrypted packets on the event loop; `on_failed` is called once when ICE or
    DTLS fails or consent is lost after `connected`.
    """

    def __init__(
        self,
        ice_servers: Sequence[dict[str, Any]],
        *,
        controlling: bool,
        on_rtp: Callable[[bytes], None],
        on_rtcp: Callable[[bytes], None],
        on_failed: Callable[[str], None],
    ) -> None:
        servers = [RTCIceServer(s["urls"], s.get("username"), s.get("credential")) for s in ice_servers]
        self._slow = connection_kwargs(servers)
        self._gatherer = RTCIceGatherer(iceServers=[])
        self._ice = RTCIceTransport(self._gatherer)
        self._connection: Connection = self._gatherer._connection
        self._connection.ice_controlling = controlling
        # A certificate of its own: by the new fingerprint a browser that restarts ICE on the connection it
        # has knows that the other end is a new one, and shakes hands anew.
        self._dtls = RTCDtlsTransport(self._ice, [RTCCertificate.generateCertificate()])
        self._on_rtp, self._on_rtcp, self._on_failed = on_rtp, on_rtcp, on_failed
        self._checked: set[tuple[int, str, int]] = set()
        self._closed = False
        self._connected = False
        self.refused = 0
        """Datagrams dropped because their source has passed no ICE check, or since they are no STUN."""
        self.undecryptable = 0
        self._listen_to_checks()

    @property
    def ice_parameters(self) -> RTCIceParameters:
        """Our user fragment and password."""
        return self._gatherer.getLocalParameters()

    @property
    def fingerprints(self) -> tuple[RTCDtlsFingerprint, ...]:
        """Fingerprints of our certificate."""
        return tuple(self._dtls.getLocalParameters().fingerprints)

    @property
    def candidates(self) -> tuple[RTCIceCandidate, ...]:
        """What has been gathered so far."""
        return tuple(self._gatherer.getLocalCandidates())

    @property
    def remote_candidates(self) -> tuple[RTCIceCandidate, ...]:
        """What the other side has named so far."""
        return tuple(self._ice.getRemoteCandidates())

    @property
    def has_slow_candidates(self) -> bool:
        """True where STUN or TURN servers are to be asked."""
        return bool(self._slow)

    @property
    def connected(self) -> bool:
        """True while SRTP can be sent."""
        return self._connected and not self._closed

    async def gather_host(self) -> None:
        """Open the sockets and gather host candidates; asks nobody outside, so it takes no time."""
        await self._gatherer.gather()
        for protocol in self._connection._protocols:
            self._intercept(protocol)

    async def gather_slow(self, on_candidate: Callable[[RTCIceCandidate], None]) -> None:
        """Ask the STUN and TURN servers (at most 5 s) and tell each candidate as it comes."""
        async with asyncio.TaskGroup() as group:
            if "stun_server" in self._slow:
                for protocol in self._connection._protocols:
                    if "." in protocol.local_candidate.host:
                        group.create_task(self._reflexive(protocol, on_candidate))
            if "turn_server" in self._slow:
                group.create_task(self._relayed(on_candidate))

    async def start(
        self, remote: RTCIceParameters, fingerprints: Sequence[RTCDtlsFingerprint], *, active: bool
    ) -> bool:
        """Check connectivity and shake hands; True once SRTP flows, False where either failed."""
        await self._ice.start(remote)
        if self._ice.state != "completed":
            return self._fail("ice_failed")
        self._dtls._set_role("client" if active else "server")
        await self._dtls.start(RTCDtlsParameters(fingerprints=list(fingerprints)))
        if self._dtls.state != "connected":
            return self._fail("dtls_failed")
        self._connected = True
        self._dtls.on("statechange", self._dtls_changed)
        return True

    async def add_candidate(self, candidate: RTCIceCandidate | None) -> None:
        """Add a remote candidate, None for the last; an mDNS name may take seconds to resolve."""
        if candidate is None:
            # Whoever has named no address that works may still reach us, and our relay may yet come.
            await asyncio.sleep(_PATIENCE)
        await self._ice.addRemoteCandidate(candidate)

    def send_rtp(self, packet: bytes) -> bool:
        """Encrypt and send; False where the transport is not connected. Never blocks."""
        return self._send(packet, rtcp=False)

    def send_rtcp(self, packet: bytes) -> bool:
        """As `send_rtp`, for RTCP."""
        return self._send(packet, rtcp=True)

    async def close(self) -> None:
        """Say goodbye by DTLS and close the sockets. Idempotent."""
        if self._closed:
            return
        self._closed = True
        await self._dtls.stop()
        stopping = asyncio.ensure_future(self._ice.stop())
        _STOPPING.add(stopping)
        stopping.add_done_callback(_stopped)
        await asyncio.wait({stopping}, timeout=_FAREWELL)

    def _send(self, packet: bytes, *, rtcp: bool) -> bool:
        pair: CandidatePair | None = self._connection._nominated.get(1)
        session = self._dtls._tx_srtp
        if pair is None or session is None or self._closed:
            return False
        secured = session.protect_rtcp(packet) if rtcp else session.protect(packet)
        pair.protocol.transport.sendto(secured, pair.remote_addr)
        return True

    def _fail(self, reason: str) -> bool:
        if not self._closed:
            self._on_failed(reason)
        return False

    def _dtls_changed(self) -> None:
        if self._dtls.state in ("closed", "failed") and self._connected:
            self._connected = False
            self._fail("peer_gone")

    def _listen_to_checks(self) -> None:
        """Remember who passed a check: asked us with our password, or answered a check of ours."""
        connection, checked = self._connection, self._checked
        incoming, complete = connection.check_incoming, connection.check_complete

        def check_incoming(message: stun.Message, addr: tuple[str, int], protocol: StunProtocol) -> None:
            checked.add((protocol.id, addr[0], addr[1]))
            incoming(message, addr, protocol)

        def check_complete(pair: CandidatePair) -> None:
            if pair.state is CandidatePair.State.SUCCEEDED:
                checked.add((pair.protocol.id, *pair.remote_addr))
            complete(pair)

        queue, received = connection._queue, connection.data_received

        def data_received(data: bytes, component: int) -> None:
            if 20 <= data[0] < 64 and queue.qsize() < _MOST_WAITING:
                received(data, component)
            else:
                self.refused += 1

        connection.data_received = data_received  # type: ignore[method-assign]
        connection.check_incoming = check_incoming  # type: ignore[method-assign]
        connection.check_complete = check_complete  # type: ignore[method-assign]

    def _intercept(self, protocol: StunProtocol) -> None:
        """Take the protocol's datagrams before aioice does."""
        ordinary = protocol.datagram_received

        def datagram_received(data: bytes | str, addr: tuple[Any, ...]) -> None:
            if not data or isinstance(data, str):
                return
            first = data[0]
            if first < 20:
                try:
                    ordinary(data, addr)
                except Exception:  # its parser raises whatever its first false assumption raises
                    self.refused += 1
            elif (protocol.id, addr[0], addr[1]) not in self._checked:
                self.refused += 1
            elif first >= 128:
                self._decrypt(data)
            else:
                ordinary(data, addr)

        protocol.datagram_received = datagram_received  # type: ignore[method-assign]

    def _decrypt(self, data: bytes) -> None:
        session = self._dtls._rx_srtp
        if session is None or self._closed:
            return
        try:
            if is_rtcp(data):
                self._on_rtcp(session.unprotect_rtcp(data))
            else:
                self._on_rtp(session.unprotect(data))
        except (pylibsrtp.Error, ValueError):  # the second for what is longer than its buffer
            self.undecryptable += 1

    async def _reflexive(self, protocol: StunProtocol, tell: Callable[[RTCIceCandidate], None]) -> None:
        try:
            async with asyncio.timeout(_GATHER_TIMEOUT):
                candidate, _ = await server_reflexive_candidate(protocol, self._slow["stun_server"])
        except Exception as error:  # an odd reply raises whatever aioice's first false assumption raises
            log.info("stun_server_failed", error=repr(error))
            return
        self._adopt(candidate, tell)

    async def _relayed(self, tell: Callable[[RTCIceCandidate], None]) -> None:
        connection, slow = self._connection, self._slow
        try:
            async with asyncio.timeout(_GATHER_TIMEOUT):
                candidate, protocol = await relayed_candidate(
                    component=1,
                    hide_related_address=False,
                    protocol_factory=lambda: StunProtocol(connection),
                    turn_server=slow["turn_server"],
                    turn_username=slow["turn_username"],
                    turn_password=slow["turn_password"],
                    turn_ssl=slow["turn_ssl"],
                    turn_transport=slow["turn_transport"],
                )
        except Exception as error:  # as above
            log.info("turn_server_failed", error=repr(error))
            return
        if self._closed:
            protocol.transport.close()
            return
        self._intercept(protocol)
        connection._protocols.append(protocol)
        self._adopt(candidate, tell)
        # The checks run on pairs, and those were formed before this candidate existed.
        for remote in connection._remote_candidates:
            connection._pair_remote_candidate(remote)
        connection.sort_check_list()

    def _adopt(self, candidate: Candidate, tell: Callable[[RTCIceCandidate], None]) -> None:
        if not self._closed:
            self._connection._local_candidates.append(candidate)
            tell(candidate_from_aioice(candidate))
