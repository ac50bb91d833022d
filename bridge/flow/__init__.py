"""Flows: botchain templates, read, checked and run turn by turn, without any I/O.

A template is `{"data": {"Flow_1": node, …}}` or the object inside. A node is `{type, text, name,
next_flow}`; a node without a name is called by its place. "N/A" as text says nothing. Beyond that:

- `question`: `answers` maps what may be answered to a node, or to null to go straight on. Keys are numbers
  ("0"), ranges ("1-10"), open ranges ("21+", "under 5"), "yes", "no" and phrases; "/" "|" ";" and commas
  separate wordings of one answer. `label` (or `variable`) is what people and conditions call it. The
  question's own `next_flow` follows whichever branch was taken.
- `faq`: `faqs` (or `faq`, `questions`, `qa`, `data`) is a list of `{question, answer, alternatives?}`, or
  `{question: answer}`; `follow_up` is said after each answer. `answers.noAction` follows when the caller
  has no question left (`next_flow` where there is none), `answers.moreAction` when the caller says that
  there is one. An faq answers anywhere in the flow; the open question is then asked again.
- `intent_bot`: `text` lists phrases with commas; one of them, said anywhere, enters its `next_flow`. When
  that has run, the open question is asked again. A phrase such as "agent" stands for every way to ask for
  a person.
- `condition`: `conditions` is a list of `{variable, operator, value, next_flow}`; the first that holds is
  taken, the node's own `next_flow` where none does. `variable`: a question's name or label; `operator`:
  equals (the default), not_equals, contains, in (`value`: a list, or ranges such as "21+"), greater_than,
  less_than, at_least, at_most, is_set, is_not_set, or = != > < >= <=.
- `action`: `actionsToPerform[].tag_chat.tags`, a list or one text with commas; its text is spoken.
- `agent`: `queue`, `timeout_s` (seconds), `summary`, plain or in an object `agent`, `settings`, `options`,
  `config` or `data`. `next_flow` is what follows when nobody takes the call.
"""

from __future__ import annotations

from bridge.flow.agreement import yes_no
from bridge.flow.answers import Match, match_answer
from bridge.flow.demo import demo_flow
from bridge.flow.engine import FlowRun
from bridge.flow.errors import TemplateError, UnknownNode
from bridge.flow.nodes import Flow
from bridge.flow.person import wants_person
from bridge.flow.steps import End, Handoff, NotCovered, Say, Step, Tag
from bridge.flow.template import parse_template

__all__ = [
    "End",
    "Flow",
    "FlowRun",
    "Handoff",
    "Match",
    "NotCovered",
    "Say",
    "Step",
    "Tag",
    "TemplateError",
    "UnknownNode",
    "demo_flow",
    "match_answer",
    "parse_template",
    "wants_person",
    "yes_no",
]
