"""The client against an alive5-compatible server over a real socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from bridge.ports import Speaker
from bridge.thread.alive5 import Alive5Client, Alive5Config
from bridge.thread.errors import Alive5Lost, Alive5Unavailable
from tests.alive5_server import Alive5Server

IDS = {"thread_id": "11112222-thread", "crm_id": "crm", "channel_id": "channel"}


def config_of(server: Alive5Server) -> Alive5Config:
    """How to reach `server`, without long waits."""
    return Alive5Config(server.url, server.key, org="Acme", ack_timeout_s=0.3, settle_s=0.05)


@pytest.fixture
async def client(alive5: Alive5Server) -> AsyncIterator[Alive5Client]:
    """A client of `alive5`, unconnected."""
    client = Alive5Client(config_of(alive5), *IDS.values())
    yield client
    await client.close()


async def test_it_introduces_itself_as_a_voice_agent_of_the_thread(
    alive5: Alive5Server, client: Alive5Client
) -> None:
    await client.connect()
    expected = {"type": "voice_agent", "x-a5-apikey": "test-key", **IDS}
    assert expected.items() <= alive5.queries[0].items()
    assert alive5.sent("init_voice_agent") == [IDS]
    assert client.voice_agent_id == "voice_agent_phone_11112222"


@pytest.mark.parametrize("speaker", ["bot", "human", "agent", "system"])
async def test_what_our_side_says_is_authored_by_the_voice_agent(
    alive5: Alive5Server, client: Alive5Client, speaker: Speaker
) -> None:
    await client.connect()
    await client.post_message(speaker, "Hello.")
    assert alive5.sent("post_message") == [
        {
            "thread_id": IDS["thread_id"],
            "crm_id": "crm",
            "message_content": "Hello.",
            "message_type": "livechat",
            "voiceAgentId": "voice_agent_phone_11112222",
        }
    ]


async def test_what_the_caller_says_is_authored_by_the_consumer(
    alive5: Alive5Server, client: Alive5Client
) -> None:
    await client.connect()
    await client.post_message("caller", "Hi.")
    (payload,) = alive5.sent("post_message")
    assert payload["message_content"] == "Hi."
    assert "voiceAgentId" not in payload


async def test_contact_fields_and_the_end_of_the_chat_carry_their_ids(
    alive5: Alive5Server, client: Alive5Client
) -> None:
    await client.connect()
    await client.save_crm_data("email", "a@b.c")
    await client.end_voice_chat("human_agent", "Bye.")
    assert alive5.sent("save_crm_data") == [
        {"crm_id": "crm", "thread_id": IDS["thread_id"], "key": "email", "value": "a@b.c"}
    ]
    assert alive5.sent("end_voice_chat") == [
        {
            "end_by": "human_agent",
            "message_content": "Bye.",
            "org_name": "Acme",
            "thread_id": IDS["thread_id"],
            "voice_agent_id": "voice_agent_phone_11112222",
        }
    ]


async def test_nothing_is_posted_before_the_introduction_is_acknowledged(alive5: Alive5Server) -> None:
    alive5.hold_init = asyncio.Event()
    client = Alive5Client(replace(config_of(alive5), ack_timeout_s=30.0), *IDS.values())
    connecting = asyncio.ensure_future(client.connect())
    await alive5.until(lambda: len(alive5.received) == 1)
    assert not connecting.done()
    alive5.hold_init.set()
    await connecting
    assert client.voice_agent_id == "voice_agent_phone_11112222"
    await client.close()


@pytest.mark.parametrize("ack", ["without_id", "never"])
async def test_without_an_id_from_the_server_one_is_made_of_the_sockets(
    alive5: Alive5Server, client: Alive5Client, ack: str
) -> None:
    alive5.init_ack = "without_id" if ack == "without_id" else "never"
    await client.connect()
    sid = alive5.received[0].sid
    assert client.voice_agent_id == f"voice_agent_phone_{sid[:8]}"


async def test_a_channel_of_the_settings_serves_threads_that_have_none(alive5: Alive5Server) -> None:
    own, none = (
        Alive5Client(replace(config_of(alive5), channel="ours"), *{**IDS, "channel_id": channel}.values())
        for channel in ("theirs", "")
    )
    await own.connect()
    await none.connect()
    assert [sent["channel_id"] for sent in alive5.sent("init_voice_agent")] == ["theirs", "ours"]
    await own.close()
    await none.close()


async def test_a_server_that_refuses_us_is_unavailable_and_the_key_stays_secret(alive5: Alive5Server) -> None:
    client = Alive5Client(replace(config_of(alive5), key="wrong-key"), *IDS.values())
    with pytest.raises(Alive5Unavailable) as refused:
        await client.connect()
    assert "wrong-key" not in refused.value.message
    with pytest.raises(Alive5Unavailable):
        await client.post_message("bot", "Hello.")
    assert not client.connected


async def test_a_refused_introduction_is_unavailable(alive5: Alive5Server, client: Alive5Client) -> None:
    alive5.init_ack = "refused"
    with pytest.raises(Alive5Unavailable):
        await client.connect()
    assert not client.connected


async def test_something_else_behind_the_address_is_unavailable(client: Alive5Client) -> None:
    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(greet, "127.0.0.1", 0) as other:
        port = other.sockets[0].getsockname()[1]
        lost = Alive5Client(Alive5Config(f"http://127.0.0.1:{port}", "k"), *IDS.values())
        with pytest.raises(Alive5Unavailable):
            await lost.connect()


async def test_a_server_that_dies_while_being_introduced_to_is_unavailable(
    alive5: Alive5Server, client: Alive5Client
) -> None:
    alive5.init_ack = "never"
    alive5.die_on = lambda item: item.event == "init_voice_agent"
    with pytest.raises(Alive5Unavailable):
        await client.connect()


async def test_a_message_whose_socket_died_is_lost_and_the_next_connection_works(
    alive5: Alive5Server, client: Alive5Client
) -> None:
    await client.connect()
    alive5.die_on = lambda item: item.payload.get("message_content") == "one"
    with pytest.raises(Alive5Lost):
        await client.post_message("bot", "one")
    assert not client.connected
    await client.connect()
    await client.post_message("bot", "two")
    assert alive5.texts() == ["one", "two"]


async def test_a_server_that_used_to_acknowledge_and_falls_silent_leaves_it_unknown(
    alive5: Alive5Server, client: Alive5Client
) -> None:
    alive5.acknowledges = True
    await client.connect()
    await client.post_message("bot", "one")
    alive5.acknowledges = False
    with pytest.raises(Alive5Lost):
        await client.post_message("bot", "two")


async def test_closing_twice_and_before_connecting_does_nothing(client: Alive5Client) -> None:
    await client.close()
    await client.connect()
    await client.close()
    await client.close()
    assert not client.connected
