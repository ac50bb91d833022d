"""How a call that waits, and what is said in it, looks to an operator."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from signaling.terminal.show import STYLES, Screen

_LAST = 6

Payload = dict[str, Any]


def seconds_between(begin: str | None, end: str | None) -> float | None:
    """Seconds from one ISO 8601 time to another, None where one is missing."""
    if not begin or not end:
        return None
    return (datetime.fromisoformat(end) - datetime.fromisoformat(begin)).total_seconds()


def caller_name(offer: Payload) -> str:
    """Whom an operator would greet: "Ann (+15550100)"."""
    caller = offer["caller"]
    number = caller.get("number") or "unknown number"
    return f"{caller['name']} ({number})" if caller.get("name") else str(number)


def show_offer(screen: Screen, offer: Payload, *, last: int = _LAST) -> None:
    """A call that waits: who, why, what it is about, and the `last` things said."""
    facts = Table.grid(padding=(0, 2, 0, 0))
    facts.add_column(style="dim", no_wrap=True)
    facts.add_column(ratio=1)
    facts.add_row("caller", Text(caller_name(offer), style="bold"))
    facts.add_row("why", Text(str(offer.get("reason") or "")))
    facts.add_row("about", Text(str(offer.get("summary") or "")))
    said = Table.grid(padding=(0, 2, 0, 0))
    said.add_column(no_wrap=True)
    said.add_column(ratio=1)
    for message in offer.get("transcript", [])[-last:]:
        said.add_row(
            Text(message["speaker"], style=STYLES.get(message["speaker"], "")), Text(message["text"])
        )
    rings = seconds_between(offer.get("requestedAt"), offer.get("expiresAt")) or 0
    title = f"Incoming call · {offer.get('queue') or 'default'} · rings for {rings:.0f} s"
    screen.panel(Group(facts, Text(), said), title)


def show_message(screen: Screen, message: Payload, call: Payload, me: str) -> None:
    """One thing that was said, or noted, in a call; `me`: whose words are `you`."""
    at = seconds_between(call.get("startedAt"), message["startedAt"])
    speaker = message["speaker"]
    who = "you" if speaker == "human" and message.get("name") == me else speaker_name(message)
    screen.line(at, who, message["text"], kind=speaker)


def speaker_name(message: Payload) -> str:
    """People by their names where they have one, everybody else by their part."""
    speaker, name = str(message["speaker"]), str(message.get("name") or "")
    if speaker == "system":
        return ""
    return name if speaker in ("caller", "human") and name[:1].isalpha() else speaker
