"""Phones on a real adb server: shown in every state, chosen, and told what to do."""

from __future__ import annotations

import asyncio

import pytest

from telephony.adb.phones import Phones
from tests.harness.adb_device import APP, AdbDevice, Said, phone_app
from tests.harness.adb_server import AdbServer
from tests.telephony.adb.test_wire import BAD_NUMBERS
from tests.telephony.adb.watch import DEADLINE_S, Watch

TO_APP = f"am broadcast -a {APP}.CALL_COMMAND -n {APP}/.CallCommandReceiver --es type "


def saying(output: str, code: int = 0):
    """A phone whose `am` says this."""

    async def shell(command: str) -> Said:
        return Said(output, code) if command.startswith("am ") else await phone_app(command)

    return shell


async def test_a_phone_is_shown_with_its_model_as_it_comes_and_goes(adb: AdbServer) -> None:
    async with Watch(address=adb.address) as watch, AdbDevice(model="Pixel_7") as phone:
        await watch.until(lambda phones: "plug one in" in (phones.status or ""))
        await adb.connect(phone.serial)
        await watch.ready(phone.serial)
        shown, status = watch.phones.devices, watch.phones.status
        await adb.disconnect(phone.serial)
        await watch.until(lambda phones: not phones.devices)

        assert [(device.serial, device.model, device.problem) for device in shown] == [
            (phone.serial, "Pixel 7", None)
        ]
        assert status is None
        assert "No phone is connected" in (watch.phones.status or "")


@pytest.mark.parametrize("modern", [True, False])
@pytest.mark.parametrize(
    ("command", "told"),
    [
        (lambda phones: phones.dial("+49 123-456"), "dial --es number +49123456"),
        (lambda phones: phones.answer(), "answer"),
        (lambda phones: phones.reject(), "reject"),
        (lambda phones: phones.hang_up(), "hangup"),
        (lambda phones: phones.mute(True), "mute --ez muted true"),
        (lambda phones: phones.mute(False), "mute --ez muted false"),
        (lambda phones: phones.speaker(True), "speaker --ez enabled true"),
        (lambda phones: phones.bluetooth(False), "bt_route --ez enabled false"),
    ],
    ids=lambda item: item.replace(" ", "_") if isinstance(item, str) else "",
)
async def test_the_app_is_told_by_broadcast(adb: AdbServer, command, told, modern) -> None:
    async with Watch(address=adb.address) as watch, AdbDevice(modern=modern) as phone:
        await adb.connect(phone.serial)

        outcome = await command(watch.phones)

        assert outcome.ok, outcome.detail
        assert phone.broadcasts == [TO_APP + told]


async def test_what_the_phone_took_is_not_called_a_call(adb: AdbServer) -> None:
    async with Watch(address=adb.address) as watch, AdbDevice() as phone:
        await adb.connect(phone.serial)

        outcome = await watch.phones.dial("+49123456")

        assert outcome.ok
        assert "took the command. That is not yet a call" in outcome.detail


async def test_no_number_reaches_the_phone_that_is_none(adb: AdbServer) -> None:
    async with Watch(address=adb.address) as watch, AdbDevice() as phone:
        await adb.connect(phone.serial)

        refused = [await watch.phones.dial(number) for number in [*BAD_NUMBERS, "*#06#", None, 49123]]
        taken = await watch.phones.dial("+49123456")

        assert [outcome for outcome in refused if outcome.ok] == []
        assert all(outcome.detail for outcome in refused)
        assert taken.ok, taken.detail
        assert len(phone.commands) == 2  # whether the app is there, and the one call


async def test_without_a_phone_a_command_says_so(adb: AdbServer) -> None:
    async with Watch(address=adb.address) as watch:
        outcome = await watch.phones.dial("+49123456")

        assert not outcome.ok
        assert "No phone is connected: plug one in by USB" in outcome.detail


async def test_a_phone_that_does_not_trust_the_computer_asks_for_its_prompt(adb: AdbServer) -> None:
    async with Watch(address=adb.address) as watch, AdbDevice(trusting=False) as phone:
        await adb.connect(phone.serial)
        shown = await watch.device(phone.serial, lambda device: device.state == "unauthorized")
        outcome = await watch.phones.dial("+49123456")
        phone.allow()
        await watch.ready(phone.serial)
        allowed = await watch.phones.dial("+49123456")

        assert "accept the USB debugging prompt on the phone" in (shown.problem or "")
        assert not outcome.ok
        assert outcome.detail == shown.problem
        assert allowed.ok, allowed.detail


