"""A phone as it is shown, and which one a command is for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from telephony.adb.errors import AdbFault
from telephony.adb.wire import Listed

READY = "device"
"""The adb server's word for a phone that takes commands."""

NO_DEVICE = "No phone is connected: plug one in by USB and turn USB debugging on in its developer options."

_PROBLEMS = {
    "unauthorized": "does not trust this computer yet: accept the USB debugging prompt on the phone",
    "authorizing": "is being asked whether it trusts this computer: accept the prompt on the phone",
    "connecting": "is still connecting",
    "offline": "is offline: unlock it, or unplug it and plug it in again",
    "no permissions": "may not be opened by this user: the computer's udev rules do not know it",
}


@dataclass(frozen=True, slots=True)
class Device:
    """One phone. `state` is the adb server's word; `reverse`: the phone app on it reaches this server.

    `problem`: a sentence that says what hinders it; None for a phone that is of use.
    """

    serial: str
    state: str
    model: str | None = None
    reverse: bool = False
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a command. `ok`: the phone took it, which is not yet a call; `detail`: a sentence."""

    ok: bool
    detail: str


def problem_of(listed: Listed) -> str | None:
    """What hinders a phone in this state, as a sentence; None for one that takes commands."""
    if listed.state == READY:
        return None
    return f"The phone {listed.serial} {_PROBLEMS.get(listed.state, f'is in the state “{listed.state}”')}."


def choose(devices: Sequence[Listed], serial: str | None) -> Listed:
    """The phone that a command is for; raises AdbFault, whose message says why there is none.

    Without a `serial` it is the only one that is ready; which of two is never guessed.
    """
    if serial is not None:
        return _named(devices, serial)
    if not devices:
        raise AdbFault(NO_DEVICE, code="no_device")
    ready = [listed for listed in devices if listed.state == READY]
    if len(ready) > 1:
        names = ", ".join(listed.serial for listed in ready)
        raise AdbFault(
            f"Several phones are connected ({names}): say which by its serial, or set PATCHBAY_PHONE_SERIAL.",
            code="several_devices",
        )
    if not ready:
        problems = [problem for listed in devices if (problem := problem_of(listed)) is not None]
        raise AdbFault(" ".join(problems), code="not_ready")
    return ready[0]


def _named(devices: Sequence[Listed], serial: str) -> Listed:
    found = next((listed for listed in devices if listed.serial == serial), None)
    if found is None:
        others = ", ".join(listed.serial for listed in devices) or "none"
        raise AdbFault(f"No phone {serial[:80]!r} is connected; there is: {others}.", code="no_device")
    problem = problem_of(found)
    if problem is not None:
        raise AdbFault(problem, code="not_ready")
    return found
