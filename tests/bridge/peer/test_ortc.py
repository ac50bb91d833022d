"""What ortc.py relies on in aiortc and aioice, held against the pinned versions; and the address filter."""

from __future__ import annotations

import asyncio
import inspect
import socket
import struct
from collections.abc import Callable
from importlib.metadata import version

import pytest
from aioice import Candidate, stun
from aioice import ice as aioice_ice
from aiortc import RTCCertificate, RTCDtlsTransport, RTCIceGatherer, RTCIceTransport
from aiortc.rtcicetransport import connection_kwargs
from OpenSSL import SSL
from pylibsrtp import Session

from bridge.media.frame import Frame
from bridge.media.rtp import RtpPacket, serialise_rtp
from bridge.peer.errors import PeerError
from bridge.peer.ortc import OrtcTransport
from bridge.peer.peer import Peer
from bridge.ports import Codec
from tests.harness.tones import tone


def client_hello() -> bytes:
    """The first flight of a stranger's own DTLS handshake."""
    stranger = SSL.Connection(SSL.Context(SSL.DTLS_METHOD))
    stranger.set_connect_state()
    with pytest.raises(SSL.WantReadError):
        stranger.do_handshake()
    return stranger.bio_read(2000)


HELLO = client_hello()


def test_the_versions_are_those_that_this_was_written_against() -> None:
    assert version("aiortc") == "1.16.0"
    assert version("aioice") == "0.13.0"


async def test_every_private_name_in_use_exists() -> None:
    gatherer = RTCIceGatherer(iceServers=[])
    transport = RTCIceTransport(gatherer)
    dtls = RTCDtlsTransport(transport, [RTCCertificate.generateCertificate()])
    connection = gatherer._connection
    assert isinstance(connection, aioice_ice.Connection)
    for name in (
        "_protocols", "_nominated", "_local_candidates", "_remote_candidates", "_queue", "ice_controlling",
    ):  # fmt: skip
        assert hasattr(connection, name), name
    for name in (
        "check_incoming",
        "check_complete",
        "data_received",
        "_pair_remote_candidate",
        "sort_check_list",
    ):
        assert callable(getattr(connection, name)), name
    assert list(inspect.signature(connection.check_incoming).parameters) == ["message", "addr", "protocol"]
    assert list(inspect.signature(connection.check_complete).parameters) == ["pair"]
    assert list(inspect.signature(connection.data_received).parameters) == ["data", "component"]
    for name in ("_rx_srtp", "_tx_srtp", "_set_role"):
        assert hasattr(dtls, name), name
    for name in ("protect", "protect_rtcp", "unprotect", "unprotect_rtcp"):
        assert callable(getattr(Session, name)), name
    assert aioice_ice.CandidatePair.State.SUCCEEDED
    assert list(inspect.signature(aioice_ice.server_reflexive_candidate).parameters) == [
        "protocol", "stun_server",
    ]  # fmt: skip
    relayed = inspect.signature(aioice_ice.relayed_candidate).parameters
    assert set(relayed) >= {
        "component", "hide_related_address", "protocol_factory", "turn_server", "turn_username",
        "turn_password", "turn_ssl", "turn_transport",
    }  # fmt: skip
    assert connection_kwargs([]) == {}
    assert isinstance(Candidate.from_sdp("1 1 udp 1 192.0.2.1 9 typ host"), Candidate)
    await dtls.stop()
    await transport.stop()


async def test_a_gathered_socket_can_be_listened_to_before_aioice_does() -> None:
    transport = OrtcTransport(
        [], controlling=False, on_rtp=ignore, on_rtcp=ignore, on_failed=lambda reason: None
    )
    await transport.gather_host()
    protocols = transport._connection._protocols
    assert protocols
    for protocol in protocols:
        assert protocol.transport.get_extra_info("sockname")[1] > 0
        assert isinstance(protocol.id, int)
        assert protocol.datagram_received.__module__ == "bridge.peer.ortc"
    assert transport.candidates
    assert not transport.has_slow_candidates
    assert not transport.send_rtp(bytes(12)), "nothing is sent before there is somebody to send to"
    await transport.close()
    await transport.close()


class Pair:
    """Two peers of ours, one playing the browser."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self.came = asyncio.Event()
        self.up = asyncio.Event()
        self.states: list[str] = []
        self.gone: Callable[[], None] = lambda: None
        self.server = Peer(on_frame=self._hear, on_state=self._state)
        self.client = Peer(
            on_frame=lambda frame: None, on_state=lambda state: self._check(), controlling=True
        )

    async def describe(self, setup: str = "actpass") -> None:
        """Offer and answer; connecting goes on in the background. `setup`: the offerer's DTLS role."""
        offer = (await self.client.offer()).replace("a=setup:actpass", f"a=setup:{setup}")
        self.client.accept(await self.server.answer(offer))

    async def close(self) -> None:
        """End both."""
        await self.client.close()
        await self.server.close()

    @property
    def ports(self) -> list[tuple[str, int]]:
        """Where the answering side listens."""
        return [(c.ip, c.port) for c in self.server._transport.candidates if ":" not in c.ip]

    async def talk(self, frames: int) -> None:
        """Send a tone and wait until as much has come."""
        wanted = len(self.heard) + frames
        pcm = tone(1000.0, 0.02)
        while len(self.heard) < wanted:
            self.came.clear()
            assert self.client.send(Frame(Codec.L16_8K, pcm, pcm))
            await asyncio.wait_for(self.came.wait(), 5)

    def _hear(self, frame: Frame) -> None:
        self.heard.append(frame.pcm)
        self.came.set()

    def _state(self, state: str) -> None:
        self.states.append(state)
        self._check()
        if state == "failed":
            self.gone()

    def _check(self) -> None:
        if self.client.state == self.server.state == "connected":
            self.up.set()


