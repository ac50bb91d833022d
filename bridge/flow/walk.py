"""Walking a flow: from a node through everything that needs no answer, to where it listens or ends."""

from __future__ import annotations

from dataclasses import dataclass, field

from bridge.flow.conditions import chosen_clause
from bridge.flow.nodes import Action, Agent, Condition, Faq, Flow, Greeting, IntentBot, Node, Question
from bridge.flow.steps import End, Handoff, Say, Step, Tag

Listening = Question | Faq


@dataclass(frozen=True, slots=True)
class Back:
    """Where to return when what was entered has run: to a question or faq, or (None) to just listening.

    `ask`: an aside is over, so the question is asked again; else the node only listens on.
    """

    node: Listening | None
    ask: bool = True


@dataclass(slots=True)
class Position:
    """Where a conversation is and what it has gathered. `later`: what follows, the nearest last."""

    open: Listening | None = None
    later: list[str | Back] = field(default_factory=list)
    waiting: Agent | None = None
    ended: bool = False
    last: str = ""
    collected: dict[str, str] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    tags: dict[str, None] = field(default_factory=dict)

    def set_aside(self) -> None:
        """Keep what is open for later. An aside inside an aside replaces it, so this never piles up."""
        start = self._aside()
        if start is None:
            self.later.append(Back(self.open))
        else:
            del self.later[start[0] + 1 :]
        self.open = None

    def settle(self) -> None:
        """Forget the handoff and be where the call was: at the question it interrupted, or just listening."""
        start = self._aside()
        self.waiting = None
        if start is None:
            self.open, self.later = None, []
        else:
            self.open = start[1].node
            del self.later[start[0] :]

    def _aside(self) -> tuple[int, Back] | None:
        for index, item in enumerate(self.later):
            if isinstance(item, Back) and item.ask:
                return index, item
        return None


class Walker:
    """Moves a Position through a Flow and returns the steps on the way."""

    def __init__(self, flow: Flow, position: Position) -> None:
        self._flow = flow
        self._at = position

    def walk(self, name: str | None, *, may_end: bool = True, greet: bool = True) -> list[Step]:
        """Steps from the node `name` (or, for None, from what follows) to where the bot listens.

        The last is Handoff or End where there is nothing to hear; `may_end` False listens instead of End.
        """
        at = self._at
        at.open, at.waiting, at.ended = None, None, False
        steps: list[Step] = []
        for _ in range(
            len(self._flow.nodes) + len(at.later) + 1
        ):  # templates are trees; a made Flow may not be
            if name is None:
                if not at.later:
                    return steps + self.end() if may_end else steps
                following = at.later.pop()
                if isinstance(following, Back):
                    at.open = following.node
                    return steps + (self._say(following.node) if following.ask else [])
                name = following
            node = self._flow.nodes[name]
            at.last = name
            steps += self._visit(node, greet=greet)
            if at.open is not None or at.waiting is not None:
                return steps
            name = self._after(node)
        return steps

    def branch(self, node: Listening, target: str | None) -> list[Step]:
        """Steps from an answer's node `target`, with what follows the question after it."""
        if node.next is not None:
            self._at.later.append(node.next)
        return self.walk(target)

    def walk_from(self, name: str) -> list[Step]:
        """Steps from any node, as if the conversation had come there; its greeting is not said again."""
        chain: list[str | Back] = []
        child = name
        for _ in self._flow.nodes:
            if child not in self._flow.parents:
                break
            parent, is_branch = self._flow.parents[child]
            chain += self._continuation(self._flow.nodes[parent], child) if is_branch else []
            child = parent
        if child != self._flow.entry:
            chain.append(Back(None))
        self._at.later = chain[::-1]
        return self.walk(name, greet=False)

    def end(self) -> list[Step]:
        """The End of the flow; what was open or still to come is dropped."""
        at = self._at
        at.open, at.later, at.ended = None, [], True
        return [End(at.last)]

    def _continuation(self, parent: Node, child: str) -> list[str | Back]:
        if isinstance(parent, Faq) and child == parent.more:
            return [Back(parent, ask=False)]
        if isinstance(parent, Listening) and parent.next is not None:
            return [parent.next]
        return []

    def _visit(self, node: Node, *, greet: bool) -> list[Step]:
        at = self._at
        if isinstance(node, Listening):
            at.open = node
        if isinstance(node, Agent):
            at.waiting = node
            return [Handoff(node.name, node.text, node.queue, node.timeout_s, node.summary, node.extra)]
        silent = isinstance(node, IntentBot | Condition) or (isinstance(node, Greeting) and not greet)
        said = [] if silent else self._say(node)
        if isinstance(node, Action):
            fresh = tuple(tag for tag in node.tags if tag not in at.tags)
            at.tags.update(dict.fromkeys(fresh))
            return [Tag(fresh), *said] if fresh else said
        return said

    def _after(self, node: Node) -> str | None:
        if isinstance(node, Condition):
            clause = chosen_clause(node, self._at.collected, self._at.keys)
            return node.next if clause is None else clause.node
        return node.next

    def _say(self, node: Node | None) -> list[Step]:
        return [Say(node.text, node.name)] if node is not None and node.text else []
