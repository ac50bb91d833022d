"""The bad network of the tests is as bad as it says, and the same every time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from itertools import groupby
from typing import Any

import pytest

from tests.harness.offers import CHROMIUM
from tests.harness.road import Fate, Road, Weather

COUNT = 20_000
STUN, DTLS, REPORT = b"\x00\x01", b"\x16", b"\x80\xc8"


class Socket(asyncio.DatagramProtocol):
    """One party's socket: keeps what came, and wakes who waits for it."""

    def __init__(self) -> None:
        self.got: list[bytes] = []
        self.came = asyncio.Event()
        self.transport: asyncio.DatagramTransport | None = None

    async def open(self) -> tuple[str, int]:
        """Bind; the address."""
        loop = asyncio.get_running_loop()
        self.transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=("127.0.0.1", 0))
        host, port = self.transport.get_extra_info("sockname")
        return host, port

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        self.got.append(data)
        self.came.set()

    def send(self, data: bytes, to: tuple[str, int]) -> None:
        """Send one datagram."""
        assert self.transport is not None
        self.transport.sendto(data, to)

    async def until(self, last: bytes) -> list[bytes]:
        """Everything that came, once `last` has."""
        async with asyncio.timeout(10):
            while last not in self.got:
                self.came.clear()
                await self.came.wait()
        return self.got


class Parties:
    """A client and a server with a road between them, as ICE would have introduced them."""

    def __init__(self, road: Road) -> None:
        self.road, self.client, self.server = road, Socket(), Socket()
        self.to_client = self.to_server = ("", 0)

    async def meet(self) -> None:
        """Exchange descriptions."""
        await self.client.open()
        server = await self.server.open()
        self.to_client = named(self.road.offer(CHROMIUM))
        mine = f"a=candidate:1 1 udp 1 {server[0]} {server[1]} typ host\r\n"
        self.to_server = named(self.road.answer(CHROMIUM + mine))


def named(sdp: str) -> tuple[str, int]:
    """The one address that a description names."""
    (line,) = [line for line in sdp.splitlines() if line.startswith("a=candidate:")]
    return line.split()[4], int(line.split()[5])


@pytest.fixture
async def parties() -> AsyncIterator[Parties]:
    """Both, on a road in fine weather."""
    async with Road(7) as road:
        parties = Parties(road)
        await parties.meet()
        yield parties
        for socket in (parties.client, parties.server):
            assert socket.transport is not None
            socket.transport.close()


def media(number: int) -> bytes:
    """Something that looks like RTP, with a number in it."""
    return b"\x80\x6f" + number.to_bytes(2, "big")


async def all_met(road: Road, count: int) -> None:
    """Wait until that many media packets have passed or been lost."""
    async with asyncio.timeout(10):
        while True:
            if sum(road.passed.values()) + sum(road.lost.values()) >= count:
                return
            await asyncio.sleep(0)


def pattern(seed: str, weather: Weather, count: int = COUNT) -> list[float | None]:
    """What becomes of that many packets."""
    fate = Fate(seed)
    return [fate.draw(weather) for _ in range(count)]


def test_the_same_seed_has_the_same_weather_and_another_has_not() -> None:
    rough = Weather(loss=0.1, burst=3.0, jitter_s=0.030)
    assert pattern("a", rough) == pattern("a", rough)
    assert pattern("a", rough) != pattern("b", rough)


@pytest.mark.parametrize("burst", [1.0, 2.0, 5.0])
@pytest.mark.parametrize("loss", [0.02, 0.1, 0.3])
def test_as_many_are_lost_as_asked_in_runs_as_long_as_asked(loss: float, burst: float) -> None:
    lost = [late is None for late in pattern("a", Weather(loss=loss, burst=burst), 10 * COUNT)]
    runs = [len(list(run)) for gone, run in groupby(lost) if gone]
    assert sum(lost) / len(lost) == pytest.approx(loss, rel=0.15)
    expected = 1 / (1 - loss) if burst == 1.0 else burst
    assert sum(runs) / len(runs) == pytest.approx(expected, rel=0.15)


def test_all_or_nothing_is_lost_where_that_is_asked() -> None:
    assert pattern("a", Weather(loss=1.0, burst=4.0), 100) == [None] * 100
    assert pattern("a", Weather(), 100) == [0.0] * 100


