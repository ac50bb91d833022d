"""What somebody sends who knows the server's port, and nothing else."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress

from aioice import stun
from OpenSSL import SSL

from bridge.media.rtp import RtpPacket, serialise_rtp

Address = tuple[str, int]
_PACE_S = 0.002


def client_hello() -> bytes:
    """The first flight of a DTLS handshake."""
    stranger = SSL.Connection(SSL.Context(SSL.DTLS_METHOD))
    stranger.set_connect_state()
    with suppress(SSL.WantReadError):
        stranger.do_handshake()
    return stranger.bio_read(2000)


def check(user: str, password: str | None) -> bytes:
    """An ICE check that wants to be nominated, as for `user`; `password` None leaves it unsigned."""
    request = stun.Message(message_method=stun.Method.BINDING, message_class=stun.Class.REQUEST)
    request.attributes["USERNAME"] = f"{user}:none"
    request.attributes["PRIORITY"] = 0x7FFFFFFF
    request.attributes["ICE-CONTROLLING"] = 1
    request.attributes["USE-CANDIDATE"] = None
    if password is not None:
        request.add_message_integrity(password.encode())
    return bytes(request)


def junk(user: str) -> list[bytes]:
    """One datagram of each kind: DTLS, checks without our password, RTP, RTCP, an alert, garbage."""
    return [
        client_hello(),
        check(user, None),
        check(user, "not-the-password"),
        serialise_rtp(RtpPacket(111, 1, 1, 99, bytes(40))),
        serialise_rtp(RtpPacket(0, 1, 1, 99, bytes(160))),
        b"\x80\xc8" + bytes(26),
        b"\x15\xfe\xfd" + bytes(20),
        bytes(range(256)),
        b"\x00",
    ]


@asynccontextmanager
async def spraying(targets: Iterable[Address], user: str) -> AsyncIterator[socket.socket]:
    """Keep sending junk to `targets` from one socket, which has passed no check; `user`: of the answer."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.setblocking(False)
        spray = asyncio.create_task(_spray(stranger, list(targets), junk(user)))
        try:
            yield stranger
        finally:
            spray.cancel()
            await asyncio.wait({spray})


async def _spray(stranger: socket.socket, targets: list[Address], datagrams: list[bytes]) -> None:
    while True:
        for target in targets:
            for datagram in datagrams:
                stranger.sendto(datagram, target)
        await asyncio.sleep(_PACE_S)
