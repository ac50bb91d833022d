"""Typed reading of a template node's own fields; every refusal names the place and what is allowed."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping

from bridge.flow.errors import TemplateError, shorten
from bridge.flow.nodes import FaqEntry, Operator
from bridge.flow.numbers import read_key

MAX_TIMEOUT_S = 3600.0
PLACEHOLDER = "n/a"

OPERATORS = {operator.value: operator for operator in Operator} | {
    "=": Operator.EQUALS,
    "==": Operator.EQUALS,
    "!=": Operator.NOT_EQUALS,
    ">": Operator.GREATER_THAN,
    "<": Operator.LESS_THAN,
    ">=": Operator.AT_LEAST,
    "<=": Operator.AT_MOST,
}

_ORDERED = frozenset({Operator.GREATER_THAN, Operator.LESS_THAN, Operator.AT_LEAST, Operator.AT_MOST})
_AGENT_FIELDS = ("queue", "timeout_s", "summary")
_AGENT_OBJECTS = ("agent", "settings", "options", "config", "data")
_FAQ_LISTS = ("faqs", "faq", "questions", "qa", "data")
_QUESTION_KEYS = ("question", "q", "title")
_ANSWER_KEYS = ("answer", "a", "text")
_VARIANT_KEYS = ("alternatives", "variations", "variants", "phrases")


def keyed(place: str, key: str) -> str:
    """The place of an object's `key`, as a person would write it."""
    return f"{place}[{json.dumps(shorten(key, 60), ensure_ascii=False)}]"


def spoken(raw: Mapping[str, object], key: str, place: str) -> str:
    """The text to say: stripped, "" where it is absent, null or the placeholder "N/A"."""
    value = raw.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise TemplateError(f"{place}.{key}", f"must be text, not {_kind(value)}")
    text = value.strip()
    return "" if text.casefold() == PLACEHOLDER else text


def optional_text(raw: Mapping[str, object], key: str, place: str) -> str | None:
    """Text or a number as text; None where it is absent, null or blank."""
    value = raw.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise TemplateError(f"{place}.{key}", f"must be text, not {_kind(value)}")
    return _plain(value) or None


def texts(value: object, place: str) -> tuple[str, ...]:
    """A list of texts, or one text with commas between them; blanks are left out."""
    if value is None:
        return ()
    items = value.split(",") if isinstance(value, str) else value
    if not isinstance(items, list | tuple) or not all(isinstance(item, str) for item in items):
        raise TemplateError(place, 'must be a list of texts, or one text such as "one, two"')
    return tuple(item.strip() for item in items if item.strip())


def agent_settings(raw: Mapping[str, object], place: str) -> tuple[str | None, float | None, str | None]:
    """An agent node's queue, seconds to wait and summary, plain on the node or in an object of it."""
    source, where = raw, place
    if not any(key in raw for key in _AGENT_FIELDS):
        for name in _AGENT_OBJECTS:
            inner = raw.get(name)
            if isinstance(inner, Mapping) and any(key in inner for key in _AGENT_FIELDS):
                source, where = inner, f"{place}.{name}"
                break
    timeout = _seconds(source.get("timeout_s"), f"{where}.timeout_s")
    return optional_text(source, "queue", where), timeout, optional_text(source, "summary", where)


def _seconds(value: object, place: str) -> float | None:
    if value is None or value == "":
        return None
    problem = f"must be a number of seconds, more than 0 and at most {MAX_TIMEOUT_S:g}"
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise TemplateError(place, problem)
    try:
        seconds = float(value)
    except (ValueError, OverflowError):
        raise TemplateError(place, problem) from None
    if not math.isfinite(seconds) or not 0 < seconds <= MAX_TIMEOUT_S:
        raise TemplateError(place, problem)
    return seconds


