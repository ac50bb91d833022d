"""The simulated phone keeps Twilio's rules, so that what passes with it can pass with Twilio."""

from __future__ import annotations

import asyncio
import base64
import json
from contextlib import asynccontextmanager

import numpy as np
import pytest
from aiohttp import WSMsgType, web

from telephony.errors import LineClosed, TelephonyError
from telephony.twilio.simulator import TwilioSimulator

LOUD = b"\x00\x80" * 80
PATIENCE = 10.0


@asynccontextmanager
async def bare_server(on_message):
    """A WebSocket server that hands each message to `on_message(ws, document)`."""

    async def handler(request):
        ws = web.WebSocketResponse()
        await ws.prepare(request)
        async for message in ws:
            if message.type is WSMsgType.TEXT:
                await on_message(ws, json.loads(message.data))
        return ws

    app = web.Application()
    app.router.add_get("/", handler)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield "ws://{}:{}/".format(*runner.addresses[0][:2])
    finally:
        await runner.cleanup()


async def test_it_says_what_twilio_says_in_twilios_order():
    said = []
    enough = asyncio.Event()

    async def keep(ws, document):
        said.append(document)
        if document["event"] == "stop":
            enough.set()

    async with bare_server(keep) as url:
        async with TwilioSimulator(url, parameters={"threadId": "t"}) as phone:
            phone.speak(LOUD)
            await phone.spoken(PATIENCE)
            await phone.until(lambda: phone.slots >= 4, PATIENCE)
            await phone.press("5")
        await asyncio.wait_for(enough.wait(), PATIENCE)
    assert said[0] == {"event": "connected", "protocol": "Call", "version": "1.0.0"}
    assert said[1]["event"] == "start"
    assert said[1]["start"]["customParameters"] == {"threadId": "t"}
    assert [item["sequenceNumber"] for item in said[1:]] == [str(n) for n in range(1, len(said))]
    media = [item["media"] for item in said if item["event"] == "media"]
    assert [item["chunk"] for item in media] == [str(n) for n in range(1, len(media) + 1)]
    assert [item["timestamp"] for item in media] == [str(n * 20) for n in range(len(media))]
    payloads = [base64.b64decode(item["payload"]) for item in media]
    assert [payload for payload in payloads if payload != b"\xff" * 160] == [LOUD]
    assert [item["event"] for item in said if item["event"] != "media"] == [
        "connected",
        "start",
        "dtmf",
        "stop",
    ]


@pytest.mark.parametrize(
    "answer",
    [
        {"event": "media", "media": {"payload": "AAAA"}},
        {"event": "media", "streamSid": "MZother", "media": {"payload": "AAAA"}},
        {"event": "shout", "streamSid": "own"},
    ],
)
async def test_what_twilio_would_not_take_is_an_error(answer):
    async def answer_start(ws, document):
        if document["event"] == "start":
            own = {"streamSid": document["streamSid"]} if answer.get("streamSid") == "own" else {}
            await ws.send_json(answer | own)

    async with bare_server(answer_start) as url:
        with pytest.raises(TelephonyError) as refused:
            async with TwilioSimulator(url) as phone:
                await phone.closed(PATIENCE)
        assert refused.value.code == "31924"


async def test_every_slot_is_heard_once(exchange):
    slots = []
    async with TwilioSimulator(exchange.stream_url, on_slot=slots.append) as phone:
        leg = await exchange.leg()
        leg.line.send_audio(LOUD)
        await phone.wait_heard(lambda heard: any(slot.payload == LOUD for slot in heard), PATIENCE)
        await phone.wait_quiet(60, within=PATIENCE)
    assert slots == list(phone.heard)
    assert [slot.buffered for slot in slots].count(True) == 1
    assert all(slot.level_db == -100 for slot in slots[-3:])


async def test_quiet_is_counted_from_the_last_loud_slot(exchange):
    async with TwilioSimulator(exchange.stream_url) as phone:
        leg = await exchange.leg()
        for _ in range(10):
            leg.line.send_audio(LOUD)
        await phone.wait_received("media", 10, PATIENCE)
        await phone.wait_quiet(100, within=PATIENCE)
        assert sum(slot.payload == LOUD for slot in phone.heard) == 10


async def test_speech_may_be_given_as_samples(exchange):
    async with TwilioSimulator(exchange.stream_url) as phone:
        leg = await exchange.leg()
        phone.speak_pcm(np.full(160, 8000, "<i2").tobytes())
        await phone.spoken(PATIENCE)
        await exchange.until(lambda: any(frame != b"\xff" * 160 for frame in leg.audio))


async def test_a_wait_ends_when_the_line_does(exchange):
    async with TwilioSimulator(exchange.stream_url) as phone:
        leg = await exchange.leg()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(leg.line.hang_up())
            with pytest.raises(LineClosed, match="1000"):
                await phone.wait_received("media", 1, PATIENCE)


async def test_a_wait_for_what_does_not_come_times_out(exchange):
    async with TwilioSimulator(exchange.stream_url) as phone:
        await exchange.leg()
        with pytest.raises(TimeoutError):
            await phone.wait_received("media", 1, 0.05)


async def test_speech_without_end_is_refused(exchange):
    async with TwilioSimulator(exchange.stream_url) as phone:
        with pytest.raises(TelephonyError):
            phone.speak(bytes(10 * 60 * 8000 + 1))
