"""The operator drops out of a bridged call."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from bridge.media.opus import OpusEncoder
from bridge.media.rtp import RtpPacket, serialise_rtp
from tests.harness.console import Console
from tests.harness.handoff import (
    HOLD,
    bridge,
    call_of,
    hears_hold,
    phone_for,
    phone_hears,
    since_clear,
    states,
)
from tests.harness.offers import CHROMIUM
from tests.harness.peer_console import PeerConsole
from tests.harness.raw_socket import RawSocket
from tests.harness.server import ServerProcess
from tests.harness.tones import dominance, tone

pytestmark = pytest.mark.asyncio(loop_scope="session")

OPERATOR_HZ = 1000.0
SOUND = tone(OPERATOR_HZ, 1.0)


async def test_an_operator_who_comes_back_has_the_call_again(shared_server: ServerProcess) -> None:
    async with Console(shared_server, "kim") as watcher, phone_for(shared_server) as phone:
        async with Console(shared_server, idle=SOUND) as console:
            await console.wait("welcome")
            await console.open_audio()
            call_id = await bridge(console, phone)
        dropped = await watcher.wait("call_state", 2, callId=call_id, state="connecting")
        assert (dropped["operator"]["name"], dropped["speaker"]) == ("sam", "hold")
        await hears_hold(phone)
        async with Console(shared_server, idle=SOUND) as back:
            welcome = await back.wait("welcome")
            mine = [view for view in welcome["calls"] if view["callId"] == call_id]
            assert mine[0]["operator"] == {"id": welcome["operator"]["id"], "name": "sam"}
            await back.open_audio()
            await back.wait("call_state", callId=call_id, state="bridged")
            assert dominance(await phone_hears(phone, 0.5), OPERATOR_HZ) > 0.9
            assert not HOLD & set(since_clear(phone)[1])
            again = await back.command("accept_call", callId=call_id)
            assert again["ok"], "accepting what one has already is no error"
        assert len(watcher.all("incoming_call")) == 1, "nobody else was rung"


async def test_sound_that_stops_counts_as_an_operator_who_is_gone(shared_server: ServerProcess) -> None:
    async with PeerConsole(shared_server, idle=SOUND) as console, phone_for(shared_server) as phone:
        await console.open_audio()
        call_id = await bridge(console, phone)
        console.mute = True
        await console.wait("call_state", 2, callId=call_id, state="connecting", within=6)
        await hears_hold(phone)
        console.mute = False
        await console.wait("call_state", 2, callId=call_id, state="bridged")
        assert dominance(await phone_hears(phone, 0.5), OPERATOR_HZ) > 0.9


async def test_an_operator_who_is_silent_by_dtx_is_still_there(shared_server: ServerProcess) -> None:
    """Browsers say by an empty Opus frame that nothing is to be heard, and repeat it every 400 ms."""
    async with PeerConsole(shared_server, idle=SOUND) as console, phone_for(shared_server) as phone:
        await console.open_audio()
        call_id = await bridge(console, phone)
        assert console.own is not None
        transport, quiet = console.own._transport, OpusEncoder(8000).encode(bytes(320))
        console.mute = True
        for number in range(10):
            for place, payload in enumerate((quiet, b"\x08")):
                packet = RtpPacket(111, 2 * number + place, (21 * number + place) * 960, 77, payload)
                assert transport.send_rtp(serialise_rtp(packet))
            await phone_hears(phone, 0.42)
        assert [view["state"] for view in states(console, call_id)].count("connecting") == 1
        console.mute = False
        assert dominance((await phone_hears(phone, 0.5))[3200:], OPERATOR_HZ) > 0.9
        assert states(console, call_id)[-1]["state"] == "bridged"


async def test_an_operator_who_drops_while_the_caller_is_on_hold_can_come_back(
    shared_server: ServerProcess,
) -> None:
    async with phone_for(shared_server) as phone:
        async with PeerConsole(shared_server, idle=SOUND) as console:
            await console.wait("welcome")
            await console.open_audio()
            call_id = await bridge(console, phone)
            await console.command("hold_call", callId=call_id, on=True)
            await hears_hold(phone)
        async with PeerConsole(shared_server, idle=SOUND) as back:
            await back.open_audio()
            await back.wait("call_state", callId=call_id, state="bridged")
            assert dominance(await phone_hears(phone, 0.5), OPERATOR_HZ) > 0.9


async def test_a_killed_tab_gives_hold_audio_and_then_a_new_offer(shared_server: ServerProcess) -> None:
    """The one test that sits out the ten seconds in which the operator might return."""
    async with Console(shared_server, "kim", idle=SOUND) as watcher:
        await watcher.open_audio()
        tab = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.harness.tab",
            str(shared_server.port),
            await shared_server.token("sam"),
            stdout=asyncio.subprocess.PIPE,
            cwd=Path(__file__).parents[2],
        )
        assert tab.stdout is not None
        try:
            assert (await asyncio.wait_for(tab.stdout.readline(), 20)).strip() == b"standby"
            async with phone_for(shared_server) as phone:
                call_id = await call_of(watcher, phone)
                await shared_server.post(f"/api/calls/{call_id}/handoff", status=202)
                await watcher.wait("call_state", callId=call_id, state="bridged")
                tab.kill()
                await watcher.wait("call_state", 2, callId=call_id, state="connecting", within=3)
                await hears_hold(phone)
                refused = await watcher.command("accept_call", callId=call_id)
                assert refused["error"]["code"] == "already_claimed"
                assert refused["operator"]["name"] == "sam"
                await watcher.wait("incoming_call", 2, callId=call_id, within=15)
                assert states(watcher, call_id)[-1]["operator"] is None
                assert (await watcher.command("accept_call", callId=call_id))["ok"]
                await watcher.wait("call_state", 2, callId=call_id, state="bridged")
                assert dominance(await phone_hears(phone, 0.5), OPERATOR_HZ) > 0.9
                assert not HOLD & set(since_clear(phone)[1])
        finally:
            if tab.returncode is None:
                tab.kill()
            await tab.wait()


async def test_a_second_tab_that_never_gets_through_takes_nothing_along_when_it_closes(
    shared_server: ServerProcess,
) -> None:
    async with PeerConsole(shared_server, idle=SOUND) as console, phone_for(shared_server) as phone:
        await console.open_audio()
        call_id = await bridge(console, phone)
        for goodbye in ("41/operator,", None):
            async with RawSocket(shared_server) as tab:
                await tab.join({"token": await shared_server.token()})
                assert (await tab.event("offer", {"sdp": CHROMIUM}))["ok"]
                if goodbye is not None:
                    await tab.send(goodbye)
            # Longer than a socket that breaks off is waited for.
            assert dominance((await phone_hears(phone, 4.0))[-16_000:], OPERATOR_HZ) > 0.9
        assert [view["state"] for view in states(console, call_id)][-1] == "bridged"
        assert console.own is not None
        assert console.own.state == "connected"
