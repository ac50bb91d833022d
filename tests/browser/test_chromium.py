"""The operator in a real Chromium: what it sends is measured at the phone, what it gets in the page."""

from __future__ import annotations

import asyncio
import re
import uuid
from collections.abc import AsyncIterator
from typing import Any

import numpy as np
import pytest
import pytest_asyncio

from telephony.twilio.simulator import TwilioSimulator
from tests.browser.page_console import PageConsole
from tests.harness.browser import Browser, page_stats, write_wav
from tests.harness.console import Console
from tests.harness.handoff import HOLD, bridge, hears_hold, phone_for, phone_hears, states
from tests.harness.road import Road
from tests.harness.server import ServerProcess
from tests.harness.stranger import spraying
from tests.harness.tones import share, tone

pytestmark = pytest.mark.asyncio(loop_scope="session")

CALLER_HZ, OPERATOR_HZ = 440.0, 1000.0
OPUS: dict[str, Any] = {"codecs": ["audio/opus"]}
PCMU: dict[str, Any] = {"codecs": ["audio/PCMU"]}
RED_AND_DTX: dict[str, Any] = {
    "codecs": ["audio/red", "audio/opus", "audio/CN", "audio/telephone-event"],
    "dtx": True,
}
WATCHDOG_SLOTS = 100
"""2 s without a packet, in the phone's slots of 20 ms, are the slowest way to miss an operator."""
_ADDRESS = re.compile(r"^a=candidate:\S+ 1 udp \d+ (\d+\.\d+\.\d+\.\d+) (\d+)", re.MULTILINE | re.IGNORECASE)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def chromium(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Browser]:
    """One Chromium for the file, whose microphone sounds the operator's tone."""
    sound = tone(OPERATOR_HZ, 2.0, rate=48000)
    file = write_wav(tmp_path_factory.mktemp("microphone") / "tone.wav", sound, rate=48000)
    async with Browser(file) as browser:
        yield browser


async def assert_both_ways(console: PageConsole, phone: TwilioSimulator) -> None:
    """The caller hears only the operator's tone, the operator only the caller's."""
    phone.speak_pcm(tone(CALLER_HZ, 1.5))
    operator_hears, caller_hears = await asyncio.gather(console.hear(1.2), phone_hears(phone, 1.0))
    operator_hears = operator_hears[-6400:]  # the tone comes through the page's buffer first
    assert share(operator_hears, CALLER_HZ) > 0.8
    assert share(operator_hears, OPERATOR_HZ) < 0.01
    assert share(caller_hears, OPERATOR_HZ) > 0.8
    assert share(caller_hears, CALLER_HZ) < 0.01


async def assert_still(console: PageConsole, call_id: str, *expected: str) -> None:
    """Since it was first bridged the call has been in these states only, offered and claimed once."""
    seen = [view["state"] for view in states(console, call_id)]
    assert seen[seen.index("bridged") + 1 :] == list(expected)
    assert len([offer for offer in console.all("incoming_call") if offer["callId"] == call_id]) == 1
    assert len([claim for claim in console.all("call_claimed") if claim["callId"] == call_id]) == 1


async def codecs_in_use(console: PageConsole) -> set[str]:
    """MIME types of what the page sends and receives."""
    entries = await console.page.evaluate("() => __harness.stats()")
    used = {entry.get("codecId") for entry in entries if entry["type"] in ("inbound-rtp", "outbound-rtp")}
    return {entry["mimeType"] for entry in entries if entry["type"] == "codec" and entry["id"] in used}


@pytest.mark.parametrize(
    ("sound", "codec"),
    [(OPUS, "audio/opus"), (PCMU, "audio/PCMU"), (RED_AND_DTX, "audio/opus")],
    ids=["opus", "pcmu", "red-and-dtx"],
)
async def test_operator_and_caller_hear_each_other(
    shared_server: ServerProcess, chromium: Browser, sound: dict[str, Any], codec: str
) -> None:
    async with PageConsole(shared_server, chromium, **sound) as console, phone_for(shared_server) as phone:
        await console.open_audio()
        await bridge(console, phone)
        await assert_both_ways(console, phone)
        assert await codecs_in_use(console) == {codec}


async def test_as_it_offers_by_itself(shared_server: ServerProcess, chromium: Browser) -> None:
    async with PageConsole(shared_server, chromium) as console, phone_for(shared_server) as phone:
        await console.open_audio()
        call_id = await bridge(console, phone)
        await assert_both_ways(console, phone)
        await assert_still(console, call_id)


