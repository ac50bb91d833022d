"""Phones that a test watches."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from telephony.adb.device import Device
from telephony.adb.phones import Phones

PORT = 18996
"""Where the tests' server is said to listen."""

DEADLINE_S = 30.0
LONG_S = 3600.0


class Watch:
    """Started `phones`, and a way to wait for what they show. Use as `async with`."""

    def __init__(self, **options: Any) -> None:
        self._changed = asyncio.Event()
        # Nothing is looked at again unasked, unless a test wants it.
        options = {"port": PORT, "command_s": DEADLINE_S, "check_every_s": LONG_S} | options
        self.phones = Phones(on_change=self._changed.set, **options)

    async def __aenter__(self) -> Self:
        self.phones.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.phones.close()

    async def until(self, met: Callable[[Phones], bool]) -> None:
        """Return as soon as `met`, looked at whenever `on_change` is called."""
        async with asyncio.timeout(DEADLINE_S):
            while not met(self.phones):
                self._changed.clear()
                await self._changed.wait()

    async def device(self, serial: str, met: Callable[[Device], bool]) -> Device:
        """The phone `serial` as soon as it is shown and `met`."""
        await self.until(lambda phones: any(d.serial == serial and met(d) for d in phones.devices))
        return next(device for device in self.phones.devices if device.serial == serial)

    async def ready(self, *serials: str) -> None:
        """Return as soon as all of these take commands and reach the server."""
        for serial in serials:
            await self.device(serial, lambda device: device.state == "device" and device.reverse)
