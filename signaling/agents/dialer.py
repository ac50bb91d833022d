"""The phone that dials, as the agents' surface needs it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


class Outcome(Protocol):
    """What became of a command to the phone."""

    @property
    def ok(self) -> bool:
        """True where the phone took it, which is not yet a call."""

    @property
    def detail(self) -> str:
        """A sentence."""


class Device(Protocol):
    """A phone on a cable."""

    @property
    def serial(self) -> str:
        """Its name at the adb server."""

    @property
    def state(self) -> str:
        """The adb server's word; `device` is a phone that takes commands."""

    @property
    def model(self) -> str | None:
        """What it is."""

    @property
    def reverse(self) -> bool:
        """True where the phone app on it reaches this server."""

    @property
    def problem(self) -> str | None:
        """What hinders it, as a sentence."""


class Dialer(Protocol):
    """Commands to a phone. They raise nothing and do not block the loop."""

    @property
    def devices(self) -> Sequence[Device]:
        """What is plugged in."""

    @property
    def status(self) -> str | None:
        """Why a command would fail; None where a phone is ready."""

    async def dial(self, number: object) -> Outcome:
        """Call a number."""

    async def hang_up(self) -> Outcome:
        """End the phone's call."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """An Outcome: nothing was done."""

    detail: str
    ok: bool = False


class NoPhone:
    """A Dialer without a phone."""

    devices: Sequence[Device] = ()
    status: str | None = "No phone is connected to this server, so it cannot dial."

    async def dial(self, number: object) -> Outcome:
        """Always refused."""
        return Refusal(str(self.status))

    async def hang_up(self) -> Outcome:
        """Always refused."""
        return Refusal(str(self.status))


def device_view(device: Device) -> dict[str, object]:
    """A phone as programs see it."""
    return {
        "serial": device.serial,
        "state": device.state,
        "model": device.model,
        "reverse": device.reverse,
        "problem": device.problem,
    }
