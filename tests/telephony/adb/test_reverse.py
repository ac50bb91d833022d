"""The phone app's way to the server, kept open on every phone."""

from __future__ import annotations

import asyncio

from telephony.adb.device import Device
from telephony.adb.phones import Phones
from tests.harness.adb_device import AdbDevice
from tests.harness.adb_server import AdbServer
from tests.telephony.adb.watch import PORT, Watch

APP = "tcp:8996"
HERE = f"tcp:{PORT}"
SOON_S = 0.05


async def test_what_the_app_asks_its_own_port_reaches_the_server(adb: AdbServer) -> None:
    async def health(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"answer to " + await reader.readline())
        writer.close()

    server = await asyncio.start_server(health, "127.0.0.1", 0)
    port = int(server.sockets[0].getsockname()[1])
    async with server, Watch(address=adb.address, port=port) as watch, AdbDevice() as phone:
        await adb.connect(phone.serial)
        await watch.ready(phone.serial)

        assert await phone.fetch(APP, b"GET /health\n") == b"answer to GET /health\n"


async def test_a_phone_that_lost_its_way_gets_it_again_unasked(adb: AdbServer) -> None:
    async with Watch(address=adb.address, check_every_s=SOON_S) as watch, AdbDevice() as phone:
        await adb.connect(phone.serial)
        await phone.wait_for_reverse(APP, HERE)
        await watch.ready(phone.serial)
        phone.reverses.clear()

        await phone.wait_for_reverse(APP, HERE)


async def test_a_listener_that_fails_does_not_cost_a_phone_its_way(adb: AdbServer) -> None:
    def fail() -> None:
        raise RuntimeError("not today")

    phones = Phones(port=PORT, address=adb.address, on_change=fail, check_every_s=SOON_S)
    phones.start()
    async with AdbDevice() as phone:
        await adb.connect(phone.serial)
        await phone.wait_for_reverse(APP, HERE)
        phone.reverses.clear()
        await phone.wait_for_reverse(APP, HERE)
        await phones.close()


async def test_a_phone_that_comes_back_gets_its_way_again(adb: AdbServer) -> None:
    async with Watch(address=adb.address) as watch, AdbDevice() as phone:
        await adb.connect(phone.serial)
        await watch.ready(phone.serial)
        phone.unplug()
        await adb.disconnect(phone.serial)
        await watch.until(lambda phones: not phones.devices)
        await phone.plug_in()
        await adb.connect(phone.serial)

        await phone.wait_for_reverse(APP, HERE)


async def test_each_phone_has_its_way(adb: AdbServer) -> None:
    async with Watch(address=adb.address) as watch, AdbDevice() as one, AdbDevice() as other:
        for phone in (one, other):
            await adb.connect(phone.serial)
        await watch.ready(one.serial, other.serial)

        assert one.reverses == other.reverses == {APP: HERE}


async def test_phones_that_are_not_ours_are_let_be(adb: AdbServer) -> None:
    async with AdbDevice() as ours, AdbDevice() as other:
        other.reverses[APP] = "tcp:7000"
        async with Watch(address=adb.address, serial=ours.serial) as watch:
            for phone in (other, ours):
                await adb.connect(phone.serial)
            await watch.ready(ours.serial)
            await watch.device(other.serial, lambda device: device.state == "device")

        assert other.reverses == {APP: "tcp:7000"}


async def test_the_end_takes_away_what_was_made_and_nothing_else(adb: AdbServer) -> None:
    async with AdbDevice() as phone:
        phone.reverses["tcp:9000"] = "tcp:9000"
        async with Watch(address=adb.address) as watch:
            await adb.connect(phone.serial)
            await watch.ready(phone.serial)
            during = dict(phone.reverses)

        assert during == {"tcp:9000": "tcp:9000", APP: HERE}
        assert phone.reverses == {"tcp:9000": "tcp:9000"}


async def test_a_way_that_somebody_else_made_stays_after_the_end(adb: AdbServer) -> None:
    async with AdbDevice() as phone:
        phone.reverses[APP] = HERE
        async with Watch(address=adb.address) as watch:
            await adb.connect(phone.serial)
            await watch.ready(phone.serial)

        assert phone.reverses == {APP: HERE}


async def test_what_an_earlier_server_left_behind_is_taken_over(adb: AdbServer) -> None:
    async with AdbDevice() as phone:
        phone.reverses[APP] = "tcp:7000"
        async with Watch(address=adb.address):
            await adb.connect(phone.serial)

            await phone.wait_for_reverse(APP, HERE)


async def test_somebody_who_takes_the_port_later_is_reported_and_not_fought(adb: AdbServer) -> None:
    async with AdbDevice() as phone:
        async with Watch(address=adb.address, check_every_s=SOON_S) as watch:
            await adb.connect(phone.serial)
            await watch.ready(phone.serial)
            phone.reverses[APP] = "tcp:7000"
            taken = await watch.device(phone.serial, hindered)
            phone.reverses.clear()
            await watch.ready(phone.serial)
            phone.reverses[APP] = "tcp:7000"
            await watch.device(phone.serial, hindered)

        assert not taken.reverse
        assert f"port 8996 of the phone {phone.serial} to tcp:7000 instead of {HERE}" in (taken.problem or "")
        assert phone.reverses == {APP: "tcp:7000"}


async def test_a_phone_that_refuses_the_way_says_why_and_still_takes_commands(adb: AdbServer) -> None:
    async with Watch(address=adb.address) as watch, AdbDevice() as phone:
        phone.refuses_reverse = "cannot bind listener: Address already in use"
        await adb.connect(phone.serial)
        shown = await watch.device(phone.serial, hindered)
        outcome = await watch.phones.dial("+49123456")

        assert "does not reach this server: adb says: cannot bind listener: Address already in use" in (
            shown.problem or ""
        )
        assert outcome.ok, outcome.detail


def hindered(device: Device) -> bool:
    """True for a phone with a problem although it is ready."""
    return device.state == "device" and device.problem is not None