def action_tags(raw: Mapping[str, object], place: str) -> tuple[tuple[str, ...], tuple[object, ...]]:
    """Tags of every `tag_chat` in `actionsToPerform`, once each, and all actions as they are."""
    actions = raw.get("actionsToPerform")
    where = f"{place}.actionsToPerform"
    if actions is None:
        return (), ()
    if not isinstance(actions, list | tuple):
        raise TemplateError(where, f"must be a list of actions, not {_kind(actions)}")
    tags: dict[str, None] = {}
    for index, action in enumerate(actions):
        if not isinstance(action, Mapping):
            raise TemplateError(
                f"{where}[{index}]", 'must be an object such as {"tag_chat": {"tags": ["order"]}}'
            )
        tagging = action.get("tag_chat")
        if tagging is None:
            continue
        if not isinstance(tagging, Mapping):
            raise TemplateError(f"{where}[{index}].tag_chat", 'must be an object such as {"tags": ["order"]}')
        tags.update(dict.fromkeys(texts(tagging.get("tags"), f"{where}[{index}].tag_chat.tags")))
    return tuple(tags), tuple(actions)


def faq_entries(raw: Mapping[str, object], place: str) -> tuple[tuple[FaqEntry, ...], str | None]:
    """An faq's questions and answers, and the field that holds them; () and None where there are none.

    Accepted under `faqs` (or `faq`, `questions`, `qa`, `data`): a list of `{question, answer}` where
    `question` is a text or a list of wordings and `alternatives` may add more, or `{question: answer}`.
    """
    name = next((name for name in _FAQ_LISTS if isinstance(raw.get(name), list | tuple | Mapping)), None)
    if name is None:
        if raw.get("faqs") is not None:
            raise TemplateError(f"{place}.faqs", 'must be a list of {"question": …, "answer": …}')
        return (), None
    found, where = raw[name], f"{place}.{name}"
    if isinstance(found, Mapping):
        return tuple(_pair((key,), value, keyed(where, key)) for key, value in found.items()), name
    assert isinstance(found, list | tuple)
    return tuple(_entry(item, f"{where}[{index}]") for index, item in enumerate(found)), name


def _entry(item: object, place: str) -> FaqEntry:
    if not isinstance(item, Mapping):
        raise TemplateError(place, 'must be an object {"question": …, "answer": …}')
    asked = next((item[key] for key in _QUESTION_KEYS if item.get(key) is not None), None)
    wordings = _wordings(asked, f"{place}.question")
    for key in _VARIANT_KEYS:
        wordings += _wordings(item.get(key), f"{place}.{key}")
    answer = next((item[key] for key in _ANSWER_KEYS if item.get(key) is not None), None)
    return _pair(wordings, answer, place)


def _wordings(value: object, place: str) -> tuple[str, ...]:
    return texts([value] if isinstance(value, str) else value, place)


def _pair(wordings: tuple[str, ...], answer: object, place: str) -> FaqEntry:
    if not wordings or not isinstance(answer, str) or not answer.strip():
        raise TemplateError(place, "needs a question and an answer, both of them text")
    return FaqEntry(questions=wordings, answer=answer.strip())


def clause_values(raw: Mapping[str, object], operator: Operator, place: str) -> tuple[str, ...]:
    """What a condition's row compares with: one value, or several for `in`; () where none is needed."""
    if operator in (Operator.IS_SET, Operator.IS_NOT_SET):
        return ()
    value = raw.get("value")
    several = isinstance(value, list | tuple) and operator is Operator.IN
    items = list(value) if several and isinstance(value, list | tuple) else [value]
    if not items or not all(isinstance(item, str | int | float) and str(item).strip() for item in items):
        allowed = "text, a number, or a list of them" if operator is Operator.IN else "text or a number"
        raise TemplateError(f"{place}.value", f"must be {allowed}")
    values = tuple(_plain(item) for item in items)
    if operator in _ORDERED and read_key(values[0]) is None:
        raise TemplateError(f"{place}.value", f"must be a number to be compared by {operator.value}")
    return values


def clause_operator(raw: Mapping[str, object], place: str) -> Operator:
    """How a condition's row compares; `equals` where it does not say."""
    value = raw.get("operator", "equals")
    name = re.sub(r"[\s-]+", "_", value.strip().casefold()) if isinstance(value, str) else ""
    if name not in OPERATORS:
        raise TemplateError(f"{place}.operator", f"must be one of {', '.join(OPERATORS)}")
    return OPERATORS[name]


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value).strip()


def _kind(value: object) -> str:
    if isinstance(value, Mapping):
        return "an object"
    if isinstance(value, list | tuple):
        return "a list"
    return "a truth value" if isinstance(value, bool) else "a number"
