"""One reader for each type of node; a type without one is unknown."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypedDict

from bridge.flow import fields
from bridge.flow.answers import key_problem
from bridge.flow.errors import TemplateError
from bridge.flow.nodes import (
    Action,
    Agent,
    Answer,
    Clause,
    Condition,
    Faq,
    Greeting,
    IntentBot,
    Message,
    Node,
    Question,
)
from bridge.flow.phrases import alternatives
from bridge.flow.words import words

Refer = Callable[[object, str], str | None]
"""Takes a child as the template has it and its place; returns its name, None where there is no child."""

_COMMON = frozenset({"type", "text", "name", "next_flow"})


@dataclass(frozen=True, slots=True)
class Site:
    """One node as the template has it, where it stands, and how to name its children."""

    raw: Mapping[str, object]
    name: str
    place: str
    refer: Refer


class _Common(TypedDict):
    name: str
    text: str
    next: str | None
    place: str
    extra: Mapping[str, object]


def _common(site: Site, *own: str) -> _Common:
    """What every node has; `own` are the fields that this type reads itself."""
    known = _COMMON | set(own)
    return _Common(
        name=site.name,
        text=fields.spoken(site.raw, "text", site.place),
        next=site.refer(site.raw.get("next_flow"), f"{site.place}.next_flow"),
        place=site.place,
        extra=MappingProxyType({key: value for key, value in site.raw.items() if key not in known}),
    )


def _no_answers(site: Site) -> None:
    if site.raw.get("answers"):
        raise TemplateError(f"{site.place}.answers", "only question and faq nodes have answers")


def _greeting(site: Site) -> Node:
    _no_answers(site)
    return Greeting(**_common(site))


def _message(site: Site) -> Node:
    _no_answers(site)
    return Message(**_common(site))


def _question(site: Site) -> Node:
    answers = _answers(site, frozenset())
    if not answers:
        problem = 'a question needs answers, such as {"1-10": node, "11+": node, "no": null}'
        raise TemplateError(f"{site.place}.answers", problem)
    common = _common(site, "answers", "label", "variable")
    label = fields.optional_text(site.raw, "label", site.place)
    label = label or fields.optional_text(site.raw, "variable", site.place)
    return Question(**common, answers=answers, label=label or common["text"] or site.name)


def _answers(site: Site, reserved: frozenset[str]) -> tuple[Answer, ...]:
    place = f"{site.place}.answers"
    found = site.raw.get("answers")
    if found is None:
        return ()
    if not isinstance(found, Mapping):
        raise TemplateError(place, "must be an object of answers, each with a node or null")
    seen: dict[tuple[str, ...], str] = {}
    answers: list[Answer] = []
    for key, raw in found.items():
        where = fields.keyed(place, key)
        if key in reserved:
            continue
        problem = key_problem(key)
        if problem is not None:
            raise TemplateError(where, problem)
        twin = seen.setdefault(words(key), key)
        if twin != key:
            raise TemplateError(where, f"cannot be told from the answer {twin!r} when heard")
        answers.append(Answer(key=key, node=site.refer(raw, where)))
    return tuple(answers)


def _faq(site: Site) -> Node:
    entries, holder = fields.faq_entries(site.raw, site.place)
    answers = _answers(site, frozenset({"moreAction", "noAction"}))
    special = site.raw.get("answers")
    reserved = special if isinstance(special, Mapping) else {}
    more = site.refer(reserved.get("moreAction"), f"{site.place}.answers.moreAction")
    done = site.refer(reserved.get("noAction"), f"{site.place}.answers.noAction")
    own = ("answers", "follow_up", *([holder] if holder else ()))
    return Faq(
        **_common(site, *own),
        entries=entries,
        answers=answers,
        more=more,
        done=done,
        follow_up=fields.spoken(site.raw, "follow_up", site.place),
    )


def _intent_bot(site: Site) -> Node:
    _no_answers(site)
    common = _common(site)
    return IntentBot(**common, phrases=alternatives(common["text"]))


def _condition(site: Site) -> Node:
    _no_answers(site)
    place = f"{site.place}.conditions"
    found = site.raw.get("conditions")
    if not isinstance(found, list | tuple) or not found:
        shape = '[{"variable": …, "operator": …, "value": …, "next_flow": node}]'
        raise TemplateError(place, f"a condition needs a list {shape}")
    clauses = tuple(_clause(site, raw, f"{place}[{index}]") for index, raw in enumerate(found))
    return Condition(**_common(site, "conditions"), clauses=clauses)


def _clause(site: Site, raw: object, place: str) -> Clause:
    if not isinstance(raw, Mapping):
        raise TemplateError(place, "must be an object with variable, operator, value and next_flow")
    variable = fields.optional_text(raw, "variable", place)
    if variable is None:
        raise TemplateError(f"{place}.variable", "must name a question, by its name or its label")
    operator = fields.clause_operator(raw, place)
    return Clause(
        variable=variable,
        operator=operator,
        values=fields.clause_values(raw, operator, place),
        node=site.refer(raw.get("next_flow"), f"{place}.next_flow"),
    )


def _action(site: Site) -> Node:
    _no_answers(site)
    tags, actions = fields.action_tags(site.raw, site.place)
    return Action(**_common(site, "actionsToPerform"), tags=tags, actions=actions)


def _agent(site: Site) -> Node:
    queue, timeout_s, summary = fields.agent_settings(site.raw, site.place)
    common = _common(site, "queue", "timeout_s", "summary")
    return Agent(**common, queue=queue, timeout_s=timeout_s, summary=summary)


BUILDERS: Mapping[str, Callable[[Site], Node]] = MappingProxyType(
    {
        "greeting": _greeting,
        "message": _message,
        "question": _question,
        "faq": _faq,
        "intent_bot": _intent_bot,
        "condition": _condition,
        "action": _action,
        "agent": _agent,
    }
)
"""Every node type that a template may use."""
