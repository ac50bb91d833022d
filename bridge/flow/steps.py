"""What a flow tells the bot to do, one step at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Say:
    """Speak `text`, which is never empty; `node` is the place in the flow that says it."""

    text: str
    node: str


@dataclass(frozen=True, slots=True)
class Handoff:
    """Hand the call to a person. `text`: what to say first, "" for nothing of the flow's own.

    `timeout_s`: seconds to wait for somebody, None for the settings' default; `extra`: the agent node's
    fields that have no meaning here, untouched.
    """

    node: str
    text: str
    queue: str | None
    timeout_s: float | None
    summary: str | None
    extra: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Tag:
    """Tag the conversation; only tags that it did not have before."""

    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NotCovered:
    """The flow does not know what to do with `text`; `prompt` is the open question, None without one."""

    text: str
    prompt: str | None


@dataclass(frozen=True, slots=True)
class End:
    """The flow has run to its end; `node` is its last place. A caller who speaks on is still heard."""

    node: str


Step = Say | Handoff | Tag | NotCovered | End
