"""STUN and TURN candidates: they come after the answer, they carry a call, and they delay nothing."""

from __future__ import annotations

import asyncio
import json
import re
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiortc import RTCConfiguration, RTCIceServer, RTCPeerConnection, RTCSessionDescription
from aiortc.rtcconfiguration import RTCIceTransportPolicy
from aiortc.sdp import candidate_from_sdp

from tests.browser.page_console import PageConsole
from tests.harness.browser import Browser, write_wav
from tests.harness.console import Console
from tests.harness.handoff import bridge, phone_for, phone_hears
from tests.harness.server import ServerProcess
from tests.harness.tones import share, tone
from tests.harness.turn_server import TurnServer

pytestmark = pytest.mark.asyncio(loop_scope="module")

SECRET = "a-secret-that-coturn-and-patchbay-share"
CALLER_HZ, OPERATOR_HZ = 440.0, 1000.0
SOUND = tone(OPERATOR_HZ, 1.0)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def coturn(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[TurnServer]:
    """A real coturn."""
    async with TurnServer(tmp_path_factory.mktemp("coturn"), SECRET) as turn:
        yield turn


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(
    tmp_path_factory: pytest.TempPathFactory, coturn: TurnServer
) -> AsyncIterator[ServerProcess]:
    """A server that is told of it."""
    servers = json.dumps([{"urls": coturn.url.replace("turn:", "stun:")}, {"urls": coturn.url}])
    folder = tmp_path_factory.mktemp("server")
    async with ServerProcess(folder, ice_servers=servers, turn_secret=SECRET) as process:
        yield process


@pytest.fixture
def silent() -> Iterator[str]:
    """`host:port` of something that takes every datagram and answers none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as nobody:
        nobody.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{nobody.getsockname()[1]}"


class RelayConsole(Console):
    """As Console, with a connection that has nothing but relay candidates on both sides."""

    async def open_audio(self) -> None:
        """Offer our relay candidate, and hand the peer none of the server's but relay ones."""
        given = (await self.wait("welcome"))["iceServers"]
        servers = [
            RTCIceServer(entry["urls"], entry.get("username"), entry.get("credential")) for entry in given
        ]
        self.peer = RTCPeerConnection(
            RTCConfiguration(servers, iceTransportPolicy=RTCIceTransportPolicy.RELAY)
        )
        self.peer.addTrack(self.microphone)
        self.peer.on("track", self._pull)
        self.peer.on("connectionstatechange", self._wake)
        await self.peer.setLocalDescription(await self.peer.createOffer())
        offer = self.peer.localDescription.sdp
        assert kinds(re.findall(r"a=(candidate:.*)", offer)) == {"relay"}
        ack = await self.command("offer", sdp=offer)
        assert ack["ok"], ack
        answer = RTCSessionDescription(without_candidates(ack["sdp"]), "answer")
        await self.peer.setRemoteDescription(answer)
        for view in await relay_candidates(self):
            candidate = candidate_from_sdp(view["candidate"].removeprefix("candidate:"))
            candidate.sdpMid, candidate.sdpMLineIndex = view["sdpMid"], view["sdpMLineIndex"]
            await self.peer.addIceCandidate(candidate)
        await self.peer.addIceCandidate(None)
        async with asyncio.timeout(10):
            while self.peer.connectionState != "connected":
                await self._changed.wait()


async def late_candidates(console: Console) -> list[dict[str, Any]]:
    """What the server has sent as `candidate` events, once the null after the last has come."""
    count = 0
    while True:
        count += 1
        if (await console.wait("candidate", count))["candidate"] is None:
            return [event["candidate"] for event in console.all("candidate")[:-1]]


async def relay_candidates(console: Console) -> list[dict[str, Any]]:
    """Those of them that are relays."""
    return [view for view in await late_candidates(console) if " typ relay" in view["candidate"]]


def without_candidates(answer: str) -> str:
    """An answer that leaves nothing to connect to but what comes later."""
    return re.sub(r"a=(candidate|end-of-candidates).*\r\n", "", answer)


def kinds(candidates: list[str]) -> set[str]:
    """host, srflx, relay: what there is among these."""
    return {candidate.split(" typ ")[1].split()[0] for candidate in candidates}


async def test_the_answer_has_host_candidates_and_the_others_follow(server: ServerProcess) -> None:
    async with Console(server, idle=SOUND) as console:
        await console.open_audio()
        assert console.peer is not None
        answer = console.peer.remoteDescription.sdp
        assert kinds(re.findall(r"a=(candidate:.*)", answer)) == {"host"}
        late = await late_candidates(console)
        assert kinds([view["candidate"] for view in late]) == {"srflx", "relay"}
        assert {(view["sdpMid"], view["sdpMLineIndex"]) for view in late} == {("0", 0)}


async def test_a_call_that_only_relays_carry(server: ServerProcess, coturn: TurnServer) -> None:
    allocated = sum("ALLOCATE processed, success" in line for line in coturn.lines)
    async with RelayConsole(server, idle=SOUND) as console, phone_for(server) as phone:
        await console.open_audio()
        await bridge(console, phone)
        phone.speak_pcm(tone(CALLER_HZ, 4.0))
        # aiortc's jitter buffer takes a while to give what was sent first.
        operator_hears = (await console.wait_heard(2.0))[16000:]
        assert share(operator_hears, CALLER_HZ) > 0.7
        assert share(await phone_hears(phone, 1.0), OPERATOR_HZ) > 0.7
        now = sum("ALLOCATE processed, success" in line for line in coturn.lines)
        assert now - allocated == 2, "one relay for each side"


async def test_a_call_of_chromium_that_only_relays_carry(server: ServerProcess, tmp_path: Path) -> None:
    microphone = write_wav(tmp_path / "tone.wav", tone(OPERATOR_HZ, 2.0, rate=48000), rate=48000)
    async with (
        Browser(microphone) as browser,
        PageConsole(server, browser) as console,
        phone_for(server) as phone,
    ):
        servers = (await console.wait("welcome"))["iceServers"]
        console.sound = {"configuration": {"iceServers": servers, "iceTransportPolicy": "relay"}}
        offer = await console.first_offer()
        assert kinds(re.findall(r"a=(candidate:.*)", offer)) == {"relay"}
        await console.take(without_candidates(await console.exchange(offer)))
        for candidate in await relay_candidates(console):
            await console.take_candidate(candidate)
        await console.connected()
        await bridge(console, phone)
        phone.speak_pcm(tone(CALLER_HZ, 2.0))
        assert share((await console.hear(1.2))[-6400:], CALLER_HZ) > 0.8
        assert share(await phone_hears(phone, 0.5), OPERATOR_HZ) > 0.8


async def test_servers_that_never_answer_delay_nothing(tmp_path: Path, silent: str) -> None:
    servers = json.dumps([{"urls": [f"stun:{silent}", f"turn:{silent}"]}])
    async with (
        ServerProcess(tmp_path, ice_servers=servers, turn_secret=SECRET) as server,
        Console(server, idle=SOUND) as console,
        phone_for(server) as phone,
    ):
        await console.open_audio()
        await bridge(console, phone)
        assert share(await phone_hears(phone, 0.5), OPERATOR_HZ) > 0.7
        assert not console.all("candidate"), "all this comes before they are given up"
        assert await late_candidates(console) == []
        assert share(await phone_hears(phone, 0.5), OPERATOR_HZ) > 0.7
