"""Our own peer as the operator's end: the path that `patchbay operator` uses."""

from __future__ import annotations

import pytest

from tests.harness.handoff import bridge, phone_for, phone_hears
from tests.harness.peer_console import PeerConsole
from tests.harness.server import ServerProcess
from tests.harness.tones import dominance, share, tone

pytestmark = pytest.mark.asyncio(loop_scope="session")

CALLER_HZ, OPERATOR_HZ = 440.0, 1000.0
SOUND = tone(OPERATOR_HZ, 1.0)


async def test_both_ways(shared_server: ServerProcess) -> None:
    async with PeerConsole(shared_server, idle=SOUND) as console, phone_for(shared_server) as phone:
        await console.open_audio()
        call_id = await bridge(console, phone)
        phone.speak_pcm(tone(CALLER_HZ, 2.0))
        operator_hears = (await console.wait_heard(1.0))[4000:]
        caller_hears = await phone_hears(phone, 0.5)
        assert dominance(operator_hears, CALLER_HZ) > 0.9
        assert share(operator_hears, OPERATOR_HZ) < 0.01
        assert dominance(caller_hears, OPERATOR_HZ) > 0.9
        assert share(caller_hears, CALLER_HZ) < 0.01
        quality = await console.wait("quality", 2, callId=call_id)
        assert quality["callerLevel"] > -30
        assert quality["operatorLevel"] > -30
        assert quality["lossPct"] == 0
        assert quality["rttMs"] is None or quality["rttMs"] >= 0
        assert set(quality) == {
            "callId", "at", "rttMs", "jitterMs", "lossPct", "bufferMs", "callerLevel", "operatorLevel",
            "transcriptBehindS",
        }  # fmt: skip


async def test_a_renewed_offer_takes_over_without_a_gap_in_the_call(shared_server: ServerProcess) -> None:
    async with PeerConsole(shared_server, idle=SOUND) as console, phone_for(shared_server) as phone:
        await console.open_audio()
        call_id = await bridge(console, phone)
        await console.open_audio()
        assert dominance(await phone_hears(phone, 0.5), OPERATOR_HZ) > 0.9
        view = await shared_server.get(f"/api/calls/{call_id}")
        assert view["state"] == "bridged"
