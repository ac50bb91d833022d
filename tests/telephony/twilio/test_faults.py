"""What a stream does to itself when the other side misbehaves, and to nobody else."""

from __future__ import annotations

import base64
import json

import pytest
import websockets

from bridge.errors import BridgeError
from telephony.twilio.routes import TwilioConfig
from telephony.twilio.simulator import TwilioSimulator

TONE = bytes(range(160))
PATIENCE = 10.0


def start_message(**changes):
    start = {
        "accountSid": "AC1",
        "streamSid": "MZ1",
        "callSid": "CA1",
        "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
        "customParameters": {},
    }
    return json.dumps({"event": "start", "sequenceNumber": "1", "streamSid": "MZ1", "start": start | changes})


def media_message(payload=TONE, **changes):
    media = {"track": "inbound", "chunk": "1", "timestamp": "0"}
    media["payload"] = base64.b64encode(payload).decode()
    return json.dumps({"event": "media", "streamSid": "MZ1", "media": media | changes})


async def end_of(client):
    """Read to the end; the code and reason of the server's close."""
    try:
        while True:
            await client.recv()
    except websockets.ConnectionClosed as closed:
        ending = closed.rcvd
    assert ending is not None, "the socket ended without a close frame"
    return ending.code, ending.reason


@pytest.mark.parametrize("said", [[], ['{"event":"connected","protocol":"Call","version":"1.0.0"}'], ["{"]])
async def test_a_stream_without_start_is_closed_with_1008(serve, said):
    exchange = await serve(TwilioConfig(open_surface=True, start_timeout=0.05))
    async with websockets.connect(exchange.stream_url, proxy=None) as client:
        for message in said:
            await client.send(message)
        assert await end_of(client) == (1008, "no start within 0.05 s")
    assert exchange.legs == []


async def test_what_comes_before_start_is_dropped_and_counted(exchange, open_socket):
    client = await open_socket()
    await client.send(media_message())
    await client.send('{"event":"dtmf","streamSid":"MZ1","dtmf":{"digit":"1"}}')
    await client.send('{"event":"mark","streamSid":"MZ1","mark":{"name":"m"}}')
    await client.send(start_message())
    await client.send(media_message(b"\x01" * 160))
    leg = await exchange.leg()
    await exchange.until(lambda: bool(leg.audio))
    assert leg.audio == [b"\x01" * 160]
    assert leg.line.counters["before_start"] == 3


@pytest.mark.parametrize(
    ("message", "count"),
    [
        ("{", "malformed"),
        ("", "malformed"),
        ("[]", "malformed"),
        ('{"event":7}', "malformed"),
        ("[" * 30_000, "malformed"),
        ('{"event":' + '{"a":' * 9000 + "1" + "}" * 9000 + "}", "malformed"),
        (media_message().replace(base64.b64encode(TONE).decode(), "not base64"), "malformed"),
        ('{"event":"media","media":{}}', "malformed"),
        ('{"event":"dtmf","dtmf":{"digit":"99"}}', "malformed"),
        ('{"event":"weather","sun":true}', "unsupported"),
        (b"\x00\x01binary", "binary"),
        (start_message(), "duplicate_start"),
        (start_message(callSid="CA2"), "duplicate_start"),
        (media_message(track="outbound"), "other_track"),
        (media_message().replace("MZ1", "MZ2"), "foreign_stream"),
    ],
)
async def test_the_call_goes_on_after(exchange, open_socket, message, count):
    client = await open_socket()
    await client.send(start_message())
    await client.send(message)
    await client.send(media_message(b"\x02" * 160))
    leg = await exchange.leg()
    await exchange.until(lambda: bool(leg.audio))
    assert leg.audio == [b"\x02" * 160]
    assert {name: n for name, n in leg.line.counters.items() if n} == {count: 1}
    assert len(exchange.legs) == 1


