"""One paragraph about a conversation for whoever takes it over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bridge.bot.llm import LanguageModel, LlmUnavailable
from bridge.ports import Message

_PATIENCE = 2.0
"""Seconds that an offered call may wait for its summary; the caller is hearing hold audio meanwhile."""
_LAST = 4


async def summarise(
    history: Sequence[Message], collected: Mapping[str, str], llm: LanguageModel | None
) -> str:
    """The model's summary if there is one in time, else what was collected and the last exchanges."""
    if llm is not None and history:
        try:
            return await llm.summary(history, within=_PATIENCE)
        except LlmUnavailable:
            pass
    return last_exchanges(history, collected)


def last_exchanges(history: Sequence[Message], collected: Mapping[str, str]) -> str:
    """What is known, then the last few things said, as one paragraph."""
    parts = []
    if collected:
        parts.append("Known so far: " + "; ".join(f"{key} {value}" for key, value in collected.items()) + ".")
    said = [message for message in history if message.speaker in ("caller", "bot", "human", "agent")][-_LAST:]
    if said:
        names = {"caller": "Caller", "bot": "Bot", "human": "Operator", "agent": "Agent"}
        parts.append(" ".join(f"{names[m.speaker]}: “{m.text}”" for m in said))
    return " ".join(parts) or "The caller has not said anything yet."
