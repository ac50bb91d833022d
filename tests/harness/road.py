"""A bad network for one WebRTC connection: a UDP relay on 127.0.0.1 whose weather is drawn from a seed."""

from __future__ import annotations

import asyncio
import random
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Literal, Self

Address = tuple[str, int]
Direction = Literal["towards_server", "towards_client"]
_HOST = "127.0.0.1"
_MOST_ASKED = 256
_MOST_HELD = 1000


@dataclass(frozen=True, slots=True)
class Weather:
    """What happens to each media packet (RTP or RTCP) on its way; ICE and DTLS pass untouched."""

    loss: float = 0.0
    """Share of packets lost, 0.0-1.0."""
    burst: float = 1.0
    """Mean run of losses in packets (Gilbert-Elliott); at 1.0 each packet is lost by itself."""
    jitter_s: float = 0.0
    """Each packet is late by up to this much, all equally likely; beyond 20 ms they overtake each other."""
    delay_s: float = 0.0
    """All packets are late by this much."""


class Fate:
    """Draws, packet by packet, what the weather does to it; the same seed draws the same.

    Each packet takes the same number of draws, so a change of weather does not shift what is drawn later.
    """

    def __init__(self, seed: str) -> None:
        self._chance = random.Random(seed)
        self._in_burst = False

    def draw(self, weather: Weather) -> float | None:
        """Seconds by which the next packet is late; None where it is lost."""
        lost, late = self._chance.random(), self._chance.random()
        self._in_burst = lost < self._risk(weather)
        return None if self._in_burst else weather.delay_s + late * weather.jitter_s

    def _risk(self, weather: Weather) -> float:
        if weather.burst <= 1.0 or not 0.0 < weather.loss < 1.0:
            return weather.loss
        if self._in_burst:
            return 1 - 1 / weather.burst
        return weather.loss / (weather.burst * (1 - weather.loss))


