"""Agents and the phone app, both over real sockets: the guide's rows on the line that it was made for."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.harness.adb_device import AdbDevice
from tests.harness.adb_server import AdbServer
from tests.harness.agent import AgentConsole
from tests.harness.phone_app import SimulatedPhone
from tests.harness.server import ServerProcess

pytestmark = pytest.mark.asyncio(loop_scope="module")
SETTINGS: dict[str, object] = {}
LOVELY = "Lovely. How many would you like?"


async def test_texts_that_were_put_in_come_first_and_one_a_poll(module_server: ServerProcess) -> None:
    async with AgentConsole(module_server) as agent, SimulatedPhone(module_server.url) as phone:
        await phone.greet()
        session = phone.session_id
        await agent.send("inject", session_id=session, text="First of all.")
        await agent.send("inject", session_id=session, text="Secondly.")
        assert (await agent.ask("takeover", session_id=session))["ok"]
        assert [(await phone.say(text="Hello?")).reply for _ in range(2)] == ["First of all.", "Secondly."]
        assert agent.all("turn.request") == []
        assert [event["model"] for event in agent.all("turn.complete", session_id=session)][-2:] == [
            "inject", "inject",
        ]  # fmt: skip
        saying = asyncio.ensure_future(phone.say(text="Who is there?"))
        request = await agent.wait("turn.request")
        assert (request["session_id"], request["transcript"]) == (session, "Who is there?")
        await agent.reply(request, "It is me.")
        assert (await saying).reply == "It is me."
        assert (await agent.ask("release", session_id=session))["ok"]
        assert (await phone.say(text="bagels")).reply.endswith(LOVELY)
        assert len(agent.all("turn.request")) == 1


async def test_an_agent_that_dies_mid_turn_leaves_the_turn_to_the_bot(module_server: ServerProcess) -> None:
    async with AgentConsole(module_server) as watcher, SimulatedPhone(module_server.url) as phone:
        await phone.greet()
        async with AgentConsole(module_server) as agent:
            assert (await agent.ask("takeover", session_id=phone.session_id))["ok"]
            saying = asyncio.ensure_future(phone.say(text="bagels"))
            await agent.wait("turn.request")
        assert (await saying).reply.endswith(LOVELY)
        assert await watcher.wait("agent.release", session_id=phone.session_id)
        assert (await module_server.get("/api/status"))["pending_turns"] == 0


async def test_a_session_that_is_ended_takes_no_more_turns(module_server: ServerProcess) -> None:
    async with AgentConsole(module_server) as agent, SimulatedPhone(module_server.url) as phone:
        await phone.greet()
        session = phone.session_id
        assert (await agent.ask("takeover", session_id=session))["ok"]
        assert await agent.ask("end_session", session_id=session) == {
            "type": "end_session.ack", "ok": True, "session_id": session,
        }  # fmt: skip
        assert await agent.wait("session.ended", session_id=session)
        assert (await agent.wait("takeover.lost", session_id=session))["reason"] == "ended"
        turn = await phone.say(text="Hello?")
        assert (turn.body["ended"], turn.body["hangup"]) == (True, True)
        assert agent.all("turn.request") == []
        state = await agent.ask("get_call_state", "call_state", session_id=session)
        assert (state["ok"], state["active"], state["status"]) == (True, False, "ended")
        assert isinstance(state["ended_at"], float)


async def test_a_phone_that_does_not_ask_any_more_ends_its_session(tmp_path: Path) -> None:
    async with (
        ServerProcess(tmp_path, session_ttl=1) as server,
        AgentConsole(server) as agent,
        SimulatedPhone(server.url) as phone,
    ):
        await phone.greet()
        ended = await agent.wait("session.ended", session_id=phone.session_id)
        assert ended["reason"] == "line_lost"
        assert (await agent.ask("takeover", session_id=phone.session_id))["ok"] is False
        assert await server.get("/api/agent/sessions") == []


async def test_programs_dial_and_hang_up_by_rest_and_agents_hear_of_it(tmp_path: Path) -> None:
    async with AdbServer(tmp_path) as adb, AdbDevice() as device:
        await adb.connect(device.serial)
        async with ServerProcess(tmp_path, adb.address) as server, AgentConsole(server) as agent:
            await device.wait_for_reverse("tcp:8996", f"tcp:{server.port}")
            assert (await server.post("/api/call/dial", {"number": "+49 30 99"}))["ok"]
            assert (await agent.wait("call.dial"))["number"] == "+49 30 99"
            async with SimulatedPhone(server.url, number="+493099", direction="outgoing") as phone:
                await phone.ring()
                await phone.greet()
                outcome = await agent.wait("call.outcome", session_id=phone.session_id)
                assert (outcome["ok"], outcome["number"]) == (True, "+49 30 99")
                # The only session need not be named.
                hung_up = await server.post("/api/call/hangup", {"session_id": ""})
                assert (hung_up["ok"], hung_up["session_id"]) == (True, phone.session_id)
                assert (await agent.wait("call.hangup"))["data"] == {
                    "ok": True, "detail": hung_up["detail"], "session_id": phone.session_id,
                }  # fmt: skip
                assert (await phone.say(text="Hello?")).body["hangup"] is True
            # Without any session the phone alone is told.
            ack = await agent.ask("hangup")
            assert (ack["ok"], ack["session_id"]) == (True, "")
            types = [told.split("--es type ")[1].split()[0] for told in device.broadcasts]
            assert types == ["dial", "hangup", "hangup"]