async def test_a_phone_that_says_nothing_is_offline(adb: AdbServer) -> None:
    async with Watch(address=adb.address) as watch, AdbDevice(mute=True) as phone:
        connecting = asyncio.create_task(adb.connect(phone.serial))
        shown = await watch.device(phone.serial, lambda device: device.state == "offline")
        outcome = await watch.phones.hang_up()
        connecting.cancel()  # adb would wait ten seconds for the phone

        assert not outcome.ok
        assert f"{phone.serial} is offline" in outcome.detail
        assert shown.problem == outcome.detail


async def test_which_of_two_phones_is_never_guessed(adb: AdbServer) -> None:
    async with Watch(address=adb.address) as watch, AdbDevice() as one, AdbDevice() as other:
        for phone in (one, other):
            await adb.connect(phone.serial)

        unsaid = await watch.phones.dial("+49123456")
        said = await watch.phones.dial("+49123456", other.serial)
        unknown = await watch.phones.dial("+49123456", "R58M; reboot")

        assert not unsaid.ok
        assert one.serial in unsaid.detail
        assert other.serial in unsaid.detail
        assert "PATCHBAY_PHONE_SERIAL" in unsaid.detail
        assert said.ok, said.detail
        assert not unknown.ok
        assert "'R58M; reboot' is connected" in unknown.detail
        assert (len(one.commands), len(other.broadcasts)) == (0, 1)


async def test_of_two_phones_the_one_that_is_ready_is_taken(adb: AdbServer) -> None:
    async with Watch(address=adb.address) as watch, AdbDevice() as one, AdbDevice(trusting=False) as other:
        for phone in (one, other):
            await adb.connect(phone.serial)

        outcome = await watch.phones.answer()

        assert outcome.ok, outcome.detail
        assert len(one.broadcasts) == 1


async def test_the_phone_in_the_settings_is_the_only_one_that_is_used(adb: AdbServer) -> None:
    async with AdbDevice() as ours, AdbDevice() as other:
        async with Watch(address=adb.address, serial=ours.serial) as watch:
            await adb.connect(other.serial)
            await watch.device(other.serial, lambda device: device.state == "device")
            missing = await watch.phones.dial("+49123456")
            await adb.connect(ours.serial)
            await watch.ready(ours.serial)
            there = await watch.phones.dial("+49123456")

        assert not missing.ok
        assert ours.serial in missing.detail
        assert there.ok, there.detail
        assert len(ours.broadcasts) == 1
        assert other.commands == []


@pytest.mark.parametrize(
    ("output", "code", "why"),
    [
        ("java.lang.SecurityException: Permission Denial: broadcast", 255, "SecurityException"),
        ("/system/bin/sh: am: not found", 127, "am: not found"),
        ("Broadcast completed: result=3", 0, "result 3"),
        ("", 0, "said nothing"),
    ],
)
async def test_a_broadcast_that_the_phone_refuses_says_why(adb: AdbServer, output, code, why) -> None:
    async with Watch(address=adb.address) as watch, AdbDevice() as phone:
        phone.shell = saying(output, code)
        await adb.connect(phone.serial)

        outcome = await watch.phones.dial("+49123456")

        assert not outcome.ok
        assert f"{phone.serial} refused the command" in outcome.detail
        assert why in outcome.detail


async def test_a_phone_without_the_app_is_told_nothing(adb: AdbServer) -> None:
    async def bare(command: str) -> Said:
        return Said("", 1)

    async with Watch(address=adb.address) as watch, AdbDevice() as phone:
        phone.shell = bare
        await adb.connect(phone.serial)

        outcome = await watch.phones.dial("+49123456")

        assert not outcome.ok
        assert f"{APP} is not installed on {phone.serial}" in outcome.detail
        assert phone.broadcasts == []


@pytest.mark.parametrize("modern", [True, False])
async def test_a_phone_unplugged_in_the_middle_of_a_command_is_named(adb: AdbServer, modern) -> None:
    async with Watch(address=adb.address) as watch, AdbDevice(modern=modern) as phone:
        phone.shell = stalling(asyncio.Event())
        await adb.connect(phone.serial)
        dialling = asyncio.create_task(watch.phones.dial("+49123456"))
        await phone.wait_for(lambda: bool(phone.broadcasts))
        await adb.disconnect(phone.serial)
        outcome = await dialling

        assert not outcome.ok
        assert f"{phone.serial} was unplugged meanwhile" in outcome.detail
        assert "Whether it took the command is not known" in outcome.detail


