"""A flow at work: what the bot says, does and listens for, turn by turn, without any I/O."""

from __future__ import annotations

from bridge.flow.agreement import closes, opens, yes_no
from bridge.flow.answers import Match, match_answer
from bridge.flow.errors import UnknownNode, shorten
from bridge.flow.intents import split_asked
from bridge.flow.nodes import Faq, Flow, Question
from bridge.flow.person import mentions_person, names_person, wants_person
from bridge.flow.steps import NotCovered, Say, Step
from bridge.flow.tables import Tables
from bridge.flow.walk import Back, Position, Walker
from bridge.flow.words import words


class FlowRun:
    """One caller's way through `flow`.

    A list of steps that ends without Handoff or End means: listen, then call `hear`. After a Handoff
    nothing is heard until `resume` (a person took the call and gave it back) or `unanswered` (nobody
    did). Nothing that a caller says raises. Not thread-safe.
    """

    def __init__(self, flow: Flow) -> None:
        self._flow = flow
        self._tables = Tables(flow)
        self._at = Position()
        self._walker = Walker(flow, self._at)
        self._anything_else = False
        self._served = False

    @property
    def node_names(self) -> tuple[str, ...]:
        """Every node's name, in the template's order."""
        return tuple(self._flow.nodes)

    @property
    def offers_agent(self) -> bool:
        """True where the flow can hand over to a person at all."""
        return self._flow.offers_agent

    @property
    def collected(self) -> dict[str, str]:
        """Answers by the question node's name: a number ("15", "10-12", "21+") or the answer's key."""
        return dict(self._at.collected)

    @property
    def labelled(self) -> dict[str, str]:
        """`collected` by what people call the answers: each question's label, or its text."""
        found = ((self._flow.nodes[name], value) for name, value in self._at.collected.items())
        return {node.label: value for node, value in found if isinstance(node, Question)}

    @property
    def tags(self) -> tuple[str, ...]:
        """Tags given to the call so far, once each, in order."""
        return tuple(self._at.tags)

    @property
    def ended(self) -> bool:
        """True from an End until the caller enters something new."""
        return self._at.ended

    def start(self) -> list[Step]:
        """The first words of the call, from the flow's greeting to where it first listens.

        Never ends in End: a flow without a question listens for its intents.
        """
        return self._walker.walk(self._flow.entry, may_end=False)

    def hear(self, text: str) -> list[Step]:
        """What follows from `text`, as the recogniser wrote it.

        [] where it holds no words and while a Handoff waits. NotCovered where the flow has no place for it.
        """
        if not words(text) or self._at.waiting is not None:
            return []
        anything_else, self._anything_else = self._anything_else, False
        stated, asked = split_asked(text)
        match = self._match(stated)
        steps = self._person(text, match)
        if steps is None:
            steps = self._intent(text, match)
        if steps is None and match is not None and not (anything_else and closes(text)):
            steps = self._say_answer(asked, again=False) + self._take(match)
        if steps is None:
            steps = self._say_answer(asked, again=True) or self._say_answer(text, again=True) or None
        if steps is None:
            steps = self._closing(text, anything_else)
        return [NotCovered(text, self._prompt)] if steps is None else steps

    def resume(self, at: str | None = None) -> list[Step]:
        """Go on after a person or an agent gave the call back.

        `at`: a node's name to go on at (its greeting is not said again); raises UnknownNode. Without it
        the conversation is where it was and nothing is said: a question that was open stays open, and a
        caller who says that there is nothing else ends the flow.
        """
        if at is not None and at not in self._flow.nodes:
            raise UnknownNode(f"The flow has no node named {shorten(at, 80)!r}.")
        self._served = self._anything_else = True
        if at is not None:
            self._anything_else = False
            return self._walker.walk_from(at)
        if self._at.waiting is not None:
            self._at.settle()
        return []

    def unanswered(self) -> list[Step]:
        """Go on after a Handoff that nobody took: at the agent node's next, else where the call was.

        [] where no Handoff waits, and where there is nothing to do but listen.
        """
        agent = self._at.waiting
        if agent is None:
            return []
        self._at.waiting = None
        self._served = True
        return self._walker.walk(agent.next, may_end=agent.next is not None)

    @property
    def _prompt(self) -> str | None:
        return (self._at.open.text or None) if self._at.open is not None else None

    def _match(self, stated: str) -> Match | None:
        keys = [answer.key for answer in self._at.open.answers] if self._at.open is not None else []
        return match_answer(stated, keys) if keys and words(stated) else None

    def _person(self, text: str, match: Match | None) -> list[Step] | None:
        """The way to a person, unless the wish is itself the answer to what the bot has just asked."""
        if self._tables.person is None or not wants_person(text):
            return None
        about = match is not None and (names_person(match.key) or mentions_person(self._prompt or ""))
        return None if about else self._aside(self._tables.person)

    def _intent(self, text: str, match: Match | None) -> list[Step] | None:
        """The intent that was said; beside an answer it takes two telling words to be meant."""
        if match is not None and match.kind == "phrase":
            return None
        at_least = 1 if match is None else 2
        name = self._tables.intent(text, echo=self._prompt or "", at_least=at_least)
        return None if name is None else self._aside(name)

    def _aside(self, name: str) -> list[Step]:
        """Enter `name` from anywhere and come back to the open question when it has run."""
        self._at.set_aside()
        self._served = True
        return self._walker.walk(name)

    def _take(self, match: Match) -> list[Step]:
        node = self._at.open
        assert node is not None
        answer = next(answer for answer in node.answers if answer.key == match.key)
        if isinstance(node, Question):
            self._at.collected[node.name] = match.value
            self._at.keys[node.name] = match.key
        return self._walker.branch(node, answer.node)

    def _say_answer(self, asked: str, *, again: bool) -> list[Step]:
        """The flow's answer to what was asked; with `again`, what was open is asked again after it."""
        found = self._tables.answer(asked) if words(asked) else None
        if found is None:
            return []
        faq, entry = found
        steps: list[Step] = [Say(entry.answer, faq.name)]
        if again:
            self._served = True
            node = self._at.open
            if isinstance(node, Faq) and node.follow_up:
                steps.append(Say(node.follow_up, node.name))
            elif isinstance(node, Question) and node.text:
                steps.append(Say(node.text, node.name))
        return steps

    def _closing(self, text: str, anything_else: bool) -> list[Step] | None:
        """What follows from a bare "no, that's all" or "yes, I have", by what was asked last."""
        node = self._at.open
        if isinstance(node, Faq) and not anything_else:
            if closes(text):
                return self._walker.branch(node, node.done)
            if opens(text) and node.more is not None:
                self._at.later.append(Back(node, ask=False))
                return self._walker.walk(node.more)
            return None
        if closes(text) and (anything_else or (node is None and self._served)):
            return self._walker.end()
        if anything_else and isinstance(node, Question) and node.text and yes_no(text) == "yes":
            return [Say(node.text, node.name)]
        return None
