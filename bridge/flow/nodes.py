"""The nodes of a flow, as values: what the bot says, asks and does at each place.

A node names its successors instead of containing them, so a flow is a flat table however deep the
template was nested. `text` is "" where the template says nothing ("N/A" or absent). `extra` holds every
field of the template's node that has no meaning here, untouched.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from textwrap import shorten
from types import MappingProxyType

_LABEL = 80
"""Longest label of a place in the flow, in characters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One place in a flow. `place` is its path in the template, for messages to the flow's author."""

    name: str
    text: str
    next: str | None
    place: str
    extra: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def branches(self) -> tuple[str, ...]:
        """Names of the nodes that may follow inside this node, before its own `next`."""
        return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Greeting(Node):
    """Says its text when a call begins; skipped when a call resumes here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message(Node):
    """Says its text and goes on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a caller may answer and the node that it leads to; None goes on after the question."""

    key: str
    node: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Question(Node):
    """Says its text and listens for one of `answers`; `next` follows whichever branch was taken.

    `label` is how people and conditions may call the answer; the question's text where none is given.
    """

    answers: tuple[Answer, ...]
    label: str

    @property
    def branches(self) -> tuple[str, ...]:
        return tuple(answer.node for answer in self.answers if answer.node is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class FaqEntry:
    """One answer to what callers ask, in any of the wordings of `questions`."""

    questions: tuple[str, ...]
    answer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Faq(Node):
    """Says its text and answers questions until the caller has none left.

    `more` is entered when the caller says that there is a question without asking it, `done` when there
    is none (`next` where it is None), `answers` by their phrases. `follow_up` is said after each answer.
    """

    entries: tuple[FaqEntry, ...]
    answers: tuple[Answer, ...]
    more: str | None
    done: str | None
    follow_up: str

    @property
    def branches(self) -> tuple[str, ...]:
        inside = (self.more, self.done, *(answer.node for answer in self.answers))
        return tuple(name for name in inside if name is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class IntentBot(Node):
    """Enters its `next` whenever the caller says one of `phrases`; its text is never spoken."""

    phrases: tuple[str, ...]


class Operator(enum.Enum):
    """How a condition compares what was collected; numbers compare by value."""

    EQUALS = "equals"
    NOT_EQUALS = "not_equals"
    CONTAINS = "contains"
    IN = "in"
    GREATER_THAN = "greater_than"
    LESS_THAN = "less_than"
    AT_LEAST = "at_least"
    AT_MOST = "at_most"
    IS_SET = "is_set"
    IS_NOT_SET = "is_not_set"


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """One row of a condition. `variable` is a question's name; `values` is one value but for `in`."""

    variable: str
    operator: Operator
    values: tuple[str, ...]
    node: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition(Node):
    """Goes to the first clause that holds, or to `next` where none does; never to both.

    A clause that holds and has no node ends this branch. The text is a note and never spoken.
    """

    clauses: tuple[Clause, ...]

    @property
    def branches(self) -> tuple[str, ...]:
        return tuple(clause.node for clause in self.clauses if clause.node is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Action(Node):
    """Tags the call, says its text and goes on. `actions`: `actionsToPerform` as the template has it."""

    tags: tuple[str, ...]
    actions: tuple[object, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent(Node):
    """Hands the call to a person. `next` follows when nobody took it. `timeout_s`: seconds to wait."""

    queue: str | None
    timeout_s: float | None
    summary: str | None


@dataclass(frozen=True, slots=True)
class Flow:
    """A whole template: nodes by name in the template's order, and the root of each of its flows.

    `entry` is where a call begins: the first flow that starts with a greeting, else the first that is
    not entered by an intent, else None (the bot listens). `parents` gives for each node but the roots
    the node before it, and True where it is one of that node's branches.
    """

    nodes: Mapping[str, Node]
    roots: Mapping[str, str]
    entry: str | None
    parents: Mapping[str, tuple[str, bool]] = field(default_factory=dict)

    @property
    def offers_agent(self) -> bool:
        """True where some node hands over to a person."""
        return any(isinstance(node, Agent) for node in self.nodes.values())

    @property
    def resume_points(self) -> tuple[tuple[str, str], ...]:
        """(name, what people may call it) of every node at which a bot can go on talking, in order.

        That is what it says, shortened, or its name; intents and conditions are no places to talk.
        """
        talking = [n for n in self.nodes.values() if not isinstance(n, IntentBot | Condition)]
        return tuple(
            (node.name, shorten(node.text, _LABEL, placeholder="…") or node.name) for node in talking
        )

    @property
    def texts(self) -> tuple[str, ...]:
        """Everything that the flow may say, once each, in the template's order."""
        said: dict[str, None] = {}
        for node in self.nodes.values():
            if node.text and not isinstance(node, IntentBot | Condition):
                said[node.text] = None
            if isinstance(node, Faq):
                said.update({entry.answer: None for entry in node.entries})
                said.update({node.follow_up: None} if node.follow_up else {})
        return tuple(said)