async def test_both_ends_are_told_how_the_link_is(shared_server: ServerProcess, chromium: Browser) -> None:
    async with (
        Road(7) as road,
        PageConsole(shared_server, chromium, **OPUS) as console,
        phone_for(shared_server) as phone,
    ):
        console.road = road
        await console.open_audio()
        await bridge(console, phone)
        phone.speak_pcm(tone(CALLER_HZ, 12.0))
        async with asyncio.timeout(12):
            while (await console.wait("quality", len(console.all("quality")) + 1))["rttMs"] is None:
                pass
            while "roundTripTime" not in (told := await page_stats(console.page, "remote-inbound-rtp")):
                await console.wait("quality", len(console.all("quality")) + 1)
        quality = console.all("quality")[-1]
        assert quality["lossPct"] == 0
        assert quality["jitterMs"] >= 0
        assert 0 < quality["rttMs"] < 1000
        assert told["fractionLost"] == told["packetsLost"] == 0
        assert 0 < told["roundTripTime"] < 1
        received = await page_stats(console.page, "inbound-rtp")
        assert received["packetsLost"] == 0
        assert received["packetsReceived"] > 50
        assert received["jitterBufferEmittedCount"] > 0
        print(f"Chromium's buffer: {buffer_ms(received):.0f} ms")


def buffer_ms(received: dict[str, Any]) -> float:
    """Mean time in ms that a sample has spent in Chromium's jitter buffer."""
    return 1000 * float(received["jitterBufferDelay"]) / float(received["jitterBufferEmittedCount"])


async def test_a_pause_of_a_browser_that_sends_nothing_in_silence_is_no_loss(
    shared_server: ServerProcess, chromium: Browser
) -> None:
    async with (
        PageConsole(shared_server, chromium, **RED_AND_DTX) as console,
        phone_for(shared_server) as phone,
    ):
        await console.open_audio()
        call_id = await bridge(console, phone)
        await console.page.evaluate("() => { softphone.track.enabled = false; }")
        await phone_hears(phone, 0.5)
        before = (await page_stats(console.page, "outbound-rtp"))["packetsSent"]
        quiet = await phone_hears(phone, 3.0)
        sent = (await page_stats(console.page, "outbound-rtp"))["packetsSent"] - before
        assert 0 < sent < 50, "DTX sends next to nothing"
        assert share(quiet, OPERATOR_HZ) < 0.01
        await console.page.evaluate("() => { softphone.track.enabled = true; }")
        await phone_hears(phone, 0.3)
        await assert_both_ways(console, phone)
        await assert_still(console, call_id)


async def test_an_ice_restart_is_no_change_of_the_call(
    shared_server: ServerProcess, chromium: Browser
) -> None:
    async with PageConsole(shared_server, chromium, **OPUS) as console, phone_for(shared_server) as phone:
        await console.open_audio()
        call_id = await bridge(console, phone)
        began = phone.slots
        for _ in range(2):
            async with asyncio.timeout(3):
                print(f"connected again {await console.restart_ice():.0f} ms after restartIce")
        await assert_both_ways(console, phone)
        await assert_still(console, call_id)
        heard = list(phone.heard)[began - phone.slots :]
        silent = sum(not slot.buffered for slot in heard)
        print(f"{silent * 20} ms of silence for the caller in two restarts")
        assert not HOLD & {slot.payload for slot in heard}


@pytest.mark.parametrize("renew", ["restart", "afresh"])
async def test_a_change_of_network_keeps_the_claim(
    shared_server: ServerProcess, chromium: Browser, renew: str
) -> None:
    async with (
        Road(1) as old,
        Road(2) as new,
        PageConsole(shared_server, chromium, **OPUS) as console,
        phone_for(shared_server) as phone,
    ):
        console.road = old
        await console.open_audio()
        call_id = await bridge(console, phone)
        await assert_both_ways(console, phone)

        old.blocked = True
        await console.wait("call_state", 2, callId=call_id, state="connecting", within=4)
        await hears_hold(phone)
        phone.speak_pcm(tone(CALLER_HZ, 1.0))
        assert np.abs((await console.hear(1.0)).astype(int)).max() < 100, "nothing comes in"
        view = await shared_server.get(f"/api/calls/{call_id}")
        assert view["operator"]["name"] == "sam"

        console.road = new
        loop = asyncio.get_running_loop()
        began = loop.time()
        async with asyncio.timeout(3):
            await (console.restart_ice() if renew == "restart" else console.open_audio())
            connected = loop.time()
            await console.wait("call_state", 2, callId=call_id, state="bridged")
        print(f"connected {connected - began:.3f} s, bridged {loop.time() - began:.3f} s after the new offer")
        await assert_both_ways(console, phone)
        await assert_still(console, call_id, "connecting", "bridged")


