"""The adb server itself: absent, gone, back, hanging, or something else altogether."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from telephony.adb.address import ServerAddress
from telephony.adb.worker import MOST_THREADS, THREAD_NAME
from tests.harness.adb_device import AdbDevice
from tests.harness.adb_server import AdbServer, free_port
from tests.telephony.adb.watch import DEADLINE_S, Watch


async def test_without_an_adb_server_a_command_says_how_to_start_one_and_starts_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started, program = tmp_path / "started", tmp_path / "adb"
    program.write_text(f"#!/bin/sh\ntouch '{started}'\n", encoding="utf-8")
    program.chmod(0o700)
    monkeypatch.setenv("ADBUTILS_ADB_PATH", str(program))  # what adbutils would run
    address = ServerAddress(port=free_port())
    async with Watch(address=address) as watch:
        outcome = await watch.phones.dial("+49123456")
        await watch.until(lambda phones: "No adb server" in (phones.status or ""))

        assert not outcome.ok
        assert f"No adb server answers at {address}" in outcome.detail
        assert f"`adb -P {address.port} start-server`" in outcome.detail
        assert watch.phones.status == outcome.detail
        assert watch.phones.devices == ()
        assert not started.exists()


async def test_a_host_that_does_not_exist_is_no_adb_server() -> None:
    async with Watch(address=ServerAddress("adb.invalid", 5037)) as watch:
        outcome = await watch.phones.dial("+49123456")

        assert not outcome.ok
        assert "No adb server answers at adb.invalid:5037" in outcome.detail


async def test_an_adb_server_that_goes_and_comes_back_is_found_again(tmp_path: Path) -> None:
    adb = AdbServer(tmp_path)
    async with Watch(address=adb.address) as watch, AdbDevice() as phone:
        await adb.start()
        await adb.connect(phone.serial)
        await watch.ready(phone.serial)
        await adb.stop()
        await watch.until(lambda phones: "No adb server" in (phones.status or ""))
        gone = await watch.phones.dial("+49123456")
        shown = watch.phones.devices
        await adb.start()
        await adb.connect(phone.serial)
        await watch.ready(phone.serial)
        back = await watch.phones.dial("+49123456")
    await adb.stop()

    assert not gone.ok
    assert "No adb server answers" in gone.detail
    assert shown == ()
    assert back.ok, back.detail


async def test_an_adb_server_that_dies_in_the_middle_of_a_command_is_named(adb: AdbServer) -> None:
    async with Watch(address=adb.address) as watch, AdbDevice() as phone:
        never = asyncio.Event()

        async def shell(command: str) -> None:
            await never.wait()

        phone.shell = shell
        await adb.connect(phone.serial)
        dialling = asyncio.create_task(watch.phones.dial("+49123456"))
        await phone.wait_for(lambda: bool(phone.commands))
        await adb.stop()
        outcome = await dialling

        assert not outcome.ok
        assert "No adb server answers" in outcome.detail


async def test_a_hanging_adb_server_costs_neither_the_loop_nor_threads() -> None:
    async with hanging(asyncio.Event()) as address, Watch(address=address, command_s=2) as watch:
        dialling = [asyncio.create_task(watch.phones.dial("+49123456")) for _ in range(200)]
        most = 0
        while not all(task.done() for task in dialling):
            most = max(most, len(our_threads()))
            await asyncio.sleep(0)
        outcomes = [task.result() for task in dialling]

        assert [outcome for outcome in outcomes if outcome.ok] == []
        assert {outcome.detail for outcome in outcomes} == {
            "Too much waits for the adb server already.",
            f"The adb server at {address} did not answer in time.",
        }
        assert 0 < most <= MOST_THREADS + 1  # and the one that watches
    await ended(our_threads())


async def test_the_end_waits_for_no_hanging_adb_server() -> None:
    asked = asyncio.Event()
    async with hanging(asked) as address, Watch(address=address, command_s=3600) as watch:
        dialling = asyncio.create_task(watch.phones.dial("+49123456"))
        async with asyncio.timeout(DEADLINE_S):
            await asked.wait()
            await watch.phones.close()
            outcome = await dialling

        assert not outcome.ok
    await ended(our_threads())


STRANGER = "does not speak as an adb server does"
BROKE_OFF = "broke off"


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", STRANGER),
        (b"\x00\xff\xfe\xfd", STRANGER),
        (b"OKAYzzzzdevice", STRANGER),
        (b"OKAY-001", STRANGER),
        (b"FAILzzzz", STRANGER),
        (b"FAIL0005hello", "adb says: hello."),
        (b"OKAY00", BROKE_OFF),
        (b"OKAY0010R58M123ABC d", BROKE_OFF),
        (b"FAIL", BROKE_OFF),
        (b"", BROKE_OFF),
    ],
)
async def test_what_is_no_adb_server_is_not_taken_for_one(answer, why) -> None:
    async def reply(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(int(await reader.readexactly(4), 16))
        writer.write(answer)
        writer.close()

    async with listening(reply) as address, Watch(address=address) as watch:
        outcome = await watch.phones.dial("+49123456")

        assert not outcome.ok
        assert why in outcome.detail
        assert watch.phones.devices == ()


def our_threads() -> list[threading.Thread]:
    """Those that Phones started."""
    return [thread for thread in threading.enumerate() if thread.name.startswith(THREAD_NAME)]


async def ended(threads: list[threading.Thread]) -> None:
    """Return when all have ended; fails after half a minute."""
    for thread in threads:
        await asyncio.to_thread(thread.join, DEADLINE_S)
        assert not thread.is_alive()


@asynccontextmanager
async def hanging(asked: asyncio.Event) -> AsyncIterator[ServerAddress]:
    """An adb server that lets everybody connect and never answers; `asked` once somebody wants something."""
    end = asyncio.Event()

    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        asked.set()
        await end.wait()
        writer.close()

    async with listening(hang) as address:
        yield address
        end.set()


@asynccontextmanager
async def listening(serve: Callable[..., object]) -> AsyncIterator[ServerAddress]:
    """The address of something that listens."""
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield ServerAddress("127.0.0.1", int(server.sockets[0].getsockname()[1]))
