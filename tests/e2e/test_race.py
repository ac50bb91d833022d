"""Two operators want the same call."""

from __future__ import annotations

import asyncio

import pytest

from tests.harness.console import Console
from tests.harness.handoff import hand_off, phone_for
from tests.harness.server import ServerProcess

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_one_of_two_wins_a_hundred_times_and_the_other_is_told_who(
    shared_server: ServerProcess,
) -> None:
    async with Console(shared_server, "sam") as sam, Console(shared_server, "kim") as kim:
        for turn in range(100):
            first, second = (sam, kim) if turn % 2 else (kim, sam)
            async with phone_for(shared_server) as phone:
                call_id = (await hand_off(sam, phone))["callId"]
                acks = await asyncio.gather(
                    first.command("accept_call", callId=call_id),
                    second.command("accept_call", callId=call_id),
                )
                assert sorted(ack["ok"] for ack in acks) == [False, True], acks
                winner, loser = (first, second) if acks[0]["ok"] else (second, first)
                won, lost = acks if acks[0]["ok"] else reversed(acks)
                assert won["call"]["operator"]["name"] == winner.name
                assert lost["error"]["code"] == "already_claimed"
                assert lost["operator"] == won["call"]["operator"]
                for console in (winner, loser):
                    told = await console.wait("call_claimed", callId=call_id)
                    assert told["operator"] == won["call"]["operator"]
                view = await shared_server.get(f"/api/calls/{call_id}")
                assert (view["state"], view["operator"]["name"]) == ("connecting", winner.name)
                stolen = await loser.command("hangup_call", callId=call_id)
                assert stolen["error"]["code"] == "not_yours"
                assert (await winner.command("hangup_call", callId=call_id))["ok"]
                await phone.closed(5)


async def test_one_operator_cannot_take_two_calls(shared_server: ServerProcess) -> None:
    async with (
        Console(shared_server) as console,
        phone_for(shared_server) as one,
        phone_for(shared_server) as other,
    ):
        first = await hand_off(console, one)
        second = await hand_off(console, other)
        acks = await asyncio.gather(
            console.command("accept_call", callId=first["callId"]),
            console.command("accept_call", callId=second["callId"]),
        )
        assert sorted(ack["ok"] for ack in acks) == [False, True]
        refused = next(ack for ack in acks if not ack["ok"])
        assert refused["error"]["code"] == "busy"


async def test_two_tabs_of_one_operator_are_one_operator(shared_server: ServerProcess) -> None:
    async with (
        Console(shared_server) as one,
        Console(shared_server) as other,
        phone_for(shared_server) as phone,
    ):
        call_id = (await hand_off(one, phone))["callId"]
        acks = await asyncio.gather(
            one.command("accept_call", callId=call_id), other.command("accept_call", callId=call_id)
        )
        assert [ack["ok"] for ack in acks] == [True, True]
        assert len(one.all("call_claimed")) == 1