class Road:
    """Relays one connection's packets between a client and the server. Use as `async with`.

    Hand the client's offer to `offer` before it goes to the server, and the server's answer to `answer`
    before it goes to the client; a renewed offer takes the same way. `passed` and `lost` count media
    packets by direction. RTP and RTCP have chances of their own, so that which RTP packets are lost does
    not depend on when a report is sent.
    """

    def __init__(self, seed: int, weather: Weather | None = None) -> None:
        self.towards_server = self.towards_client = weather or Weather()
        self.blocked = False
        """True: the network is gone, for ICE and DTLS too."""
        self.passed: Counter[Direction] = Counter()
        self.lost: Counter[Direction] = Counter()
        self._fates = {
            (towards, report): Fate(f"{seed} {towards} {report}")
            for towards in ("towards_server", "towards_client")
            for report in (False, True)
        }
        self._server_side: asyncio.DatagramTransport | None = None
        self._client_side: asyncio.DatagramTransport | None = None
        self._server: Address | None = None
        self._client: Address | None = None
        self._client_chosen = False
        self._asked: dict[tuple[Direction, bytes], Address] = {}
        self._stalled = False
        self._held: deque[tuple[asyncio.DatagramTransport, bytes, Address]] = deque(maxlen=_MOST_HELD)

    @property
    def weather(self) -> Weather:
        """The weather towards the server; to set it sets both directions, from the next packet on."""
        return self.towards_server

    @weather.setter
    def weather(self, weather: Weather) -> None:
        self.towards_server = self.towards_client = weather

    @property
    def stalled(self) -> bool:
        """True: media are held back, as by a busy radio; False again: they come all at once, in order."""
        return self._stalled

    @stalled.setter
    def stalled(self, stalled: bool) -> None:
        self._stalled = stalled
        while self._held and not stalled:
            self._arrive(*self._held.popleft())

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._client_side, _ = await loop.create_datagram_endpoint(
            lambda: _End(self._from_client), local_addr=(_HOST, 0)
        )
        try:
            self._server_side, _ = await loop.create_datagram_endpoint(
                lambda: _End(self._from_server), local_addr=(_HOST, 0)
            )
        except BaseException:
            self._client_side.close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close both ends; what is still on its way is lost. Idempotent."""
        for end in (self._client_side, self._server_side):
            if end is not None:
                end.close()

    def offer(self, sdp: str) -> str:
        """The client's offer with our server-side end as its only candidate."""
        self._client, self._client_chosen = None, False
        return _redirect(sdp, self._server_side)

    def answer(self, sdp: str) -> str:
        """The server's answer with our client-side end as its only candidate; ValueError without an IPv4."""
        self._server = _first_candidate(sdp)
        return _redirect(sdp, self._client_side)

    def _from_client(self, data: bytes, source: Address) -> None:
        # Until media or DTLS has chosen one of the client's sockets, the last heard of is as good as any.
        if data[0] >= 20 or not self._client_chosen:
            self._client, self._client_chosen = source, data[0] >= 20
        self._relay("towards_server", data, source)

    def _from_server(self, data: bytes, source: Address) -> None:
        self._relay("towards_client", data, source)

    def _relay(self, towards: Direction, data: bytes, source: Address) -> None:
        out, target = (
            (self._server_side, self._server)
            if towards == "towards_server"
            else (self._client_side, self._client)
        )
        if data[0] < 4:
            target = self._correspondent(towards, data, source) or target
        if self.blocked or target is None or out is None:
            if data[0] >= 128:
                self.lost[towards] += 1
            return
        if data[0] < 128:
            out.sendto(data, target)
            return
        report = len(data) > 1 and 64 <= data[1] & 0x7F <= 95
        weather = self.towards_server if towards == "towards_server" else self.towards_client
        late = self._fates[towards, report].draw(weather)
        if late is None:
            self.lost[towards] += 1
            return
        self.passed[towards] += 1
        if late > 0:
            asyncio.get_running_loop().call_later(late, self._arrive, out, data, target)
        else:
            self._arrive(out, data, target)

    def _arrive(self, out: asyncio.DatagramTransport, data: bytes, target: Address) -> None:
        if self._stalled:
            self._held.append((out, data, target))
        elif not self.blocked and not out.is_closing():
            out.sendto(data, target)

    def _correspondent(self, towards: Direction, data: bytes, source: Address) -> Address | None:
        """Who is to get this STUN answer: whichever of several sockets has asked. None for a question."""
        transaction = data[8:20]
        if not data[0] & 0x01:  # a request; of its answer, the class bits set the first byte to 1
            if len(self._asked) >= _MOST_ASKED:
                del self._asked[next(iter(self._asked))]
            self._asked[towards, transaction] = source
            return None
        back: Direction = "towards_client" if towards == "towards_server" else "towards_server"
        return self._asked.pop((back, transaction), None)


class _End(asyncio.DatagramProtocol):
    """One socket of a road."""

    def __init__(self, take: Callable[[bytes, Address], None]) -> None:
        self._take = take

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        if data:
            self._take(data, (str(addr[0]), int(addr[1])))


def _redirect(sdp: str, end: asyncio.DatagramTransport | None) -> str:
    """`sdp`, of one m-line, with this address instead of its candidates."""
    if end is None:
        raise ValueError("the road is not open yet")
    host, port = end.get_extra_info("sockname")
    lines = [line for line in sdp.splitlines() if not line.startswith(("a=candidate:", "a=end-of-"))]
    ours = [f"a=candidate:1 1 udp 2130706431 {host} {port} typ host", "a=end-of-candidates"]
    return "\r\n".join([*lines, *ours, ""])


def _first_candidate(sdp: str) -> Address:
    """Address of the first UDP candidate that has an IPv4 one."""
    for line in sdp.splitlines():
        words = line.split()
        if line.startswith("a=candidate:") and words[2].lower() == "udp" and words[4].count(".") == 3:
            return words[4], int(words[5])
    raise ValueError("no candidate with an IPv4 address")
