"""Who is sent what is said: everybody all of it, unless they ask for what their screen shows."""

from __future__ import annotations

import pytest

from telephony.twilio.simulator import TwilioSimulator
from tests.harness.console import Console
from tests.harness.handoff import call_of, hand_off, phone_for
from tests.harness.server import ServerProcess

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def typed(phone: TwilioSimulator, keys: str, reader: Console) -> None:
    """Have the caller type, and wait until it stands in the thread."""
    for key in keys:
        await phone.press(key)
    while keys not in words(reader, await call_of(reader, phone)):
        await reader.wait("transcript", len(reader.all("transcript")) + 1)


def words(console: Console, call_id: str) -> list[str]:
    """What the console was told was said in this call."""
    messages = [t["message"] for t in console.all("transcript") if t["callId"] == call_id]
    return [message["text"] for message in messages if message["final"]]


async def test_who_asks_for_it_reads_the_calls_that_ring_and_the_one_that_they_took_last(
    shared_server: ServerProcess,
) -> None:
    sam, kim = Console(shared_server, "sam"), Console(shared_server, "kim")
    async with Console(shared_server, "sam") as reader, phone_for(shared_server) as phone:
        await sam.connect(transcripts="mine")
        await kim.connect(transcripts="mine")
        try:
            call_id = await call_of(reader, phone)
            await typed(phone, "1#", reader)
            await hand_off(reader, phone)
            await sam.wait("incoming_call")
            await kim.wait("incoming_call")
            await typed(phone, "2#", reader)
            assert (await kim.command("accept_call", callId=call_id))["ok"]
            await typed(phone, "3#", reader)
            assert (await kim.command("release_call", callId=call_id))["ok"]
            await typed(phone, "4#", reader)
            await hand_off(reader, phone)
            assert (await sam.command("decline_call", callId=call_id))["ok"]
            await typed(phone, "5#", reader)
            # Each console's events come in order: when these are there, so is all that came before.
            for console in (sam, kim):
                await console.command("set_presence", status="available")
            seen = [
                [text for text in words(console, call_id) if text.endswith("#")]
                for console in (reader, sam, kim)
            ]
            assert seen == [["1#", "2#", "3#", "4#", "5#"], ["2#"], ["2#", "3#", "4#", "5#"]]
        finally:
            await sam.leave()
            await kim.leave()