async def test_a_connection_that_says_goodbye_leaves_hold_audio(
    shared_server: ServerProcess, chromium: Browser
) -> None:
    async with PageConsole(shared_server, chromium, **OPUS) as console, phone_for(shared_server) as phone:
        await console.open_audio()
        call_id = await bridge(console, phone)
        left = phone.slots
        await console.page.goto("about:blank")
        await hears_hold(phone, 1)
        assert phone.slots - left < WATCHDOG_SLOTS, "it did not take the watchdog"
        assert states(console, call_id)[-1]["operator"]["name"] == "sam"


async def test_a_tab_that_is_closed_leaves_hold_audio(
    shared_server: ServerProcess, chromium: Browser
) -> None:
    async with (
        Console(shared_server, "kim") as other,
        PageConsole(shared_server, chromium, **OPUS) as console,
        phone_for(shared_server) as phone,
    ):
        await console.open_audio()
        call_id = await bridge(console, phone)
        left = phone.slots
        await console.lose_tab()
        await hears_hold(phone, 1)
        assert phone.slots - left < WATCHDOG_SLOTS, "it did not take the watchdog"
        lost = await other.wait("call_state", 2, callId=call_id, state="connecting")
        assert lost["operator"]["name"] == "sam"


async def test_a_stranger_at_the_port_changes_nothing(
    shared_server: ServerProcess, chromium: Browser
) -> None:
    async with PageConsole(shared_server, chromium, **OPUS) as console, phone_for(shared_server) as phone:
        answer = await console.exchange(await console.first_offer())
        targets = [(host, int(port)) for host, port in _ADDRESS.findall(answer)]
        user = re.search(r"^a=ice-ufrag:(\S+)", answer, re.MULTILINE)
        assert targets
        assert user
        async with spraying(targets, user[1]):
            await phone_hears(phone, 0.2)  # it comes first, to every port that the answer names
            await console.take(answer)
            await console.connected()
            call_id = await bridge(console, phone)
            await assert_both_ways(console, phone)
        await assert_both_ways(console, phone)
        await assert_still(console, call_id)


async def test_candidates_that_come_after_the_offer(shared_server: ServerProcess, chromium: Browser) -> None:
    async with (
        PageConsole(shared_server, chromium, early=False, **OPUS) as console,
        phone_for(shared_server) as phone,
    ):
        trickled: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()
        await console.page.expose_function("trickled", lambda candidate: trickled.put_nowait(candidate))
        offer = await console.first_offer()
        assert "a=candidate" not in offer
        await console.take(await console.exchange(offer))
        candidate: dict[str, Any] | None = {}
        while candidate is not None:
            candidate = await asyncio.wait_for(trickled.get(), 5)
            ack = await console.command("candidate", candidate=candidate)
            assert ack["ok"], (candidate, ack)
        await console.connected()
        await bridge(console, phone)
        await assert_both_ways(console, phone)


async def test_a_page_that_names_no_candidate_at_all_still_finds_the_server(
    shared_server: ServerProcess, chromium: Browser
) -> None:
    async with (
        PageConsole(shared_server, chromium, early=False, **OPUS) as console,
        phone_for(shared_server) as phone,
    ):
        answer = await console.exchange(await console.first_offer())
        assert (await console.command("candidate", candidate=None))["ok"]
        await console.take(answer)
        await console.connected()
        await bridge(console, phone)
        await assert_both_ways(console, phone)


@pytest.mark.parametrize("names", ["resolvable", "unknown"])
async def test_a_page_whose_addresses_chromium_hides(
    shared_server: ServerProcess, chromium: Browser, names: str
) -> None:
    """Without a microphone a page's candidates are `.local` names, which only its own network resolves."""
    async with (
        PageConsole(shared_server, chromium, granted=(), source="oscillator", **OPUS) as console,
        phone_for(shared_server) as phone,
    ):
        offer = await console.first_offer()
        hosts = re.findall(r"^a=candidate:\S+ 1 udp \d+ (\S+)", offer, re.MULTILINE)
        assert hosts
        assert all(host.endswith(".local") for host in hosts)
        if names == "unknown":
            for host in hosts:
                offer = offer.replace(host, f"{uuid.uuid4()}.local")
        print(f"connected {await console.connect_audio(offer):.0f} ms after the offer with {names} names")
        await bridge(console, phone)
        await assert_both_ways(console, phone)
