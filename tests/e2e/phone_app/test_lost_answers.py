"""A phone whose first answer got lost on the way goes on in the call that it began."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.harness.inside import InsideServer
from tests.harness.phone_app import SimulatedPhone

OPENING = "What can I bake for you: bagels, muffins, or cookies?"


@pytest.fixture
async def inside(tmp_path: Path) -> AsyncIterator[InsideServer]:
    async with InsideServer(tmp_path) as server:
        yield server


async def begin_in_vain(server: InsideServer, phone: SimulatedPhone) -> None:
    """The phone's call begins, and nobody is there for the answer."""
    spoken = asyncio.Event()
    server.runtime.log.subscribe(None, lambda message: spoken.set())
    await phone.greet_in_vain()
    async with asyncio.timeout(20):
        await spoken.wait()


def calls(server: InsideServer) -> list[str]:
    return [call.caller.call_id for call in server.runtime.switchboard.live]


@pytest.mark.parametrize("number", ["+4930123456", ""])
async def test_a_greeting_that_is_posted_again_begins_no_second_call(
    inside: InsideServer, number: str
) -> None:
    async with SimulatedPhone(inside.url, number=number) as phone:
        await begin_in_vain(inside, phone)
        turn = await phone.greet()
        assert turn.reply.startswith("Hello, this is the owner's assistant.")
        assert turn.reply.endswith(OPENING)
        assert calls(inside) == [phone.session_id]
        assert (await phone.say(text="bagels")).reply == "Lovely. How many would you like?"
        call = inside.runtime.switchboard.live[0]
        await call.thread.settle(20)
        said = [message.text for message in call.thread.recent(20)]
        assert said.count("Hello, this is the owner's assistant.") == 1


async def test_a_phone_that_goes_on_without_its_greeting_is_in_the_same_call(inside: InsideServer) -> None:
    async with SimulatedPhone(inside.url) as phone:
        await begin_in_vain(inside, phone)
        assert "How many would you like?" in (await phone.say(text="bagels")).reply
        assert calls(inside) == [phone.session_id]


async def test_a_greeting_that_comes_twice_on_one_connection_is_one_call(inside: InsideServer) -> None:
    async with SimulatedPhone(inside.url) as phone:
        first, second = await phone.greet(), await phone.greet()
        assert first.body == second.body
        assert calls(inside) == [phone.session_id]
        await phone.say(text="bagels")
        # Once something was said, the same greeting is the next call's.
        assert (await phone.greet()).body["session_id"] != first.body["session_id"]


@pytest.mark.parametrize("number", ["+4930123456", ""])
async def test_two_phones_with_the_same_caller_have_a_call_each(inside: InsideServer, number: str) -> None:
    async with (
        SimulatedPhone(inside.url, number=number) as one,
        SimulatedPhone(inside.url, number=number) as other,
    ):
        await asyncio.gather(one.greet(), other.greet())
        assert one.session_id != other.session_id
        assert sorted(calls(inside)) == sorted([one.session_id, other.session_id])
