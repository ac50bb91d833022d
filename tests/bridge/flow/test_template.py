"""Templates: every node type read, everything else refused with its place and what is allowed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.errors import BridgeError
from bridge.flow import FlowRun, TemplateError, parse_template
from bridge.flow.nodes import (
    Action,
    Agent,
    Condition,
    Faq,
    Greeting,
    IntentBot,
    Message,
    Operator,
    Question,
)

Raw = dict[str, Any]


def node(kind: str, name: str = "", /, **fields: Any) -> Raw:
    return {"type": kind, "name": name or kind, "text": f"{kind} text", "next_flow": None, **fields}


def only(raw: Raw) -> Any:
    return parse_template({"Flow_1": raw}).nodes[raw["name"]]


EXAMPLE = {
    "data": {
        "Flow_1": node(
            "greeting",
            "greeting_6b7",
            next_flow=node(
                "question",
                "question_44",
                answers={
                    "1-10": node("message", "message_1"),
                    "11+": node("agent", "agent_2", text="Let me get someone."),
                },
            ),
        ),
        "Flow_2": node("intent_bot", "intent_bot_9", text="agent", next_flow=node("agent", "agent_3")),
    }
}


@pytest.mark.parametrize(
    "document",
    [
        EXAMPLE,
        EXAMPLE["data"],
        json.dumps(EXAMPLE),
        json.dumps(EXAMPLE).encode(),
        json.dumps(EXAMPLE["data"]),
    ],
    ids=["wrapped", "bare", "text", "bytes", "bare text"],
)
def test_a_template_is_taken_wrapped_or_bare_decoded_or_not(document: Any) -> None:
    flow = parse_template(document)
    assert list(flow.nodes) == [
        "greeting_6b7",
        "question_44",
        "message_1",
        "agent_2",
        "intent_bot_9",
        "agent_3",
    ]
    assert flow.roots == {"Flow_1": "greeting_6b7", "Flow_2": "intent_bot_9"}
    assert flow.entry == "greeting_6b7"
    assert flow.offers_agent


def test_greeting_message_and_intent_are_read() -> None:
    greeting = only(node("greeting", text="  Hello  "))
    assert isinstance(greeting, Greeting)
    assert greeting.text == "Hello"
    assert isinstance(only(node("message", text="N/A")), Message)
    assert only(node("message", text="N/A")).text == ""
    intent = only(node("intent_bot", text="cancel my order, refund"))
    assert isinstance(intent, IntentBot)
    assert intent.phrases == ("cancel my order", "refund")


def test_a_question_keeps_its_answers_in_order_and_has_a_label() -> None:
    question = only(node("question", answers={"0": None, "1-10": None, "yes": None}, label="amount"))
    assert isinstance(question, Question)
    assert [answer.key for answer in question.answers] == ["0", "1-10", "yes"]
    assert question.label == "amount"
    assert only(node("question", answers={"0": None})).label == "question text"


@pytest.mark.parametrize(
    "data",
    [
        {"faqs": [{"question": "When?", "alternatives": ["What time?"], "answer": "At nine."}]},
        {"faq": [{"q": ["When?", "What time?"], "a": "At nine."}]},
        {"questions": [{"question": "When?", "variations": ["What time?"], "text": "At nine."}]},
    ],
)
def test_an_faq_takes_its_answers_in_several_shapes(data: Raw) -> None:
    faq = only(node("faq", answers={"moreAction": None, "noAction": node("message")}, **data))
    assert isinstance(faq, Faq)
    assert [(entry.questions, entry.answer) for entry in faq.entries] == [
        (("When?", "What time?"), "At nine.")
    ]
    assert faq.done == "message"
    assert faq.extra == {}


def test_an_faq_may_be_an_object_of_questions_or_have_none() -> None:
    assert only(node("faq", faqs={"When?": "At nine."})).entries[0].answer == "At nine."
    assert only(node("faq")).entries == ()


def test_a_condition_names_a_question_by_label_or_name() -> None:
    condition = node(
        "condition",
        conditions=[
            {"variable": "amount", "operator": ">=", "value": 5, "next_flow": node("message")},
            {"variable": "question", "operator": "in", "value": ["1-3", 7]},
            {"variable": "amount", "value": True},
            {"variable": "amount", "operator": "is set"},
        ],
    )
    flow = parse_template({"F": node("question", answers={"1+": None}, label="amount", next_flow=condition)})
    read = flow.nodes["condition"]
    assert isinstance(read, Condition)
    assert {clause.variable for clause in read.clauses} == {"question"}
    assert [(clause.operator, clause.values) for clause in read.clauses] == [
        (Operator.AT_LEAST, ("5",)),
        (Operator.IN, ("1-3", "7")),
        (Operator.EQUALS, ("yes",)),
        (Operator.IS_SET, ()),
    ]


def test_an_action_collects_tags_and_keeps_its_actions() -> None:
    actions = [{"tag_chat": {"tags": ["a", "b", "a"]}}, {"mail": 1}, {"tag_chat": {"tags": "b, c"}}]
    action = only(node("action", actionsToPerform=actions))
    assert isinstance(action, Action)
    assert action.tags == ("a", "b", "c")
    assert list(action.actions) == actions


@pytest.mark.parametrize(
    "fields",
    [
        {"queue": "orders", "timeout_s": 30, "summary": "big"},
        {"agent": {"queue": "orders", "timeout_s": "30", "summary": "big", "skill": 2}},
        {"settings": {"queue": "orders", "timeout_s": 30.0, "summary": "big"}},
    ],
)
def test_an_agents_settings_are_plain_or_in_an_object(fields: Raw) -> None:
    agent = only(node("agent", **fields, routing={"mode": "Ring All"}))
    assert isinstance(agent, Agent)
    assert (agent.queue, agent.timeout_s, agent.summary) == ("orders", 30.0, "big")
    inside = {key: value for key, value in fields.items() if isinstance(value, dict)}
    assert agent.extra == {"routing": {"mode": "Ring All"}, **inside}


def test_unknown_fields_are_kept_untouched() -> None:
    assert only(node("message", colour={"x": [1, None]}, id=7)).extra == {"colour": {"x": [1, None]}, "id": 7}


def test_a_node_without_a_name_is_called_by_its_place() -> None:
    flow = parse_template({"F": {"type": "question", "answers": {"yes": {"type": "message"}}}})
    assert list(flow.nodes) == ["F", 'F.answers["yes"]']


def test_a_flow_without_a_greeting_begins_with_what_no_intent_enters() -> None:
    assert parse_template({"A": node("intent_bot"), "B": node("message")}).entry == "message"
    assert parse_template({"A": node("intent_bot")}).entry is None


def _chain(length: int) -> Raw:
    raw: Raw = {"type": "message"}
    for _ in range(length - 1):
        raw = {"type": "question", "answers": {"yes": raw}}
    return raw


def _cyclic() -> Raw:
    raw = node("message")
    raw["next_flow"] = raw
    return raw


ASK = {"answers": {"yes": None}}
MALFORMED: list[tuple[str, Any, str, str]] = [
    ("not JSON", b"{", "template", "not JSON"),
    ("not UTF-8", b'{"a": "\xff"}', "template", "not JSON"),
    ("empty", "", "template", "not JSON"),
    ("NaN", '{"F": {"type": "agent", "timeout_s": NaN}}', "template", "NaN"),
    ("huge number", '{"F": ' + "1" * 5000 + "}", "template", "not JSON"),
    ("key twice", '{"F": {"type": "message", "type": "agent"}}', "template", "twice"),
    ("a list", "[]", "template", "JSON object"),
    ("nothing", None, "template", "JSON object"),
    ("data is a list", {"data": []}, "data", "object"),
    ("no flow", {"data": {}}, "template", "no flow"),
    ("only null flows", {"Flow_1": None}, "template", "no flow"),
    ("flow is text", {"Flow_1": "hello"}, "Flow_1", "must be a node"),
    ("bytes inside", {"Flow_1": node("message", x=b"1")}, "template", "bytes"),
    ("key is a number", {1: node("message")}, "template", "not text"),
    ("half a surrogate", '{"F": {"type": "message", "text": "\\ud800"}}', "template", "surrogate"),
    ("too large", " " * (1 << 20) + "{}", "template", "1048576"),
    ("too large an object", {"F": node("message", text="x" * (1 << 20))}, "template", "1048576"),
    ("too deep JSON", "[" * 100_000, "template", "deep"),
    ("too deep object", {"F": node("message", x=_chain(300))}, "template", "deep"),
    ("too many nodes deep", {"F": _chain(201)}, "F.answers", "200"),
    ("cyclic", {"F": _cyclic()}, "template", "deep"),
    ("no type", {"F": {"text": "hi"}}, "F.type", "greeting, message, question"),
    ("unknown type", {"F": node("message", next_flow=node("voicemail"))}, "F.next_flow.type", "'voicemail'"),
    ("type is a number", {"F": {"type": 1}}, "F.type", "greeting, message, question"),
    ("text is a number", {"F": node("message", text=1)}, "F.text", "text"),
    ("name is a number", {"F": {"type": "message", "name": 1}}, "F.name", "text"),
    ("next is a list", {"F": node("message", next_flow=[])}, "F.next_flow", "node"),
    ("name twice", {"F": node("message"), "G": node("message")}, "G.name", "same name 'message' as F"),
    ("question without answers", {"F": node("question")}, "F.answers", "needs answers"),
    ("question with no answer", {"F": node("question", answers={})}, "F.answers", "needs answers"),
    ("answers are a list", {"F": node("question", answers=["yes"])}, "F.answers", "object"),
    ("answer is text", {"F": node("question", answers={"11+": "go"})}, 'F.answers["11+"]', "node"),
    ("answer not speakable", {"F": node("question", answers={"?!": None})}, 'F.answers["?!"]', "1-10, 21+"),
    ("backward range", {"F": node("question", answers={"10-1": None})}, 'F.answers["10-1"]', "backwards"),
    (
        "same answer",
        {"F": node("question", answers={"Yes": None, "yes!": None})},
        'F.answers["yes!"]',
        "'Yes'",
    ),
    ("greeting with answers", {"F": node("greeting", **ASK)}, "F.answers", "only question and faq"),
    ("faq is text", {"F": node("faq", faqs="none")}, "F.faqs", "question"),
    ("faq entry is text", {"F": node("faq", faqs=["none"])}, "F.faqs[0]", "question"),
    ("faq without answer", {"F": node("faq", faqs=[{"question": "x"}])}, "F.faqs[0]", "both"),
    ("faq answer is a number", {"F": node("faq", faqs={"x": 1})}, 'F.faqs["x"]', "both"),
    ("no conditions", {"F": node("condition")}, "F.conditions", "operator"),
    ("condition is text", {"F": node("condition", conditions=["x"])}, "F.conditions[0]", "variable"),
    (
        "condition without variable",
        {"F": node("condition", conditions=[{"value": 1}])},
        "F.conditions[0].variable",
        "question",
    ),
    (
        "condition on nothing asked",
        {"F": node("condition", conditions=[{"variable": "x", "value": 1}])},
        "F.conditions[0].variable",
        "no question",
    ),
    (
        "unknown operator",
        {"F": node("condition", conditions=[{"variable": "x", "operator": "~"}])},
        "F.conditions[0].operator",
        "equals",
    ),
    (
        "no value",
        {"F": node("condition", conditions=[{"variable": "x", "operator": "equals"}])},
        "F.conditions[0].value",
        "text or a number",
    ),
    (
        "more than a word",
        {"F": node("condition", conditions=[{"variable": "x", "operator": ">", "value": "much"}])},
        "F.conditions[0].value",
        "number",
    ),
    ("actions are text", {"F": node("action", actionsToPerform="tag")}, "F.actionsToPerform", "list"),
    ("action is text", {"F": node("action", actionsToPerform=["tag"])}, "F.actionsToPerform[0]", "tag_chat"),
    (
        "tags are numbers",
        {"F": node("action", actionsToPerform=[{"tag_chat": {"tags": [1]}}])},
        "F.actionsToPerform[0].tag_chat.tags",
        "texts",
    ),
    ("timeout is a word", {"F": node("agent", timeout_s="soon")}, "F.timeout_s", "3600"),
    ("timeout is nothing", {"F": node("agent", timeout_s=0)}, "F.timeout_s", "3600"),
    ("timeout is true", {"F": node("agent", config={"timeout_s": True})}, "F.config.timeout_s", "3600"),
    ("queue is a list", {"F": node("agent", queue=[])}, "F.queue", "text"),
]


@pytest.mark.parametrize(
    ("document", "place", "allowed"), [row[1:] for row in MALFORMED], ids=[row[0] for row in MALFORMED]
)
def test_a_malformed_template_is_refused_with_its_place(document: Any, place: str, allowed: str) -> None:
    with pytest.raises(TemplateError) as refused:
        parse_template(document)
    assert isinstance(refused.value, BridgeError)
    assert refused.value.code == "bad_template"
    assert refused.value.place.startswith(place)
    assert allowed in refused.value.problem
    assert len(refused.value.message) < 2000


def test_two_hundred_nodes_may_follow_each_other() -> None:
    assert len(parse_template(json.dumps({"F": _chain(200)})).nodes) == 200


KINDS = ["greeting", "message", "question", "faq", "intent_bot", "condition", "action", "agent", "other"]
FIELDS = [
    *("type", "text", "name", "next_flow", "answers", "faqs", "conditions", "actionsToPerform", "timeout_s"),
    *("queue", "data", "variable", "operator", "value", "tag_chat", "tags", "question", "answer", "label"),
]
leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from([*KINDS, "1-10", "21+", "yes", "N/A"]),
)
anything = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.one_of(st.sampled_from(FIELDS), st.text(max_size=5)), inner, max_size=5),
    ),
    max_leaves=25,
)
nodes = st.recursive(
    st.none(),
    lambda inner: st.fixed_dictionaries(
        {"type": st.sampled_from(KINDS[:-1])},
        optional={
            "text": st.one_of(st.text(max_size=12), st.just("N/A")),
            "next_flow": inner,
            "answers": st.dictionaries(
                st.sampled_from(["yes", "no", "1-10", "21+", "bread", "moreAction", "noAction"]),
                inner,
                max_size=3,
            ),
            "faqs": st.dictionaries(st.text(max_size=10), st.text(min_size=1, max_size=10), max_size=2),
            "timeout_s": leaves,
        },
    ),
    max_leaves=12,
)


@settings(max_examples=200, deadline=None)
@given(st.one_of(anything, st.dictionaries(st.text(max_size=6), st.one_of(nodes, anything), max_size=3)))
def test_whatever_json_comes_in_nothing_but_a_template_error_comes_out(document: Any) -> None:
    for form in (document, json.dumps(document)):
        try:
            flow = parse_template(form)
        except TemplateError:
            continue
        assert set(flow.roots.values()) <= set(flow.nodes)
        assert set(flow.parents) | set(flow.roots.values()) == set(flow.nodes)


@settings(max_examples=100, deadline=None)
@given(st.one_of(st.binary(max_size=60), st.text(max_size=60)))
def test_whatever_bytes_come_in_nothing_but_a_template_error_comes_out(document: bytes | str) -> None:
    with pytest.raises(TemplateError):
        parse_template(document)


@settings(max_examples=150, deadline=None)
@given(
    st.dictionaries(st.sampled_from(["A", "B", "C"]), nodes, min_size=1),
    st.lists(
        st.one_of(st.text(max_size=20), st.sampled_from(["yes", "no", "5", "agent", "bread"])), max_size=6
    ),
)
def test_every_walk_through_every_template_comes_to_a_stop(document: Raw, said: list[str]) -> None:
    try:
        flow = parse_template(document)
    except TemplateError:
        return
    run = FlowRun(flow)
    bound = 3 * len(flow.nodes) + 3
    assert len(run.start()) <= bound
    for text in said:
        assert len(run.hear(text)) <= bound
        assert len(run.unanswered()) <= bound
    for name in run.node_names:
        assert len(run.resume(name)) <= bound
