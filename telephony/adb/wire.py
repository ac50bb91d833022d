"""The phone app's commands as arguments of `am`, and what phone and adb server say, in values."""

from __future__ import annotations

import re
from dataclasses import dataclass

from telephony.adb.errors import BadNumber

PACKAGE = "com.tracsystems.phonebridge"
APP_PORT = 8996
"""Where the phone app looks for its gateway, on the phone itself."""

_ACTION = f"{PACKAGE}.CALL_COMMAND"
_RECEIVER = f"{PACKAGE}/.CallCommandReceiver"
# Single blanks or hyphens between digits are how people write numbers; they are taken out.
_NUMBER = re.compile(r"\+?[0-9](?:[ -]?[0-9]){2,19}")
_COMPLETED = re.compile(r"^Broadcast completed: result=(-?[0-9]+)", re.MULTILINE)
# A receiver that sets no result leaves 0; one that succeeds may set -1, Android's RESULT_OK.
_GOOD_RESULTS = frozenset({0, -1})
_FAULT = re.compile(r"^.*(?:Exception|Error\b|[Ee]rror:|not found|Can't find service).*$", re.MULTILINE)
_SHOWN = 160


@dataclass(frozen=True, slots=True)
class Listed:
    """One line of the adb server's list. `transport`: another number each time the device is plugged in."""

    serial: str
    state: str
    model: str | None = None
    transport: str = ""


def dialable(number: object) -> str:
    """The number without blanks and hyphens: an optional + and 3 to 20 digits; raises BadNumber.

    * and # are refused: behind them stand codes that divert calls, cost money or wipe a phone.
    """
    if not isinstance(number, str) or not number:
        raise BadNumber("A number to dial is missing: give it as text, such as +4930123456.")
    if "*" in number or "#" in number:
        raise BadNumber(
            "Codes with * or # are not dialled: they can divert calls, cost money or wipe a phone."
        )
    if _NUMBER.fullmatch(number) is None:
        raise BadNumber(
            f"{_short(repr(number))} cannot be dialled: it must be an optional + and 3 to 20 digits."
        )
    return re.sub("[ -]", "", number)


def dial(number: object) -> list[str]:
    """The arguments that make the app dial; raises BadNumber."""
    return _broadcast("dial", "--es", "number", dialable(number))


def plain(kind: str) -> list[str]:
    """The arguments of a command without values: `answer`, `reject` or `hangup`."""
    return _broadcast(kind)


def switch(kind: str, extra: str, on: bool) -> list[str]:
    """The arguments of a command that turns something on or off: its value is the boolean `extra`."""
    return _broadcast(kind, "--ez", extra, "true" if on else "false")


def installed() -> list[str]:
    """The arguments of the question whether the app is there.

    `am` says "completed" for a receiver that does not exist, too.
    """
    return ["pm", "path", PACKAGE]


def is_installed(output: str) -> bool:
    """True where `pm path` found the app."""
    return any(line.startswith("package:") for line in output.splitlines())


def broadcast_fault(output: str, code: int) -> str | None:
    """Why `am broadcast` failed, in the phone's words; None where the phone took the command.

    `output`: both streams; `code`: exit code of the phone's shell.
    """
    completed = _COMPLETED.search(output)
    fault = _FAULT.search(output)
    if fault is not None:
        return _short(fault.group().strip())
    if code != 0:
        return _short(output.strip().partition("\n")[0]) or f"exit code {code}"
    if completed is None:
        return _short(output.strip().partition("\n")[0]) or "it said nothing"
    if int(completed.group(1)) not in _GOOD_RESULTS:
        return f"its receiver answered with result {completed.group(1)}"
    return None


def parse_devices(block: str) -> tuple[Listed, ...]:
    """The devices in what `host:devices-l` and `host:track-devices-l` answer; the rest is left out."""
    return tuple(listed for line in block.splitlines() if (listed := _parse_line(line)) is not None)


def _parse_line(line: str) -> Listed | None:
    serial, _, rest = line.strip().partition(" ")
    rest = rest.strip()
    if not serial or not rest:
        return None
    # The one state that is several words; what udev is to be told follows in it.
    state = "no permissions" if rest.startswith("no permissions") else rest.split()[0]
    tags = dict(word.split(":", 1) for word in rest.split() if ":" in word)
    model = tags.get("model", "").replace("_", " ")
    return Listed(serial, state, model or None, tags.get("transport_id", ""))


def _broadcast(kind: str, *extras: str) -> list[str]:
    return ["am", "broadcast", "-a", _ACTION, "-n", _RECEIVER, "--es", "type", kind, *extras]


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
