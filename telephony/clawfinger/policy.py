"""The rules for calls of the phone app: every key, its default, and what it may be. Sans-IO."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bridge.errors import BridgeError

_MOST_TEXT = 1000
_MOST_NUMBERS = 1000
_NUMBER = re.compile(r"\+?[0-9]{2,20}")
_BETWEEN_DIGITS = re.compile(r"[\s\-()./]")


@dataclass(frozen=True, slots=True)
class _Key:
    """One key: `read` returns the value as it is kept, or raises ValueError."""

    default: object
    allowed: str
    read: Callable[[object], object]


def plain_number(number: str) -> str:
    """`number` without the marks that people put between digits; numbers are compared like this."""
    return _BETWEEN_DIGITS.sub("", number)


def _flag(value: object) -> object:
    if not isinstance(value, bool):
        raise ValueError
    return value


def _text(value: object) -> object:
    if not isinstance(value, str) or len(value) > _MOST_TEXT or not value.isprintable():
        raise ValueError
    return value.strip()


def _sentence(value: object) -> object:
    text = _text(value)
    if not text:
        raise ValueError
    return text


def _whole(least: int, most: int) -> Callable[[object], object]:
    def read(value: object) -> object:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise ValueError
        return value

    return read


def _numbers(value: object) -> object:
    if not isinstance(value, list) or len(value) > _MOST_NUMBERS:
        raise ValueError
    plain = [plain_number(number) if isinstance(number, str) else "" for number in value]
    if not all(_NUMBER.fullmatch(number) for number in plain):
        raise ValueError
    return list(dict.fromkeys(plain))


_SENTENCE = f"a text of 1 to {_MOST_TEXT} characters on one line"
_TEXT = f"a text of at most {_MOST_TEXT} characters on one line"
_NUMBERS = 'a list of telephone numbers such as ["+49123456789"]'
_FLAG = "true or false"

KEYS: Mapping[str, _Key] = {
    "auto_answer": _Key(True, _FLAG, _flag),
    "auto_answer_delay_ms": _Key(500, "a whole number from 0 to 60000", _whole(0, 60_000)),
    "caller_allowlist": _Key([], _NUMBERS, _numbers),
    "caller_blocklist": _Key([], _NUMBERS, _numbers),
    "unknown_callers_allowed": _Key(True, _FLAG, _flag),
    "greeting_incoming": _Key("Hello, this is {owner}'s assistant.", _SENTENCE, _sentence),
    "greeting_outgoing": _Key("Hello, this is {owner}'s assistant calling.", _SENTENCE, _sentence),
    "greeting_owner": _Key("the owner", _SENTENCE, _sentence),
    "max_duration_sec": _Key(300, "a whole number from 1 to 86400", _whole(1, 86_400)),
    "max_duration_message": _Key(
        "I am sorry, we have reached the longest time that a call may take. Goodbye.", _SENTENCE, _sentence
    ),
    "keep_history": _Key(False, _FLAG, _flag),
    "auth_passphrase": _Key("", f"{_TEXT}, empty for none", _text),
    "auth_reject_message": _Key("I am sorry, I cannot help you right now. Goodbye.", _SENTENCE, _sentence),
    "auth_max_attempts": _Key(3, "a whole number from 0, which is no limit, to 100", _whole(0, 100)),
}
ALIASES: Mapping[str, str] = {
    "call_auto_answer": "auto_answer",
    "call_auto_answer_delay_ms": "auto_answer_delay_ms",
    "greeting_incoming_template": "greeting_incoming",
    "greeting_outgoing_template": "greeting_outgoing",
}
"""Names that clients of the reference gateway write some keys by."""

PEOPLE_ONLY = frozenset(
    {
        "auth_passphrase",
        "auth_reject_message",
        "auth_max_attempts",
        "caller_allowlist",
        "caller_blocklist",
        "unknown_callers_allowed",
    }
)
"""Who may call is for people to say, not for a software agent whom a caller may have talked into it."""


def checked(changes: Mapping[str, object]) -> dict[str, object]:
    """`changes` under their own names, as they are kept; what is no key is left out.

    Raises BridgeError `bad_config` that names the key, its value and what is allowed.
    """
    found: dict[str, object] = {}
    for given, value in changes.items():
        name = ALIASES.get(given, given)
        key = KEYS.get(name)
        if key is None:
            continue
        try:
            found[name] = key.read(value)
        except ValueError:
            # What was meant as a passphrase is not for logs and answers either.
            shown = "not usable" if name == "auth_passphrase" else f"{value!r:.100}"
            message = f"{given} is {shown}: it must be {key.allowed}."
            raise BridgeError(message, code="bad_config") from None
    return found
