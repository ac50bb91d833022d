"""A provider that reads slowly, or not at all: bounded, oldest media dropped, order kept."""

from __future__ import annotations

import base64
import json

TONE = bytes(range(160))
START = json.dumps({"event": "start", "streamSid": "MZ1", "start": {"streamSid": "MZ1", "callSid": "CA1"}})


def numbered(index):
    return index.to_bytes(2, "big") * 80


async def stall(exchange, client):
    """A leg whose provider has stopped reading, and how many frames it has been sent."""
    await client.send(START)
    leg = await exchange.leg()
    sent = 0
    while leg.line.counters["dropped_media"] < 100:
        leg.line.send_audio(numbered(sent))
        sent += 1
    return leg, sent


async def read_until_mark(client, name):
    """Every message up to our mark `name`, as (event, payload)."""
    got = []
    while True:
        message = json.loads(await client.recv())
        if message["event"] == "mark" and message["mark"]["name"] == name:
            return got
        payload = message.get("media", {}).get("payload", "")
        got.append((message["event"], base64.b64decode(payload)))


async def test_a_slow_reader_loses_the_oldest_frames_and_no_mark(exchange, open_socket):
    client = await open_socket()
    leg, sent = await stall(exchange, client)
    leg.line.mark("early")
    for _ in range(30):  # more than may wait: all frames from before the mark go first
        leg.line.send_audio(numbered(sent))
        sent += 1
    leg.line.mark("end")
    before = await read_until_mark(client, "early")
    after = await read_until_mark(client, "end")
    frames = [payload for _, payload in before + after]
    assert len(frames) + leg.line.counters["dropped_media"] == sent
    assert frames == sorted(frames)
    assert [payload for _, payload in after] == [numbered(index) for index in range(sent - 20, sent)]


async def test_a_clear_overtakes_the_frames_that_wait(exchange, open_socket):
    client = await open_socket()
    leg, _ = await stall(exchange, client)
    leg.line.mark("kept")
    leg.line.clear()
    leg.line.send_audio(TONE)
    leg.line.mark("end")
    assert leg.line.counters["cleared_media"] == 20
    await read_until_mark(client, "kept")
    assert await read_until_mark(client, "end") == [("clear", b""), ("media", TONE)]


async def test_frames_flow_at_once_again_when_the_reader_has_caught_up(exchange, open_socket):
    client = await open_socket()
    leg, _ = await stall(exchange, client)
    leg.line.mark("caught up")
    await read_until_mark(client, "caught up")
    dropped = leg.line.counters["dropped_media"]
    for _ in range(5):
        leg.line.send_audio(TONE)
    leg.line.mark("end")
    assert await read_until_mark(client, "end") == [("media", TONE)] * 5
    assert leg.line.counters["dropped_media"] == dropped


async def test_a_provider_that_stopped_reading_cannot_hold_a_hang_up(exchange, open_socket):
    leg, _ = await stall(exchange, await open_socket())
    await leg.line.hang_up()
    assert leg.closed == ["caller_hung_up"]


async def test_a_provider_that_takes_no_marks_for_long_is_given_up(exchange, open_socket):
    leg, _ = await stall(exchange, await open_socket())
    for index in range(1001):
        leg.line.mark(str(index))
    await exchange.until(lambda: leg.closed == ["line_lost"])
    await exchange.until(lambda: exchange.registry.counters["stalled"] == 1)
