"""What agents and the server send each other on the agents' socket. Sans-IO."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from signaling.texts import MOST, is_unicode

_MOST_ID = 200


@dataclass(frozen=True, slots=True)
class Reply:
    """What the caller is to be told, in answer to the `turn.request` of this id."""

    request_id: str
    text: str


@dataclass(frozen=True, slots=True)
class Command:
    """Something the agent wants; `fields` is the whole message."""

    type: str
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Malformed:
    """A message that means nothing; `detail` says why, `code` the same in one word."""

    code: str
    detail: str
    request_id: str = ""


def parse(raw: str) -> Reply | Command | Malformed:
    """What an agent's text message says; never raises."""
    try:
        message = json.loads(raw)
    except (ValueError, RecursionError):
        return Malformed("bad_json", "A message must be JSON.")
    if not isinstance(message, dict):
        return Malformed("bad_json", "A message must be a JSON object.")
    if "reply" in message:
        return _reply(message)
    kind = message.get("type")
    if not isinstance(kind, str) or not kind or len(kind) > _MOST_ID:
        return Malformed("bad_request", "A message has a `type`, or a `reply` and its `request_id`.")
    return Command(kind, message)


def _reply(message: Mapping[str, Any]) -> Reply | Malformed:
    request_id, text = message.get("request_id"), message["reply"]
    if not isinstance(request_id, str) or not 0 < len(request_id) <= _MOST_ID:
        return Malformed("bad_request", "A reply needs the `request_id` of its turn.request.")
    if not isinstance(text, str) or not text.strip() or len(text) > MOST or not is_unicode(text):
        detail = f"`reply` must be a text of 1 to {MOST} characters; the turn still waits for it."
        return Malformed("bad_reply", detail, request_id)
    return Reply(request_id, " ".join(text.split()))


def event(kind: str, data: Mapping[str, object], *, session_id: str, now: float) -> str:
    """A bus event: the envelope, with `data`'s fields repeated beside it. `now`: Unix seconds.

    Where a field of `data` has a name of the envelope's, the envelope's stands at the top.
    """
    envelope = {"type": kind, "timestamp": now, "session_id": session_id, "data": dict(data)}
    return dumps({**data, **envelope})


def dumps(message: Mapping[str, object]) -> str:
    """`message` as JSON that can be sent: half a surrogate pair, which agents may send, becomes a "?"."""
    text = json.dumps(message, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "replace").decode()
