"""Who calls, from the parameters that a stream brings along. Sans-IO."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from bridge.ports import Caller

MAX_VALUE = 200
"""Longest value that is taken over, in characters."""

_NAMES = {
    "thread_id": ("threadId", "thread_id"),
    "crm_id": ("crmId", "crm_id"),
    "channel_id": ("channelId", "channel_id"),
    "number": ("number",),
    "name": ("name",),
}


_NO_NAMES = frozenset({".", ".."})
"""What clients take out of an address before they ask for it."""


def identify(
    parameters: Mapping[str, str],
    *,
    provider: str,
    previous: Caller | None = None,
    default_channel: str = "",
) -> tuple[Caller, tuple[str, ...]]:
    """The caller that `parameters` name, and a note for each value that was not usable.

    Missing ids are those of `previous` (an older stream of the same phone call), else `default_channel`
    for the channel, else UUID v4. The
    call id is `previous`'s or a new one: a provider's own id never becomes ours.
    """
    notes: list[str] = []
    found = {field: _value(parameters, names, notes) for field, names in _NAMES.items()}
    caller = Caller(
        call_id=previous.call_id if previous else str(uuid.uuid4()),
        thread_id=found["thread_id"] or (previous.thread_id if previous else str(uuid.uuid4())),
        crm_id=found["crm_id"] or (previous.crm_id if previous else str(uuid.uuid4())),
        channel_id=found["channel_id"]
        or (previous.channel_id if previous else default_channel or str(uuid.uuid4())),
        provider=provider,
        number=found["number"] or (previous.number if previous else ""),
        name=found["name"] or (previous.name if previous else None),
    )
    return caller, tuple(notes)


def _value(parameters: Mapping[str, str], names: tuple[str, ...], notes: list[str]) -> str:
    """The first usable value among `names`, or ""."""
    for name in names:
        value = parameters.get(name, "").strip()
        if len(value) > MAX_VALUE:
            notes.append(f"{name} is longer than {MAX_VALUE} characters")
        elif not value.isprintable():
            notes.append(f"{name} is not printable")
        elif value in _NO_NAMES:
            notes.append(f"{name} is {value!r}, which no address can have in it")
        elif value:
            return value
    return ""
