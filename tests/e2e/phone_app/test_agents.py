"""Software agents and a phone that fetches whole replies: texts put in, turns taken over, agents failing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from bridge.call.agent_side import Loss, NoReply
from bridge.directory import Holder
from bridge.errors import BridgeError
from tests.harness.inside import InsideServer
from tests.harness.phone_app import SimulatedPhone
from tests.harness.tones import tone

PATIENCE = 20.0


class Agent:
    """An agent's connection: answers with `reply`, or waits where that is None, or fails where it is ""."""

    def __init__(self, name: str = "Ada", reply: str | None = "I am an agent.") -> None:
        self.holder = Holder(f"agent-{name}", name, "agent")
        self.reply = reply
        self.asked: list[str] = []
        self.losses: list[Loss] = []
        self.was_asked = asyncio.Event()
        self.may_answer = asyncio.Event()

    async def ask(self, call_id: str, transcript: str, within: float | None) -> str:
        self.asked.append(transcript)
        self.was_asked.set()
        if self.reply is None:
            await self.may_answer.wait()
        if not self.reply:
            raise NoReply("It says nothing.")
        return self.reply

    def lost(self, call_id: str, reason: Loss, by: Holder | None) -> None:
        self.losses.append(reason)


@pytest.fixture
async def inside(tmp_path: Path) -> AsyncIterator[InsideServer]:
    async with InsideServer(tmp_path) as server:
        yield server


async def test_an_agent_that_has_taken_over_answers_the_phone(inside: InsideServer) -> None:
    agent = Agent()
    async with SimulatedPhone(inside.url) as phone:
        await phone.greet()
        await inside.runtime.switchboard.take_over(phone.session_id, agent)
        turn = await phone.say(text="Who is there?")
        assert turn.reply == "I am an agent."
        assert turn.body["model"] == "agent"
        assert agent.asked == ["Who is there?"]
        await inside.runtime.switchboard.give_back(phone.session_id, agent)
        after = await phone.say(text="bagels")
        assert "How many would you like?" in after.reply
        assert after.body["model"] == "flow"
        assert agent.asked == ["Who is there?"]


async def test_a_turn_that_an_agent_does_not_answer_is_the_bots(inside: InsideServer) -> None:
    agent = Agent(reply="")
    async with SimulatedPhone(inside.url) as phone:
        await phone.greet()
        await inside.runtime.switchboard.take_over(phone.session_id, agent)
        assert (await phone.say(text="bagels")).reply == "Lovely. How many would you like?"
        agent.reply = "Now I do."
        assert (await phone.say(text="hello?")).reply == "Now I do."


async def test_what_comes_too_late_for_one_answer_comes_with_the_next(inside: InsideServer) -> None:
    agent = Agent(reply=None)
    inside.runtime.phone_app.desk = replace(inside.runtime.phone_app.desk, answer_within=0.5)
    async with SimulatedPhone(inside.url) as phone:
        await phone.greet()
        call = await inside.runtime.switchboard.take_over(phone.session_id, agent)
        assert (await phone.say(text="Who is there?")).reply == "One moment please."
        agent.reply = "Me, after a while."
        agent.may_answer.set()
        assert await call.polling.until(lambda: call.polling.waiting, PATIENCE)
        assert (await phone.say()).reply == "Me, after a while."


async def test_more_turns_at_once_than_a_phone_can_have_are_refused(inside: InsideServer) -> None:
    agent = Agent(reply=None)
    async with SimulatedPhone(inside.url) as phone:
        await phone.greet()
        await inside.runtime.switchboard.take_over(phone.session_id, agent)
        waiting = [asyncio.ensure_future(phone.say(tone(300 + n, 0.1), text=f"word {n}")) for n in range(3)]
        done, pending = await asyncio.wait(waiting, timeout=PATIENCE, return_when=asyncio.FIRST_COMPLETED)
        assert [("busy" in str(task.exception())) for task in done] == [True]
        agent.reply = "Yes."
        agent.may_answer.set()
        async with asyncio.timeout(PATIENCE):
            assert [(await task).reply for task in pending] == ["Yes.", "Yes."]


async def test_noise_is_not_asked_of_an_agent(inside: InsideServer) -> None:
    agent = Agent()
    async with SimulatedPhone(inside.url) as phone:
        await phone.greet()
        await inside.runtime.switchboard.take_over(phone.session_id, agent)
        turn = await phone.say()
        assert (turn.reply, turn.played) == ("", None)
        assert agent.asked == []


async def test_who_takes_over_while_the_phone_waits_gets_its_turn(inside: InsideServer) -> None:
    slow, fast = Agent("Slow", reply=None), Agent("Fast", reply="Me.")
    async with SimulatedPhone(inside.url) as phone:
        await phone.greet()
        await inside.runtime.switchboard.take_over(phone.session_id, slow)
        waiting = asyncio.ensure_future(phone.say(text="Who is there?"))
        async with asyncio.timeout(PATIENCE):
            await slow.was_asked.wait()
        await inside.runtime.switchboard.take_over(phone.session_id, fast)
        async with asyncio.timeout(PATIENCE):
            assert (await waiting).reply == "Me."
        assert slow.losses == ["superseded"]
        assert fast.asked == ["Who is there?"]


