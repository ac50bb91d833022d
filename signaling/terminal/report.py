"""What a call's thread and timeline look like, and what they say in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from signaling.terminal.offers import seconds_between, speaker_name
from signaling.terminal.show import Screen

Payload = dict[str, Any]

MEANINGS = {
    "call_started": "the phone is connected",
    "bot_first_audio": "the caller hears the bot",
    "handoff_requested": "the bot asks for a person",
    "incoming_call_sent": "the operator's console rings",
    "accepted": "the operator takes the call",
    "operator_audio_connected": "the operator's audio connection stands",
    "bot_last_frame": "last frame of bot speech or hold audio",
    "provider_clear_sent": "what the phone has not played is dropped",
    "first_operator_frame": "the operator's first frame goes out",
    "provider_clear_confirmed": "the phone says that it was dropped",
    "first_caller_frame": "the operator hears the caller",
    "released": "the operator gives the call back",
    "bot_resumed": "the bot carries on",
    "call_ended": "the call is over",
}


_SWAP = ("bot_last_frame", "first_operator_frame")


@dataclass(frozen=True, slots=True)
class Interval:
    """How long something took, in ms; `ms` is None where the call did not get that far."""

    what: str
    ms: float | None


def first(timeline: Sequence[Payload], event: str, *, after: float = 0.0) -> float | None:
    """When `event` first happened at or after `after`, in ms since the call began."""
    return next((float(e["ms"]) for e in timeline if e["event"] == event and e["ms"] >= after), None)


def between(timeline: Sequence[Payload], begin: str, end: str) -> float | None:
    """Ms from the last `begin` before the first `end` to that `end`, None where either is missing."""
    ended = first(timeline, end)
    if ended is None:
        return None
    begun = [float(e["ms"]) for e in timeline if e["event"] == begin and e["ms"] <= ended]
    return ended - begun[-1] if begun else None


def intervals(timeline: Sequence[Payload], answer_s: float | None) -> list[Interval]:
    """The figures that a caller and an operator feel. `answer_s`: the bot's typical answer, as heard."""
    return [
        Interval(
            "caller stops speaking → hears the bot's answer",
            answer_s * 1000 if answer_s is not None else None,
        ),
        Interval(
            "person asked for → operator's console rings",
            between(timeline, "handoff_requested", "incoming_call_sent"),
        ),
        Interval(
            "operator takes the call → first frame to the phone",
            between(timeline, "accepted", "first_operator_frame"),
        ),
        Interval(
            "last hold audio → operator's first frame",
            between(timeline, "bot_last_frame", "first_operator_frame"),
        ),
        Interval("operator gives back → the bot has the call", between(timeline, "released", "bot_resumed")),
    ]


def show_thread(screen: Screen, messages: Sequence[Payload]) -> None:
    """The conversation as the server keeps it."""
    heading(screen, "The thread", "one conversation, whoever spoke")
    begin = messages[0]["startedAt"] if messages else None
    for message in messages:
        at = seconds_between(begin, message["startedAt"])
        screen.line(at, speaker_name(message), message["text"], kind=message["speaker"])


def show_timeline(screen: Screen, timeline: Sequence[Payload]) -> None:
    """What happened when, on the server's one clock."""
    heading(screen, "The timeline", "seconds since the call began")
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(justify="right", style="dim", no_wrap=True, width=8)
    grid.add_column(no_wrap=True)
    grid.add_column(style="dim", ratio=1)
    for entry in timeline:
        event = str(entry["event"])
        swap = "bold" if event in _SWAP else ""
        grid.add_row(f"{float(entry['ms']) / 1000:.3f}", Text(event, style=swap), MEANINGS.get(event, ""))
    screen.print(grid)


def show_intervals(screen: Screen, found: Sequence[Interval]) -> None:
    """The figures that matter, in ms."""
    heading(screen, "How long it took", "here, just now")
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(justify="right", style="bold", no_wrap=True, width=8)
    grid.add_column(ratio=1)
    for interval in found:
        grid.add_row("–" if interval.ms is None else f"{interval.ms:.0f} ms", interval.what)
    screen.print(grid)


def show_words(screen: Screen, timeline: Sequence[Payload], heard: str) -> None:
    """The same in a few sentences; `heard`: what the phone heard of the operator."""
    waited = between(timeline, "handoff_requested", "first_operator_frame")
    claimed = between(timeline, "accepted", "first_operator_frame")
    gap = between(timeline, "bot_last_frame", "first_operator_frame")
    sentences = []
    if waited is not None and claimed is not None and gap is not None:
        sentences += [
            f"The caller waited {waited / 1000:.1f} s for a person, and heard a sentence or hold audio all "
            "the time.",
            f"The operator's sound was on its way to the phone {claimed:.0f} ms after she took the call, "
            f"{gap:.0f} ms behind the last of the hold audio.",
        ]
    if heard:
        sentences.append(f"The phone's own recording of her, recognised again: “{heard}”")
    heading(screen, "In words")
    for sentence in sentences:
        screen.print(Padding(Text(sentence), (0, 2, 0, 2)))
    screen.print()


def went_round(messages: Sequence[Payload]) -> bool:
    """True where the bot, the caller, the operator and again the bot spoke, in this order."""
    order = iter(message["speaker"] for message in messages)
    return all(wanted in order for wanted in ("bot", "caller", "human", "bot"))


def heading(screen: Screen, text: str, remark: str = "") -> None:
    """A section begins."""
    words = Text.assemble((text, "bold"), (f"  {remark}" if remark else "", "dim"))
    screen.print(Padding(words, (1, 0, 0, 2)))
