"""What programs tell the bot's language model: how to behave, and what to know."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from bridge.errors import BridgeError

Scope = Literal["global", "session", "turn"]

MOST_INSTRUCTIONS = 4_000
"""Characters of one scope's instructions."""
MOST_KNOWLEDGE = 16_384
"""Bytes, in UTF-8, of the knowledge that a call has."""


class BadContext(BridgeError):
    """Instructions or knowledge that cannot be taken; nothing has changed."""

    code = "bad_context"


class GlobalInstructions:
    """How the model behaves in every call of the process; a change counts from the next reply on."""

    def __init__(self) -> None:
        self._text = ""

    @property
    def text(self) -> str:
        """What was set last, "" for nothing."""
        return self._text

    @text.setter
    def text(self, text: str) -> None:
        self._text = _instructions(text)


@dataclass(frozen=True, slots=True)
class Briefing:
    """What one reply of the model goes by, "" for nothing; the narrower instruction comes later and wins."""

    everywhere: str = ""
    session: str = ""
    turn: str = ""
    knowledge: str = ""


class Context:
    """The instructions and the knowledge of one call; they end with it.

    Instructions for one turn stay until the model has given a reply by them: what the flow answers, and a
    reply that fails or is cut off before it is there, do not use them up. Knowledge is one text: whoever
    injects another replaces it, as programs written to the takeover guide expect.
    """

    def __init__(self, everywhere: GlobalInstructions) -> None:
        self._everywhere = everywhere
        self._session = self._turn = self._knowledge = ""

    @property
    def knowledge(self) -> str | None:
        """What was injected last."""
        return self._knowledge or None

    @property
    def instructions(self) -> str | None:
        """Those of the session."""
        return self._session or None

    @property
    def turn_instructions(self) -> str | None:
        """Those of the next reply."""
        return self._turn or None

    def inject(self, text: str) -> None:
        """Give the model `text` to know, in place of what it had. Raises BadContext."""
        knowledge = _clean(text, "Knowledge")
        if not knowledge:
            raise BadContext("Knowledge needs some text.")
        size = len(knowledge.encode("utf-8"))
        if size > MOST_KNOWLEDGE:
            raise BadContext(f"Knowledge has {size} bytes; a call holds at most {MOST_KNOWLEDGE}.")
        self._knowledge = knowledge

    def clear(self) -> None:
        """Forget the knowledge."""
        self._knowledge = ""

    def set_instructions(self, text: str, scope: str) -> None:
        """Set one scope's instructions in place of those it had; "" takes them back. Raises BadContext."""
        if scope == "global":
            self._everywhere.text = text
        elif scope == "session":
            self._session = _instructions(text)
        elif scope == "turn":
            self._turn = _instructions(text)
        else:
            allowed = ", ".join(get_args(Scope))
            raise BadContext(f"Instructions have no scope {str(scope)[:40]!r}; there are {allowed}.")

    def briefing(self) -> Briefing:
        """What the next reply goes by."""
        return Briefing(self._everywhere.text, self._session, self._turn, self.knowledge or "")

    def followed(self, briefing: Briefing) -> None:
        """A reply was given by `briefing`: its turn's instructions are used up, newer ones are not."""
        if self._turn == briefing.turn:
            self._turn = ""


def _instructions(text: str) -> str:
    cleaned = _clean(text, "Instructions")
    if len(cleaned) > MOST_INSTRUCTIONS:
        raise BadContext(f"Instructions have {len(cleaned)} characters; at most {MOST_INSTRUCTIONS} go.")
    return cleaned


def _clean(text: object, what: str) -> str:
    """Stripped, and without what cannot be sent on: half a surrogate pair would fail every later reply."""
    if not isinstance(text, str):
        raise BadContext(f"{what} must be text.")
    return text.encode("utf-8", "replace").decode().replace("\0", "").strip()