async def test_a_call_that_ends_while_the_phone_waits_is_hung_up_at_once(inside: InsideServer) -> None:
    agent = Agent(reply=None)
    async with SimulatedPhone(inside.url) as phone:
        await phone.greet()
        call = await inside.runtime.switchboard.take_over(phone.session_id, agent)
        waiting = asyncio.ensure_future(phone.say(text="Who is there?"))
        async with asyncio.timeout(PATIENCE):
            await agent.was_asked.wait()
            call.bot_hung_up()
            turn = await waiting
        assert turn.body["hangup"] is True
        assert agent.losses == ["ended"]


async def test_texts_that_are_put_in_come_one_a_turn_and_before_the_agent(inside: InsideServer) -> None:
    agent, sessions = Agent(), inside.runtime.sessions
    async with SimulatedPhone(inside.url) as phone:
        await phone.greet()
        sessions.inject(phone.session_id, "One moment.")
        await inside.runtime.switchboard.take_over(phone.session_id, agent)
        sessions.inject(phone.session_id, "Still here.")
        replies = [await phone.say(text=f"word {number}") for number in range(3)]
        assert [turn.reply for turn in replies] == ["One moment.", "Still here.", "I am an agent."]
        assert [turn.body["model"] for turn in replies] == ["inject", "inject", "agent"]
        assert [turn.body["transcript"] for turn in replies] == ["", "", "word 2"]
        assert agent.asked == ["word 2"]


async def test_texts_are_bounded_in_length_and_number(inside: InsideServer) -> None:
    sessions = inside.runtime.sessions
    async with SimulatedPhone(inside.url) as phone:
        await phone.greet()
        for text in ("", " \n", "x" * 2001):
            with pytest.raises(BridgeError, match="1 to 2000"):
                sessions.inject(phone.session_id, text)
        for number in range(20):
            sessions.inject(phone.session_id, f"Text {number}.")
        with pytest.raises(BridgeError) as full:
            sessions.inject(phone.session_id, "One more.")
        assert full.value.code == "busy"
        with pytest.raises(BridgeError) as unknown:
            sessions.inject("nobody", "Hello?")
        assert unknown.value.code == "gone"
        assert (await phone.say()).reply == "Text 0."


async def test_a_recording_that_is_posted_twice_is_recognised_once(inside: InsideServer) -> None:
    async with SimulatedPhone(inside.url) as phone:
        await phone.greet()
        before = inside.runtime.phone_app.desk.transcripts.recognised
        await phone.say(bytes(4800))
        assert inside.runtime.phone_app.desk.transcripts.recognised == before + 1


async def test_a_phone_that_does_not_ask_any_more_is_given_up(tmp_path: Path) -> None:
    async with InsideServer(tmp_path, session_ttl=0.4) as server, SimulatedPhone(server.url) as phone:
        await phone.greet()
        call = server.runtime.switchboard.find(phone.session_id)
        assert call is not None
        async with asyncio.timeout(PATIENCE):
            assert await call.polling.until(lambda: call.ended, PATIENCE)
        assert call.end is not None
        assert call.end.value == "line_lost"
        assert (await phone.say(text="hello?")).body["hangup"] is True


async def test_a_turn_that_takes_long_is_no_silence(tmp_path: Path) -> None:
    agent = Agent(reply=None)
    async with InsideServer(tmp_path, session_ttl=0.3) as server, SimulatedPhone(server.url) as phone:
        await phone.greet()
        call = await server.runtime.switchboard.take_over(phone.session_id, agent)
        waiting = asyncio.ensure_future(phone.say(text="Who is there?"))
        assert not await call.polling.until(lambda: call.ended, 1.0)
        agent.reply = "Me, after a while."
        agent.may_answer.set()
        async with asyncio.timeout(PATIENCE):
            assert (await waiting).reply == "Me, after a while."


async def test_a_call_beyond_its_longest_time_is_ended_by_us_too(tmp_path: Path) -> None:
    async with InsideServer(tmp_path) as server, SimulatedPhone(server.url) as phone:
        server.runtime.phone_app.desk.config.update({"max_duration_sec": 1})
        await phone.greet()
        async with asyncio.timeout(60):
            while phone.on_call:
                turn = await phone.say()
        assert turn.reply == "I am sorry, we have reached the longest time that a call may take. Goodbye."
        assert turn.body["hangup"] is True


async def test_a_caller_who_finds_every_line_busy_is_told_so(tmp_path: Path) -> None:
    async with (
        InsideServer(tmp_path, max_calls=1) as server,
        SimulatedPhone(server.url) as first,
        SimulatedPhone(server.url) as second,
    ):
        await first.greet()
        turn = await second.greet()
        assert (turn.body["rejected"], turn.body["reason"]) == (True, "over_capacity")
        assert "busy" in turn.reply
        assert not second.on_call


async def test_with_an_agent_token_the_phones_bearer_must_match(tmp_path: Path) -> None:
    async with InsideServer(tmp_path, agent_token="localdev") as server:
        async with SimulatedPhone(server.url, bearer="localdev") as phone:
            assert (await phone.greet()).reply
        async with SimulatedPhone(server.url, bearer="other") as phone:
            assert not await phone.ring()
            with pytest.raises(AssertionError, match="error"):
                await phone.greet()
