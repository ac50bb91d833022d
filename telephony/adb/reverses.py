"""Keeps the phone app's way to this server open: `adb reverse`."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from telephony.adb.errors import AdbFault
from telephony.adb.wire import APP_PORT, Listed
from telephony.adb.worker import Worker

if TYPE_CHECKING:
    from telephony.adb.link import Link

log = structlog.get_logger()

_ON_PHONE = f"tcp:{APP_PORT}"


@dataclass(frozen=True, slots=True)
class Way:
    """From the app on one phone to this server. `taken`: somebody led it elsewhere meanwhile."""

    up: bool
    problem: str | None = None
    taken: bool = False


class Reverses:
    """Leads the app's port on each phone to `port` here, again after it got lost.

    A phone that is plugged in is taken over from whoever had the port. Somebody who changes it afterwards
    means it: that is reported and not fought.
    """

    def __init__(self, worker: Worker, port: int, seconds: float) -> None:
        self._worker = worker
        self._here = f"tcp:{port}"
        self._seconds = seconds
        self._ways: dict[Listed, Way] = {}
        self._made: set[str] = set()

    def way(self, phone: Listed) -> Way:
        """What is known of this phone; not up until it has been checked."""
        return self._ways.get(phone, Way(up=False))

    async def check(self, phones: Sequence[Listed]) -> None:
        """Look after all of `phones`, which are ready, and forget what is known of all others."""
        ways = await asyncio.gather(*(self._checked(phone) for phone in phones))
        self._ways = dict(zip(phones, ways, strict=True))

    async def remove(self, seconds: float) -> None:
        """Take away what we made and what still leads here, within `seconds`. Never raises AdbFault."""
        made, self._made = self._made, set()
        await asyncio.gather(*(self._removed(serial, seconds) for serial in made))

    async def _checked(self, phone: Listed) -> Way:
        before = self._ways.get(phone)
        try:
            way = await self._worker.run(
                lambda link: self._ensure(link, phone.serial, before), _until(self._seconds)
            )
        except AdbFault as fault:
            way = Way(False, f"The phone app on {phone.serial} does not reach this server: {fault.message}")
        if way.problem is not None and (before is None or before.problem != way.problem):
            log.warning("adb_reverse_down", serial=phone.serial, problem=way.problem)
        return way

    def _ensure(self, link: Link, serial: str, before: Way | None) -> Way:
        leads_to = link.reverses(serial).get(_ON_PHONE)
        if leads_to == self._here:
            return Way(up=True)
        if leads_to is not None and before is not None and (before.up or before.taken):
            return Way(False, self._words_for(serial, leads_to), taken=True)
        link.reverse(serial, _ON_PHONE, self._here)
        self._made.add(serial)
        log.info("adb_reverse_made", serial=serial, instead_of=leads_to)
        return Way(up=True)

    async def _removed(self, serial: str, seconds: float) -> None:
        try:
            await self._worker.run(lambda link: self._take_away(link, serial), _until(seconds))
        except AdbFault as fault:
            # A phone that is gone has taken it along.
            log.info("adb_reverse_not_removed", serial=serial, reason=fault.message)

    def _take_away(self, link: Link, serial: str) -> None:
        if link.reverses(serial).get(_ON_PHONE) == self._here:
            link.remove_reverse(serial, _ON_PHONE)

    def _words_for(self, serial: str, leads_to: str) -> str:
        return (
            f"Somebody led port {APP_PORT} of the phone {serial} to {leads_to} instead of {self._here}, "
            f"where this server listens: `adb -s {serial} reverse --remove {_ON_PHONE}` gives it back."
        )


def _until(seconds: float) -> float:
    return asyncio.get_running_loop().time() + seconds