def test_lateness_keeps_its_bounds_and_uses_them() -> None:
    late = [at for at in pattern("a", Weather(jitter_s=0.030, delay_s=0.1)) if at is not None]
    assert len(late) == COUNT
    assert 0.1 <= min(late) < 0.1003
    assert 0.1297 < max(late) <= 0.130


def test_a_change_of_weather_does_not_shift_what_is_drawn_later() -> None:
    steady, changing, rough = Fate("a"), Fate("a"), Weather(loss=0.2)
    one = [steady.draw(rough) for _ in range(200)]
    other = [changing.draw(Weather(jitter_s=0.01) if at < 100 else rough) for at in range(200)]
    assert one[100:] == other[100:]
    assert None in one[100:]


async def test_packets_pass_both_ways_untouched(parties: Parties) -> None:
    sent = [STUN, DTLS, REPORT, *(media(number) for number in range(20))]
    for packet in sent:
        parties.client.send(packet, parties.to_server)
    assert await parties.server.until(sent[-1]) == sent
    for packet in sent:
        parties.server.send(packet, parties.to_client)
    assert await parties.client.until(sent[-1]) == sent
    assert parties.road.passed == {"towards_server": 21, "towards_client": 21}
    assert not parties.road.lost


async def test_media_are_lost_by_the_seed_while_ice_and_dtls_pass(parties: Parties) -> None:
    weather = Weather(loss=0.3)
    parties.road.towards_server = weather
    for number in range(200):
        parties.client.send(media(number), parties.to_server)
        if number % 20 == 0:
            parties.client.send(REPORT, parties.to_server)
    for packet in (STUN, DTLS):
        parties.client.send(packet, parties.to_server)
    got = await parties.server.until(DTLS)
    drawn = pattern("7 towards_server False", weather, 200)
    expected = [media(number) for number, late in enumerate(drawn) if late is not None]
    assert [packet for packet in got if packet[:2] == media(0)[:2]] == expected
    assert got[-2:] == [STUN, DTLS]
    assert sum(parties.road.passed.values()) + sum(parties.road.lost.values()) == 210
    parties.server.send(media(1), parties.to_client)
    assert await parties.client.until(media(1)) == [media(1)], "the other direction has its own weather"


async def test_late_packets_overtake_each_other_and_all_come(parties: Parties) -> None:
    parties.road.weather = Weather(jitter_s=0.05)
    sent = [media(number) for number in range(60)]
    for packet in sent:
        parties.client.send(packet, parties.to_server)
    for packet in sent:
        await parties.server.until(packet)
    assert sorted(parties.server.got) == sent
    assert parties.server.got != sent


async def test_nothing_at_all_passes_a_blocked_road(parties: Parties) -> None:
    parties.client.send(STUN, parties.to_server)
    await parties.server.until(STUN)
    parties.road.blocked = True
    for packet in (STUN, DTLS, REPORT, media(1)):
        parties.client.send(packet, parties.to_server)
        parties.server.send(packet, parties.to_client)
    await all_met(parties.road, 4)
    parties.road.blocked = False
    parties.client.send(media(2), parties.to_server)
    assert await parties.server.until(media(2)) == [STUN, media(2)]
    parties.server.send(media(3), parties.to_client)
    assert await parties.client.until(media(3)) == [media(3)]


async def test_what_a_stall_holds_back_comes_at_once_in_order(parties: Parties) -> None:
    parties.road.stalled = True
    sent = [media(number) for number in range(50)]
    for packet in [*sent, STUN]:
        parties.client.send(packet, parties.to_server)
    assert await parties.server.until(STUN) == [STUN]
    parties.road.stalled = False
    assert await parties.server.until(sent[-1]) == [STUN, *sent]


async def test_an_answer_to_a_check_goes_to_the_socket_that_asked(parties: Parties) -> None:
    other = Socket()
    await other.open()
    question, answer = b"\x00\x01" + bytes(6) + b"transaction1", b"\x01\x01" + bytes(6) + b"transaction1"
    other.send(question, parties.to_server)
    await parties.server.until(question)
    parties.client.send(DTLS, parties.to_server)
    await parties.server.until(DTLS)
    parties.server.send(answer, parties.to_client)
    parties.server.send(media(1), parties.to_client)
    assert await other.until(answer) == [answer]
    assert await parties.client.until(media(1)) == [media(1)]
    assert other.transport is not None
    other.transport.close()
