"""A botchain template becomes a Flow: every node checked, named and linked, or a sentence saying why not."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from bridge.flow.builders import BUILDERS, Site
from bridge.flow.document import WHOLE, read_document
from bridge.flow.errors import TemplateError
from bridge.flow.nodes import Condition, Flow, Greeting, IntentBot, Node, Question

MAX_DEPTH = 200
"""Longest chain of nodes inside one flow."""


def parse_template(document: bytes | str | Mapping[str, object]) -> Flow:
    """The flow that `document` describes: a botchain template, bare or as `{"data": {…}}`.

    Raises TemplateError, and nothing else, for what is not JSON, too large (1 MiB) or too deep (200
    nodes), of an unknown type or a wrong shape, ambiguous by name, or impossible to answer or decide.
    A node without a name is called by its place.
    """
    return _Reader(read_document(document)).flow()


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A node that has been named but not read yet."""

    raw: Mapping[str, object]
    name: str
    place: str
    depth: int


class _Reader:
    """Reads one document node by node, without recursion, in the order of the template."""

    def __init__(self, flows: Mapping[str, object]) -> None:
        self._flows = flows
        self._waiting: list[_Waiting] = []
        self._places: dict[str, str] = {}
        self._nodes: dict[str, Node] = {}
        self._parents: dict[str, tuple[str, bool]] = {}
        self._depth = 0

    def flow(self) -> Flow:
        """Read everything and link it."""
        roots: dict[str, str] = {}
        for key, raw in self._flows.items():
            name = self._refer(raw, key)
            if name is not None:
                roots[key] = name
            self._read_waiting()
        if not roots:
            raise TemplateError(WHOLE, 'holds no flow; at least one {"Flow_1": node} is needed')
        self._resolve_variables()
        return Flow(
            nodes=MappingProxyType(self._nodes),
            roots=MappingProxyType(roots),
            entry=self._entry(roots),
            parents=MappingProxyType(self._parents),
        )

    def _entry(self, roots: Mapping[str, str]) -> str | None:
        begins = [name for name in roots.values() if isinstance(self._nodes[name], Greeting)]
        begins += [name for name in roots.values() if not isinstance(self._nodes[name], IntentBot)]
        return begins[0] if begins else None

    def _refer(self, raw: object, place: str) -> str | None:
        """Queue the node `raw` for reading and return its name; None where there is no node."""
        if raw is None:
            return None
        if not isinstance(raw, Mapping):
            raise TemplateError(place, "must be a node (an object with a type) or null")
        name = raw.get("name")
        if name is None or name == "":
            name = place
        if not isinstance(name, str):
            raise TemplateError(f"{place}.name", "must be text")
        if name in self._places:
            problem = f"has the same name {name!r} as {self._places[name]}; names must be unique"
            raise TemplateError(f"{place}.name", problem)
        if self._depth >= MAX_DEPTH:
            raise TemplateError(place, f"is too deep; at most {MAX_DEPTH} nodes may follow each other")
        self._places[name] = place
        self._waiting.append(_Waiting(raw, name, place, self._depth + 1))
        return name

    def _read_waiting(self) -> None:
        while self._waiting:
            item = self._waiting.pop()
            self._depth = item.depth
            kind = item.raw.get("type")
            builder = BUILDERS.get(kind) if isinstance(kind, str) else None
            if builder is None:
                found = f"{kind!r} is not a node type" if isinstance(kind, str) else "must name a node type"
                raise TemplateError(f"{item.place}.type", f"{found}; allowed are {', '.join(BUILDERS)}")
            first_child = len(self._waiting)
            node = builder(Site(item.raw, item.name, item.place, self._refer))
            self._waiting[first_child:] = reversed(self._waiting[first_child:])
            self._nodes[node.name] = node
            self._parents |= dict.fromkeys(node.branches, (node.name, True))
            if node.next is not None:
                self._parents[node.next] = (node.name, False)
        self._depth = 0

    def _resolve_variables(self) -> None:
        """Let conditions name questions by label too; refuse those that name none."""
        questions = [node for node in self._nodes.values() if isinstance(node, Question)]
        known = {node.label: node.name for node in reversed(questions)} | {
            node.name: node.name for node in questions
        }
        for node in [node for node in self._nodes.values() if isinstance(node, Condition)]:
            for index, clause in enumerate(node.clauses):
                if clause.variable not in known:
                    allowed = (
                        ", ".join(repr(question.label) for question in questions)
                        or "none: there is no question"
                    )
                    place = f"{node.place}.conditions[{index}].variable"
                    raise TemplateError(place, f"{clause.variable!r} is no question; allowed are {allowed}")
            clauses = tuple(dataclasses.replace(c, variable=known[c.variable]) for c in node.clauses)
            self._nodes[node.name] = dataclasses.replace(node, clauses=clauses)
