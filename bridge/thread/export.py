"""A conversation as a file: JSON, text for people, and WebVTT beside a recording.

Messages stand in the order of `seq`, except in WebVTT, which wants its cues by their time. A message is
late where somebody who began to speak after it stands before it: its text came when theirs had been shown.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from bridge.ports import Message
from bridge.thread.views import iso_utc, message_view

Format = Literal["json", "text", "vtt"]

FORMATS: Final[dict[str, Format]] = {"json": "json", "text": "text", "vtt": "vtt"}

SHORTEST_CUE: Final = timedelta(milliseconds=500)
"""A cue needs to be longer than nothing, and a key that was pressed takes no time."""

_SPEAKERS: Final = {
    "caller": "Caller",
    "bot": "Bot",
    "human": "Operator",
    "agent": "Agent",
    "system": "System",
}


@dataclass(frozen=True, slots=True)
class Exported:
    """A file's content, its MIME type and the end of its name."""

    body: str
    content_type: str
    suffix: str


def export(thread_id: str, messages: Sequence[Message], form: Format) -> Exported:
    """The whole of `messages`, which are in the order of seq, in the format asked for."""
    if form == "json":
        view = {"threadId": thread_id, "messages": [message_view(message) for message in messages]}
        return Exported(json.dumps(view, ensure_ascii=False, indent=2) + "\n", "application/json", "json")
    if form == "text":
        return Exported("\n".join(_text(thread_id, messages)) + "\n", "text/plain", "txt")
    return Exported("\n".join(_vtt(messages)) + "\n", "text/vtt", "vtt")


def file_name(thread_id: str, suffix: str) -> str:
    """A name that every file system and header takes."""
    return f"conversation-{re.sub(r'[^A-Za-z0-9._-]+', '_', thread_id)[:80]}.{suffix}"


def late_ids(messages: Sequence[Message]) -> set[str]:
    """Ids of the messages that began before one that stands ahead of them."""
    late: set[str] = set()
    newest: datetime | None = None
    for message in messages:
        if newest is not None and message.started_at < newest:
            late.add(message.id)
        else:
            newest = message.started_at
    return late


def _text(thread_id: str, messages: Sequence[Message]) -> Iterator[str]:
    yield f"Conversation {_line(thread_id)}"
    yield "Times are UTC."
    late = late_ids(messages)
    call = None
    for message in messages:
        if message.call_id != call:
            call = message.call_id
            yield ""
            yield f"Call {_line(call)}, {message.started_at.astimezone(UTC):%Y-%m-%d}"
            yield ""
        remark = " (written later)" if message.id in late else ""
        moment = message.started_at.astimezone(UTC)
        yield f"{moment:%H:%M:%S}  {_label(message)}{remark}: {_line(message.text)}"


def _label(message: Message) -> str:
    role = _SPEAKERS[message.speaker]
    name = _line(message.name or "")
    return f"{name} ({role.lower()})" if name and name != role else role


def _vtt(messages: Sequence[Message]) -> Iterator[str]:
    yield "WEBVTT"
    shown = sorted((m for m in messages if _line(m.text)), key=lambda m: (m.started_at, m.seq))
    if not shown:
        return
    start = shown[0].started_at
    yield ""
    yield f"NOTE Times count from {iso_utc(start)}"
    for message in shown:
        begin = message.started_at - start
        end = max(message.ended_at - start, begin + SHORTEST_CUE)
        yield ""
        yield str(message.seq)
        yield f"{_timestamp(begin)} --> {_timestamp(end)}"
        # With the role, since a caller may be named as the bot is.
        yield f"<v {_escaped(_label(message))}>{_escaped(message.text)}"


def _timestamp(offset: timedelta) -> str:
    milliseconds = offset // timedelta(milliseconds=1)
    minutes, rest = divmod(milliseconds, 60_000)
    return f"{minutes // 60:02}:{minutes % 60:02}:{rest // 1000:02}.{rest % 1000:03}"


def _escaped(text: str) -> str:
    return _line(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _line(text: str) -> str:
    """`text` on one line, its blanks and control characters made single blanks."""
    return re.sub(r"[\s\x00-\x1f\x7f]+", " ", text).strip()