async def test_a_phone_that_breaks_off_and_comes_back_takes_commands_again(adb: AdbServer) -> None:
    async with Watch(address=adb.address) as watch, AdbDevice() as phone:
        phone.shell = stalling(asyncio.Event())
        await adb.connect(phone.serial)
        dialling = asyncio.create_task(watch.phones.dial("+49123456"))
        await phone.wait_for(lambda: bool(phone.broadcasts))
        phone.unplug()
        lost = await dialling
        await adb.disconnect(phone.serial)
        await watch.until(lambda phones: not phones.devices)
        phone.shell = phone_app
        await phone.plug_in()
        await adb.connect(phone.serial)
        await watch.ready(phone.serial)
        back = await watch.phones.dial("+49123456")

        assert not lost.ok
        assert "Whether it took the command is not known" in lost.detail
        assert back.ok, back.detail


async def test_a_phone_that_does_not_answer_is_not_waited_for_and_holds_up_no_other(adb: AdbServer) -> None:
    async with (
        Watch(address=adb.address, command_s=3) as watch,
        AdbDevice() as stuck,
        AdbDevice() as well,
    ):
        for phone in (stuck, well):
            await adb.connect(phone.serial)
        stuck.shell = stalling(asyncio.Event())
        dialling = asyncio.create_task(watch.phones.dial("+49123456", stuck.serial))
        await stuck.wait_for(lambda: bool(stuck.broadcasts))
        meanwhile = await watch.phones.dial("+49123456", well.serial)
        undecided = not dialling.done()
        late = await dialling

        assert undecided
        assert meanwhile.ok, meanwhile.detail
        assert not late.ok
        assert f"{stuck.serial} did not answer in time" in late.detail
        assert "Whether it took the command is not known" in late.detail


async def test_commands_reach_a_phone_in_their_order(adb: AdbServer) -> None:
    async with Watch(address=adb.address) as watch, AdbDevice() as phone:
        go_on = asyncio.Event()
        phone.shell = stalling(go_on)
        await adb.connect(phone.serial)
        dialling = asyncio.create_task(watch.phones.dial("+49123456"))
        await phone.wait_for(lambda: bool(phone.broadcasts))
        hanging_up = asyncio.create_task(watch.phones.hang_up())
        await loop_turns(100)
        before = list(phone.broadcasts)
        go_on.set()
        outcomes = await asyncio.gather(dialling, hanging_up)

        assert [outcome.ok for outcome in outcomes] == [True, True]
        assert before == [TO_APP + "dial --es number +49123456"]
        assert phone.broadcasts == [*before, TO_APP + "hangup"]


async def test_the_loop_turns_while_a_phone_thinks(adb: AdbServer) -> None:
    async with Watch(address=adb.address) as watch, AdbDevice() as phone:
        go_on = asyncio.Event()
        phone.shell = stalling(go_on)
        await adb.connect(phone.serial)
        dialling = asyncio.create_task(watch.phones.dial("+49123456"))
        await phone.wait_for(lambda: bool(phone.broadcasts))
        # The phone lives on this loop, too: had anything blocked it, neither it nor this would go on.
        await loop_turns(1000)
        undecided = not dialling.done()
        go_on.set()
        outcome = await dialling

        assert undecided
        assert outcome.ok, outcome.detail


async def test_commands_after_the_end_are_refused_and_ending_twice_is_one_end(adb: AdbServer) -> None:
    async with Watch(address=adb.address) as watch, AdbDevice() as phone:
        await adb.connect(phone.serial)
        await watch.phones.close()
        await watch.phones.close()

        outcome = await watch.phones.dial("+49123456")

        assert not outcome.ok
        assert "stopping" in outcome.detail
        assert phone.commands == []


async def test_a_command_under_way_ends_with_the_server(adb: AdbServer) -> None:
    async with Watch(address=adb.address) as watch, AdbDevice() as phone:
        phone.shell = stalling(asyncio.Event())
        await adb.connect(phone.serial)
        dialling = asyncio.create_task(watch.phones.dial("+49123456"))
        await phone.wait_for(lambda: bool(phone.broadcasts))
        await watch.phones.close()
        outcome = await asyncio.wait_for(dialling, DEADLINE_S)

        assert not outcome.ok


async def test_an_address_that_is_none_is_said_and_nothing_else_happens(monkeypatch) -> None:
    monkeypatch.setenv("ANDROID_ADB_SERVER_PORT", "adb")
    phones = Phones(port=8996)
    phones.start()
    outcome = await phones.dial("+49123456")
    status = phones.status
    await phones.close()

    assert not outcome.ok
    assert "ANDROID_ADB_SERVER_PORT" in outcome.detail
    assert status == outcome.detail


def stalling(go_on: asyncio.Event):
    """A phone on which a broadcast takes until `go_on`."""

    async def shell(command: str) -> Said:
        if command.startswith("am "):
            await go_on.wait()
        return await phone_app(command)

    return shell


async def loop_turns(count: int) -> None:
    """Let the loop turn `count` times."""
    for _ in range(count):
        await asyncio.sleep(0)
