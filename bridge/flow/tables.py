"""What a caller may say at any time: the flow's intents, its answered questions, the way to a person."""

from __future__ import annotations

from bridge.flow.intents import best_intent, best_question
from bridge.flow.nodes import Agent, Condition, Faq, FaqEntry, Flow, IntentBot, Question
from bridge.flow.person import names_person


class Tables:
    """Look-ups over a whole flow, made once."""

    def __init__(self, flow: Flow) -> None:
        self._flow = flow
        self._intents = [node for node in flow.nodes.values() if isinstance(node, IntentBot)]
        self._entries = [
            (node, entry) for node in flow.nodes.values() if isinstance(node, Faq) for entry in node.entries
        ]
        self.person = self._way_to_person()
        """Node that a caller who asks for a person goes to; None where the flow offers none."""

    def intent(self, text: str, *, echo: str, at_least: int) -> str | None:
        """The intent_bot whose phrase `text` says. `echo`: the open question; its own words do not count."""
        index = best_intent(text, [node.phrases for node in self._intents], echo=echo, at_least=at_least)
        return None if index is None else self._intents[index].name

    def answer(self, text: str) -> tuple[Faq, FaqEntry] | None:
        """The faq and the entry that answer what `text` asks."""
        index = best_question(text, [entry.questions for _, entry in self._entries])
        return None if index is None else self._entries[index]

    def _way_to_person(self) -> str | None:
        """The intent that stands for a person, else one that leads straight to an agent, else an agent."""
        named = [node for node in self._intents if any(names_person(phrase) for phrase in node.phrases)]
        ways = [node.name for node in named if self._reaches_agent(node)] + [node.name for node in named]
        ways += [node.name for node in self._intents if self._leads_straight(node)]
        ways += [node.name for node in self._flow.nodes.values() if isinstance(node, Agent)]
        return ways[0] if ways else None

    def _reaches_agent(self, start: IntentBot) -> bool:
        waiting, seen = [start.name], {start.name}
        while waiting:
            node = self._flow.nodes[waiting.pop()]
            if isinstance(node, Agent):
                return True
            following = {*node.branches, *([node.next] if node.next is not None else [])} - seen
            seen |= following
            waiting += following
        return False

    def _leads_straight(self, start: IntentBot) -> bool:
        name = start.next
        for _ in self._flow.nodes:
            node = self._flow.nodes[name] if name is not None else None
            if node is None or isinstance(node, Agent | Question | Faq | Condition):
                return isinstance(node, Agent)
            name = node.next
        return False
