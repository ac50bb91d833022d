"""The phones on this computer's cables, and what their phone app is told."""

from __future__ import annotations

import asyncio
import os
from collections import defaultdict
from collections.abc import Callable

import structlog

from bridge.tasks import TaskOwner
from telephony.adb import wire
from telephony.adb.address import ServerAddress, server_address
from telephony.adb.device import READY, Device, Outcome, choose, problem_of
from telephony.adb.errors import AdbFault, BrokeOff, TooLate
from telephony.adb.reverses import Reverses
from telephony.adb.tracker import Seen, Tracker
from telephony.adb.wire import Listed
from telephony.adb.worker import Worker

log = structlog.get_logger()

COMMAND_S = 10.0
"""Longest a command takes, its explanation aside."""

CHECK_EVERY_S = 20.0
_SETTLING_S = 2.0
_EXPLAIN_S = 2.0
_REMOVE_S = 2.0
_TOOK = (
    "The phone {serial} took the command. That is not yet a call: whether it connects shows when the phone "
    "app speaks up."
)


class Phones:
    """Every phone that the adb server knows, with a way to this server, and ready for commands.

    `port`: where this server listens, which port 8996 of each phone is led to. `serial`: the phone that all
    is about; without it, whichever is plugged in. `on_change` is called on the loop whenever `devices` or
    `status` has become another. Commands raise nothing: an Outcome says what became of them. All threads
    are our own; nothing blocks the loop. An adb server is never started.
    """

    def __init__(
        self,
        *,
        port: int,
        serial: str | None = None,
        on_change: Callable[[], None] | None = None,
        address: ServerAddress | None = None,
        command_s: float = COMMAND_S,
        check_every_s: float = CHECK_EVERY_S,
    ) -> None:
        self.on_change = on_change
        self._serial = serial
        self._command_s, self._check_every_s = command_s, check_every_s
        self._seen: Seen = AdbFault("The adb server has not answered yet.")
        self._misled: AdbFault | None = None
        try:
            address = address or server_address(os.environ)
        except AdbFault as fault:
            self._seen = self._misled = fault
        self._worker = Worker(address or ServerAddress())
        self._tracker = Tracker(address or ServerAddress(), self._on_seen)
        self._reverses = Reverses(self._worker, port, command_s)
        self._tasks = TaskOwner("phones")
        self._look = asyncio.Event()
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._shown: tuple[tuple[Device, ...], str | None] = ((), self.status)
        self._started = False

    @property
    def devices(self) -> tuple[Device, ...]:
        """What is plugged in, as last seen; empty while the adb server is not there."""
        return tuple(self._device(listed) for listed in self._listed())

    @property
    def status(self) -> str | None:
        """Why a command without a serial would fail, as a sentence; None where a phone is ready for it."""
        if isinstance(self._seen, AdbFault):
            return self._seen.message
        try:
            choose(self._seen, self._serial)
        except AdbFault as fault:
            return fault.message
        return None

    def start(self) -> None:
        """Begin to watch for phones, in the running loop. Waits for nothing; the second call does nothing."""
        if self._started or self._misled is not None:
            return
        self._started = True
        self._tracker.start()
        self._tasks.start(self._keep(), "keep")

    async def close(self) -> None:
        """End every thread and task, and take away what was set up on phones. Idempotent."""
        await self._tracker.close()
        await self._tasks.close()
        await self._reverses.remove(_REMOVE_S)
        self._worker.close()

    async def dial(self, number: object, serial: str | None = None) -> Outcome:
        """Call `number`: an optional + and 3 to 20 digits. Codes with * or # are refused."""
        try:
            arguments = wire.dial(number)
        except AdbFault as fault:
            return Outcome(False, fault.message)
        return await self._command(arguments, serial)

    async def answer(self, serial: str | None = None) -> Outcome:
        """Take the call that rings."""
        return await self._command(wire.plain("answer"), serial)

    async def reject(self, serial: str | None = None) -> Outcome:
        """Refuse the call that rings."""
        return await self._command(wire.plain("reject"), serial)

    async def hang_up(self, serial: str | None = None) -> Outcome:
        """End the call."""
        return await self._command(wire.plain("hangup"), serial)

    async def mute(self, on: bool, serial: str | None = None) -> Outcome:
        """Turn the phone's microphone off (`on`) or on again."""
        return await self._command(wire.switch("mute", "muted", on), serial)

    async def speaker(self, on: bool, serial: str | None = None) -> Outcome:
        """Turn the loudspeaker on or off."""
        return await self._command(wire.switch("speaker", "enabled", on), serial)

    async def bluetooth(self, on: bool, serial: str | None = None) -> Outcome:
        """Lead the call's sound to Bluetooth, or back."""
        return await self._command(wire.switch("bt_route", "enabled", on), serial)

    async def _command(self, arguments: list[str], serial: str | None) -> Outcome:
        until = _until(self._command_s)
        try:
            if self._misled is not None:
                raise self._misled
            # Asked anew, for what was seen last may be a moment old.
            phone = choose(await self._worker.run(lambda link: link.devices(), until), serial or self._serial)
        except AdbFault as fault:
            self._tracker.retry()
            return Outcome(False, fault.message)
        turn = self._turns[phone.serial]  # a dial and the hang-up after it arrive in this order
        try:
            async with asyncio.timeout_at(until):
                await turn.acquire()
        except TimeoutError:
            return Outcome(False, f"Other commands to the phone {phone.serial} are still under way.")
        try:
            return await self._deliver(phone, arguments, until)
        finally:
            turn.release()

    async def _deliver(self, phone: Listed, arguments: list[str], until: float) -> Outcome:
        sent = False
        try:
            found, _ = await self._worker.run(lambda link: link.shell(phone.serial, wire.installed()), until)
            if not wire.is_installed(found):
                return Outcome(False, f"The phone app {wire.PACKAGE} is not installed on {phone.serial}.")
            sent = True
            output, code = await self._worker.run(lambda link: link.shell(phone.serial, arguments), until)
        except AdbFault as fault:
            unsure = " Whether it took the command is not known." if sent and _late(fault) else ""
            return Outcome(False, await self._explained(phone, fault) + unsure)
        fault_there = wire.broadcast_fault(output, code)
        if fault_there is not None:
            return Outcome(False, f"The phone {phone.serial} refused the command: {fault_there}.")
        return Outcome(True, _TOOK.format(serial=phone.serial))

    async def _explained(self, phone: Listed, fault: AdbFault) -> str:
        """Why a conversation with this phone failed: what became of the phone says more than the error."""
        try:
            devices = await self._worker.run(lambda link: link.devices(), _until(_EXPLAIN_S))
        except AdbFault as worse:
            return worse.message
        now = next((listed for listed in devices if listed.serial == phone.serial), None)
        if now is None:
            return f"The phone {phone.serial} was unplugged meanwhile."
        problem = problem_of(now)
        if problem is None and now.transport != phone.transport:
            return f"The phone {phone.serial} was unplugged and plugged in again meanwhile."
        if problem is None and isinstance(fault, TooLate):
            return f"The phone {phone.serial} did not answer in time."
        return problem or f"The phone {phone.serial} did not take part: {fault.message}"

    async def _keep(self) -> None:
        while True:
            try:
                async with asyncio.timeout(self._pause()):
                    await self._look.wait()
            except TimeoutError:
                await self._look_again()
            self._look.clear()
            await self._reverses.check([phone for phone in self._listed() if self._is_ours(phone)])
            self._tell()

    def _pause(self) -> float:
        """Seconds until phones are looked at unasked: soon while one is not ready."""
        settling = any(listed.state != READY for listed in self._listed())
        return min(self._check_every_s, _SETTLING_S) if settling else self._check_every_s

    async def _look_again(self) -> None:
        """Ask what is plugged in: adb servers do not tell every change, such as offline to unauthorized."""
        before = self._seen
        try:
            seen = await self._worker.run(lambda link: link.devices(), _until(self._command_s))
        except AdbFault:
            return  # the tracker finds out why, and tells it
        if self._seen is before and not isinstance(before, AdbFault):
            self._on_seen(seen)

    def _on_seen(self, seen: Seen) -> None:
        if str(seen) != str(self._seen):
            log.info("phones_seen", seen=str(seen))
        self._seen = seen
        self._look.set()
        self._tell()

    def _tell(self) -> None:
        shown = (self.devices, self.status)
        if shown != self._shown:
            self._shown = shown
            if self.on_change is not None:
                try:
                    self.on_change()
                except Exception:  # whoever listens must not stop what keeps phones connected
                    log.exception("phones_listener_failed")

    def _listed(self) -> tuple[Listed, ...]:
        return () if isinstance(self._seen, AdbFault) else self._seen

    def _is_ours(self, phone: Listed) -> bool:
        return phone.state == READY and self._serial in (None, phone.serial)

    def _device(self, listed: Listed) -> Device:
        way = self._reverses.way(listed)
        return Device(listed.serial, listed.state, listed.model, way.up, problem_of(listed) or way.problem)


def _late(fault: AdbFault) -> bool:
    return isinstance(fault, (TooLate, BrokeOff))


def _until(seconds: float) -> float:
    return asyncio.get_running_loop().time() + seconds
