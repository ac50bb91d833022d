"""The socket whose text is handed over where it arrives, on the pinned aiohttp, over real connections."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

import pytest
import websockets
from aiohttp import WSMsgType, web

from telephony.direct import DirectSocket
from telephony.pipe import Pipe

PATIENCE = 20.0
LATE = (1008, "late")


@asynccontextmanager
async def serving(handler):
    app = web.Application()
    app.router.add_get("/", handler)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"ws://127.0.0.1:{runner.addresses[0][1]}/"
    finally:
        await runner.cleanup()


@pytest.mark.parametrize("size", [0, 1, 125, 126, 216, 65535])
async def test_text_of_every_length_comes_and_goes_whole(size):
    async def echo(request):
        pipe = Pipe(request)
        await pipe.run(pipe.send_control, first_within=PATIENCE, late=LATE)
        return pipe.ws

    async with serving(echo) as url, websockets.connect(url, compression=None) as client:
        await client.send("x" * size)
        assert await asyncio.wait_for(client.recv(), PATIENCE) == "x" * size


async def test_text_is_taken_where_it_arrives_and_in_order():
    taken, tasks = [], []

    async def handler(request):
        ws = DirectSocket(timeout=1, max_msg_size=1000)
        await ws.prepare(request)
        taken.append((await ws.receive()).data)  # as ever: nobody takes it yet

        def take(text):
            taken.append(text)
            tasks.append(asyncio.current_task())

        ws.deliver_to(take)
        assert (await ws.receive()).type is WSMsgType.CLOSE  # and no text before
        return ws

    async with serving(handler) as url, websockets.connect(url, compression=None) as client:
        await client.send("one")
        await asyncio.wait_for(await client.ping(), PATIENCE)  # answered once it is delivered directly
        for text in ("two", ["three, ", "in ", "parts"], "four"):
            await client.send(text)
        await asyncio.wait_for(await client.ping(), PATIENCE)
    assert taken == [b"one", b"two", b"three, in parts", b"four"]
    assert tasks == [None] * 3


async def test_a_socket_that_answers_no_ping_is_lost_and_one_that_does_stays():
    closed, heartbeat = asyncio.Queue(), 0.4

    async def handler(request):
        pipe = Pipe(request, heartbeat=heartbeat)
        await pipe.run(pipe.send_control, first_within=PATIENCE, late=LATE)
        closed.put_nowait(pipe.close_code)
        return pipe.ws

    async with serving(handler) as url, websockets.connect(url, compression=None) as alive:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(url.split(":")[2].strip("/")))
        writer.write(
            b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
        )
        got = await asyncio.wait_for(reader.read(), PATIENCE)  # until it is given up
        writer.close()
        assert got.endswith(b"\x89\x00")  # it was asked
        assert await asyncio.wait_for(closed.get(), PATIENCE) == 1006
        await alive.send("still here")
        assert await asyncio.wait_for(alive.recv(), PATIENCE) == "still here"
        assert closed.empty()


async def test_nothing_is_sent_once_the_socket_is_closed():
    said = asyncio.Queue()

    async def handler(request):
        ws = DirectSocket(timeout=1, max_msg_size=1000)
        await ws.prepare(request)
        await ws.close()
        try:
            ws.send_now(b"late")
        except ConnectionError as error:
            said.put_nowait(str(error))
        return ws

    async with serving(handler) as url, websockets.connect(url, compression=None) as client:
        with pytest.raises(websockets.ConnectionClosed):
            await asyncio.wait_for(client.recv(), PATIENCE)
        assert "closed" in await asyncio.wait_for(said.get(), PATIENCE)