async def test_invalid_utf8_is_malformed(exchange):
    async with websockets.connect(exchange.stream_url, proxy=None) as client:
        await client.send(start_message())
        await client.send(b'{"event":"\xff"}', text=True)
        await client.send(media_message())
        leg = await exchange.leg()
        await exchange.until(lambda: bool(leg.audio))
        assert leg.line.counters["malformed"] == 1


@pytest.mark.parametrize("size", [65_537, 5_000_000])
async def test_a_huge_message_ends_its_own_stream_only(exchange, open_socket, size):
    exchange.echo = True
    async with TwilioSimulator(exchange.stream_url) as bystander:
        await exchange.leg()
        client = await open_socket()
        await client.send(start_message())
        leg = await exchange.leg(1)
        try:
            await client.send("x" * size)
        except websockets.ConnectionClosed:
            pass  # it may be told before all of it is sent
        await exchange.until(lambda: leg.closed == ["line_lost"])
        await exchange.until(lambda: exchange.registry.counters["oversized"] == 1)
        bystander.speak(TONE * 3)
        await bystander.wait_heard(lambda slots: sum(slot.payload == TONE for slot in slots) == 3, PATIENCE)


async def test_a_message_over_64_kib_is_closed_with_1009(exchange, open_socket):
    client = await open_socket()
    await client.send("x" * 65_537)
    code, _ = await end_of(client)
    assert code == 1009


async def test_a_message_of_nearly_64_kib_is_taken(exchange, open_socket):
    client = await open_socket()
    await client.send(start_message())
    await client.send(media_message(b"\x03" * 160 * 300))
    leg = await exchange.leg()
    await exchange.until(lambda: len(leg.audio) == 300)


@pytest.mark.parametrize(
    "form",
    [
        {"encoding": "audio/L16", "sampleRate": 8000, "channels": 1},
        {"encoding": "audio/x-mulaw", "sampleRate": 16000, "channels": 1},
        {"encoding": "audio/x-mulaw", "sampleRate": "44100", "channels": 1},
        {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 2},
    ],
)
async def test_another_codec_rate_or_channel_count_is_refused_at_start(exchange, open_socket, form):
    client = await open_socket()
    await client.send(start_message(mediaFormat=form))
    code, reason = await end_of(client)
    assert code == 1003
    assert reason.startswith("unsupported_media: ")
    assert form["encoding"] in reason
    assert exchange.legs == []


async def test_a_refused_call_is_closed_with_1013_and_the_reason(exchange, open_socket):
    exchange.refuse = BridgeError("All 3 places are taken. " + "é" * 200, code="over_capacity")
    client = await open_socket()
    await client.send(start_message())
    code, reason = await end_of(client)
    assert code == 1013
    assert reason.startswith("over_capacity: All 3 places are taken. é")
    assert len(exchange.registry) == 0


async def test_a_stop_before_start_ends_the_stream_quietly(exchange, open_socket):
    client = await open_socket()
    await client.send('{"event":"stop","streamSid":"MZ1","stop":{}}')
    assert await end_of(client) == (1000, "stopped")
    assert exchange.legs == []


async def test_a_failure_in_one_call_ends_its_own_stream_only(exchange, open_socket):
    client, bystander = await open_socket(), await open_socket()
    await client.send(start_message(callSid="CA1"))
    leg = await exchange.leg()
    await bystander.send(start_message(callSid="CA2"))
    other = await exchange.leg(1)
    exchange.broken = True
    await client.send('{"event":"dtmf","streamSid":"MZ1","dtmf":{"digit":"1"}}')
    assert await end_of(client) == (1011, "internal error")
    assert leg.closed == ["line_lost"]
    await bystander.send(media_message())
    await exchange.until(lambda: other.audio == [TONE])
    assert exchange.registry.counters["failed"] == 1


async def test_a_frame_of_another_size_is_the_callers_mistake(exchange, open_socket):
    await (await open_socket()).send(start_message())
    leg = await exchange.leg()
    with pytest.raises(ValueError, match="160 bytes, not 320"):
        leg.line.send_audio(TONE * 2)