def spray(targets: list[tuple[str, int]], count: int) -> int:
    """Send what an attacker would, from a socket that has passed no check; how many datagrams left."""
    rtp = serialise_rtp(RtpPacket(111, 1, 1, 99, bytes(40)))
    plain_stun = struct.pack("!HHI12s", 0x0001, 0, 0x2112A442, bytes(12))
    odd_stun = struct.pack("!HHI12sHH4s", 0x0001, 8, 0x2112A442, bytes(12), 0x8028, 2, bytes(4))
    junk = [
        HELLO,
        rtp,
        b"\x80\xc8" + bytes(26),
        b"\x15\xfe\xfd" + bytes(20),
        bytes(range(256)),
        plain_stun,
        odd_stun,
        b"\x00",
        b"\x01" + bytes(500),
    ]
    sent = 0
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        for _ in range(count):
            for target in targets:
                for datagram in junk:
                    stranger.sendto(datagram, target)
                    sent += 1
    return sent


@pytest.mark.parametrize("setup", ["actpass", "active"])
async def test_a_stranger_at_the_port_cannot_break_the_handshake(setup: str) -> None:
    """With `active` the browser sends the ClientHello, and a stranger's may come first."""
    pair = Pair()
    try:
        await pair.describe(setup)
        async with asyncio.timeout(15):
            while not pair.up.is_set():
                spray(pair.ports, 1)
                try:
                    await asyncio.wait_for(asyncio.shield(pair.up.wait()), 0.005)
                except TimeoutError:
                    continue
        await pair.talk(5)
        assert pair.server._transport.refused > 0
    finally:
        await pair.close()


async def test_a_stranger_at_the_port_changes_nothing_in_a_connection() -> None:
    pair = Pair()
    try:
        await pair.describe()
        await asyncio.wait_for(pair.up.wait(), 10)
        await pair.talk(20)
        before = len(pair.heard)
        spray(pair.ports, 20)
        await pair.talk(20)
        assert len(pair.heard) == before + 20, "nothing of the stranger's is heard"
        transport = pair.server._transport
        assert transport.refused > 0
        assert transport.undecryptable == 0
        assert pair.states == ["connecting", "connected"]
    finally:
        await pair.close()


async def test_a_datagram_too_long_for_libsrtp_costs_nobody_the_connection() -> None:
    """Whatever its source says: one that has passed the checks can be forged."""
    raised: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: raised.append(context))
    pair = Pair()
    try:
        await pair.describe()
        await asyncio.wait_for(pair.up.wait(), 10)
        await pair.talk(5)
        chosen = pair.client._transport._connection._nominated[1]
        for second in (111, 200):  # RTP and RTCP
            chosen.protocol.transport.sendto(bytes((0x80, second)) + bytes(2000), chosen.remote_addr)
        await pair.talk(20)
        assert pair.server._transport.undecryptable == 2
        assert raised == []
    finally:
        await pair.close()


async def test_what_looks_like_stun_neither_piles_up_nor_raises() -> None:
    raised: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: raised.append(context))
    pair = Pair()
    try:
        await pair.server.answer(await pair.client.offer())  # and nobody ever connects
        transport = pair.server._transport
        sent = 0
        while transport.refused < 500:
            sent += spray(pair.ports, 5)
            assert sent < 100_000
            await asyncio.sleep(0)
        assert transport._connection._queue.qsize() == 0
        assert raised == []
    finally:
        await pair.close()


async def test_a_goodbye_is_noticed_at_once() -> None:
    pair = Pair()
    gone = asyncio.Event()
    await pair.describe()
    await asyncio.wait_for(pair.up.wait(), 10)
    pair.gone = gone.set
    await pair.client.close()
    await asyncio.wait_for(gone.wait(), 5)
    await pair.server.close()
    await pair.server.close()
    assert pair.states == ["connecting", "connected", "failed"]


async def test_a_check_that_trips_the_library_fails_the_peer_and_does_not_leave_it_connecting() -> None:
    pair = Pair()
    gone = asyncio.Event()
    pair.gone = gone.set
    try:
        await pair.server.answer(await pair.client.offer())
        connection = pair.server._transport._connection
        request = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
        request.attributes["USERNAME"] = f"{connection.local_username}:{connection.remote_username or 'x'}"
        request.add_message_integrity(connection.local_password.encode())  # and no PRIORITY
        (protocol, *_) = connection._protocols
        connection._early_checks.append((request, ("192.0.2.9", 9), protocol))
        await asyncio.wait_for(gone.wait(), 5)
    finally:
        await pair.close()


def unresolved(number: int) -> dict[str, str]:
    """A candidate with a name that nobody knows."""
    return {"candidate": f"candidate:1 1 udp 1 {number}.local {number + 1} typ host"}


async def test_candidates_that_do_not_count_yet_are_bounded_too() -> None:
    pair = Pair()
    try:
        await pair.server.answer(await pair.client.offer())
        for number in range(60):
            pair.server.add_candidate(None)
            pair.server.add_candidate(unresolved(number))
        with pytest.raises(PeerError, match="More than"):
            pair.server.add_candidate(unresolved(60))
    finally:
        await pair.close()


def ignore(data: bytes) -> None:
    """Take a packet and do nothing."""
