"""Offers and candidates that no browser sends: refused, and nobody else notices."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from telephony.twilio.simulator import TwilioSimulator
from tests.harness.console import Console
from tests.harness.handoff import bridge, phone_for, phone_hears
from tests.harness.offers import CHROMIUM, HOSTILE
from tests.harness.peer_console import PeerConsole
from tests.harness.server import ServerProcess
from tests.harness.tones import dominance, tone

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def other_call(shared_server: ServerProcess) -> AsyncIterator[TwilioSimulator]:
    """The phone of a call in which kim and a caller talk all the time."""
    async with (
        PeerConsole(shared_server, "kim", idle=tone(1000.0, 1.0)) as console,
        phone_for(shared_server) as phone,
    ):
        await console.open_audio()
        await bridge(console, phone)
        yield phone


@pytest.mark.parametrize("offer", HOSTILE.values(), ids=HOSTILE.keys())
async def test_a_hostile_offer_is_refused_and_another_call_flows_on(
    shared_server: ServerProcess, other_call: TwilioSimulator, offer: object
) -> None:
    async with Console(shared_server) as console:
        ack = await console.command("offer", sdp=offer)
        assert ack["ok"] is False, ack
        assert ack["error"]["code"] == "bad_sdp"
        assert ack["error"]["message"].endswith(".")
        assert (await console.command("set_presence", status="available"))["ok"]
    assert dominance(await phone_hears(other_call, 0.5), 1000.0) > 0.9


async def test_an_operator_can_send_a_good_offer_after_a_bad_one(
    shared_server: ServerProcess, other_call: TwilioSimulator
) -> None:
    async with PeerConsole(shared_server, idle=tone(1000.0, 1.0)) as console:
        assert not (await console.command("offer", sdp="nonsense"))["ok"]
        await console.open_audio()
        assert not (await console.command("offer", sdp="nonsense"))["ok"]
        async with phone_for(shared_server) as phone:
            await bridge(console, phone)
            assert dominance(await phone_hears(phone, 0.5), 1000.0) > 0.9


async def test_candidates_are_bounded_and_checked(
    shared_server: ServerProcess, other_call: TwilioSimulator
) -> None:
    async with Console(shared_server) as console:
        early = await console.command("candidate", candidate=None)
        assert early["ok"] is False
        assert (await console.command("offer", sdp=CHROMIUM))["ok"]
        for bad in (
            "nonsense",
            "x" * 5000,
            "candidate:" + "9" * 900,
        ):
            ack = await console.command("candidate", candidate={"candidate": bad, "sdpMid": "0"})
            assert ack["error"]["code"] == "bad_candidate"
        acks = []
        for number in range(60):
            text = f"candidate:{number} 1 udp 2113937151 192.0.2.{number + 1} {20000 + number} typ host"
            acks.append(await console.command("candidate", candidate={"candidate": text, "sdpMid": "0"}))
        assert acks[0]["ok"]
        assert acks[-1]["error"]["code"] == "bad_candidate"
        assert (await console.command("candidate", candidate=None))["ok"]
    assert dominance(await phone_hears(other_call, 0.5), 1000.0) > 0.9


async def test_forty_offers_leave_no_sockets_behind(
    shared_server: ServerProcess, other_call: TwilioSimulator
) -> None:
    async with Console(shared_server) as console:
        assert (await console.command("offer", sdp=CHROMIUM))["ok"]
        sockets = open_files(shared_server.pid)
        for _ in range(40):
            assert (await console.command("offer", sdp=CHROMIUM))["ok"]
        await phone_hears(other_call, 0.5)
        assert open_files(shared_server.pid) <= sockets + 8
    assert dominance(await phone_hears(other_call, 0.5), 1000.0) > 0.9


def open_files(pid: int) -> int:
    """How many file descriptors a process of ours has open."""
    return len(os.listdir(f"/proc/{pid}/fd"))
