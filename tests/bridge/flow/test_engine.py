"""A flow at work, turn by turn."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.errors import BridgeError
from bridge.flow import (
    Flow,
    FlowRun,
    Handoff,
    NotCovered,
    Say,
    Step,
    Tag,
    demo_flow,
    parse_template,
)
from bridge.flow.nodes import Message

Raw = dict[str, Any]


def node(kind: str, name: str, following: Raw | None = None, /, **fields: Any) -> Raw:
    return {"type": kind, "name": name, "text": f"[{name}]", "next_flow": following, **fields}


def running(**flows: Raw) -> FlowRun:
    run = FlowRun(parse_template(flows))
    run.start()
    return run


def said(steps: list[Step]) -> list[str]:
    """Names of the nodes that speak, in order, with the other steps by type."""
    return [step.node if isinstance(step, Say) else type(step).__name__ for step in steps]


ORDER = node(
    "question",
    "amount",
    node("message", "bye"),
    answers={"0": None, "1-10": node("message", "few"), "11+": node("agent", "big", queue="orders")},
    label="how many",
)
PERSON = node("intent_bot", "wish", node("agent", "person", queue="desk", timeout_s=5), text="agent")
INFO = node("intent_bot", "info", node("message", "hours"), text="opening hours")
FAQ = node(
    "faq",
    "faq",
    node("message", "after_faq"),
    faqs={"Where are you?": "Mill Street."},
    follow_up="More?",
    answers={"moreAction": node("message", "go_ahead"), "noAction": node("message", "done")},
)


def test_a_call_begins_with_the_greeting_and_goes_on_to_the_first_question() -> None:
    run = FlowRun(parse_template({"F": node("greeting", "hello", node("message", "news", ORDER))}))
    assert run.start() == [Say("[hello]", "hello"), Say("[news]", "news"), Say("[amount]", "amount")]


def test_an_answer_leads_through_its_branch_and_then_past_the_question() -> None:
    run = running(F=ORDER)
    assert said(run.hear("seven")) == ["few", "bye", "End"]
    assert run.collected == {"amount": "7"}
    assert run.labelled == {"how many": "7"}
    assert run.ended


def test_an_answer_without_a_node_goes_straight_on() -> None:
    assert said(running(F=ORDER).hear("none")) == ["bye", "End"]


def test_what_fits_no_answer_is_not_covered_and_keeps_the_question_open() -> None:
    run = running(F=ORDER)
    assert run.hear("I like trains") == [NotCovered("I like trains", "[amount]")]
    assert said(run.hear("seven")) == ["few", "bye", "End"]


def test_nothing_heard_changes_nothing() -> None:
    run = running(F=ORDER)
    assert run.hear(" … ") == []
    assert said(run.hear("seven")) == ["few", "bye", "End"]


def test_an_agent_node_hands_over_with_its_settings_and_unknown_fields() -> None:
    agent = node("agent", "a", queue="q", timeout_s=9, summary="s", skill="cakes")
    run = running(F=node("question", "ask", answers={"yes": agent}))
    assert run.hear("yes") == [Handoff("a", "[a]", "q", 9.0, "s", MappingProxyType({"skill": "cakes"}))]
    assert run.offers_agent


def test_a_placeholder_text_says_nothing() -> None:
    agent = node("agent", "a", text="N/A")
    run = FlowRun(parse_template({"F": node("greeting", "g", agent, text="n/a")}))
    assert run.start() == [Handoff("a", "", None, None, None, MappingProxyType({}))]


def test_tags_are_given_once() -> None:
    tagging = [{"tag_chat": {"tags": ["x", "y"]}}]
    second = node("action", "second", text="", actionsToPerform=[{"tag_chat": {"tags": ["y", "z"]}}])
    run = FlowRun(parse_template({"F": node("action", "first", second, actionsToPerform=tagging)}))
    assert run.start() == [Tag(("x", "y")), Say("[first]", "first"), Tag(("z",))]
    assert run.tags == ("x", "y", "z")


@pytest.mark.parametrize(
    ("operator", "value", "text", "holds"),
    [
        ("equals", 7, "seven", True),
        ("equals", "1-10", "seven", True),
        ("equals", 8, "seven", False),
        ("not_equals", 8, "seven", True),
        ("not_equals", 8, "eight", False),
        (">", 7, "seven", False),
        (">", 7, "eight", True),
        ("<", 7, "three to six", True),
        ("<", 5, "three to six", False),
        (">=", 7, "seven", True),
        ("<=", 7, "eight", False),
        ("in", ["1-3", 9], "nine", True),
        ("in", ["1-3", 9], "seven", False),
        ("in", "5+", "seven", True),
        ("contains", "7", "seven", True),
        ("contains", "7", "eight", False),
        ("is_set", None, "seven", True),
        ("is_not_set", None, "seven", False),
    ],
)
def test_a_condition_decides_on_the_answer(operator: str, value: Any, text: str, holds: bool) -> None:
    clause = {"variable": "ask", "operator": operator, "value": value, "next_flow": node("message", "holds")}
    condition = node("condition", "if", node("message", "else"), conditions=[clause])
    run = running(F=node("question", "ask", condition, answers={"1-10": None}))
    assert said(run.hear(text)) == ["holds" if holds else "else", "End"]


def test_a_condition_on_what_was_never_answered_holds_only_for_is_not_set() -> None:
    clauses = [
        {"variable": "ask", "operator": "not_equals", "value": 1, "next_flow": node("message", "wrong")},
        {"variable": "ask", "operator": "is_not_set", "next_flow": node("message", "unset")},
    ]
    condition = node("condition", "if", node("message", "else"), conditions=clauses)
    run = FlowRun(parse_template({"F": node("greeting", "g", condition), "G": {**ORDER, "name": "ask"}}))
    assert said(run.start()) == ["g", "unset"]


def test_an_intent_enters_from_anywhere_and_comes_back_to_the_open_question() -> None:
    run = running(F=ORDER, G=INFO)
    assert said(run.hear("I want to know your opening hours")) == ["hours", "amount"]
    assert said(run.hear("seven")) == ["few", "bye", "End"]


def test_an_intent_in_an_intent_replaces_it() -> None:
    other = node("intent_bot", "refund", node("question", "sure", answers={"yes": None}), text="refund")
    run = running(F=ORDER, G=INFO, H=other)
    assert said(run.hear("a refund")) == ["sure"]
    assert said(run.hear("refund me")) == ["sure"]
    assert said(run.hear("opening hours")) == ["hours", "amount"]


def test_an_intent_entered_from_nowhere_goes_back_to_listening() -> None:
    run = running(F=node("greeting", "g"), G=INFO)
    assert said(run.hear("opening hours please")) == ["hours"]
    assert run.hear("hm, trains") == [NotCovered("hm, trains", None)]
    assert said(run.hear("no, that's all")) == ["End"]


@pytest.mark.parametrize("text", ["can I speak to a person", "Agent!", "no, get me a human"])
def test_a_wish_for_a_person_goes_through_the_intent_that_stands_for_one(text: str) -> None:
    run = running(F=ORDER, G=PERSON)
    assert [step.queue for step in run.hear(text) if isinstance(step, Handoff)] == ["desk"]


def test_a_wish_for_a_person_without_such_an_intent_takes_the_first_agents_settings() -> None:
    assert [step.node for step in running(F=ORDER).hear("a real person") if isinstance(step, Handoff)] == [
        "big"
    ]


def test_a_wish_for_a_person_where_the_flow_offers_none_is_not_covered() -> None:
    run = running(F=node("question", "ask", answers={"yes": None}), G=INFO)
    assert not run.offers_agent
    assert run.hear("let me talk to a person") == [NotCovered("let me talk to a person", "[ask]")]


def test_a_spoken_transfer_to_a_number_triggers_nothing() -> None:
    text = "transfer me to plus one nine hundred five five five"
    assert running(F=node("question", "ask", answers={"yes": None}), G=PERSON).hear(text) == [
        NotCovered(text, "[ask]")
    ]


def test_a_wish_that_answers_the_question_about_it_is_an_answer() -> None:
    ask = node(
        "question", "ask", text="Would you like to talk to a person?", answers={"yes": None, "no": None}
    )
    run = running(F=ask, G=PERSON)
    assert said(run.hear("yes, I'd like to talk to a person")) == ["End"]
    assert run.collected == {"ask": "yes"}


def test_nobody_answered_goes_on_at_the_agents_next_node() -> None:
    agent = node("agent", "a", node("message", "sorry"))
    run = running(F=node("question", "ask", node("message", "on"), answers={"yes": agent}))
    run.hear("yes")
    assert said(run.unanswered()) == ["sorry", "on", "End"]


def test_nobody_answered_goes_back_to_the_question_that_the_wish_interrupted() -> None:
    run = running(F=ORDER, G=PERSON)
    run.hear("agent")
    assert run.hear("seven") == []
    assert said(run.unanswered()) == ["amount"]
    assert said(run.hear("seven")) == ["few", "bye", "End"]


def test_nobody_answered_without_anything_to_go_on_with_listens() -> None:
    run = running(F=node("question", "ask", answers={"yes": node("agent", "a")}))
    run.hear("yes")
    assert run.unanswered() == []
    assert not run.ended
    assert run.unanswered() == []


def test_a_call_handed_back_is_where_it_was_and_says_nothing() -> None:
    run = running(F=node("greeting", "hello", ORDER), G=PERSON)
    run.hear("agent")
    assert run.resume() == []
    assert said(run.hear("seven")) == ["few", "bye", "End"]


def test_a_handoff_from_outside_leaves_the_open_question_open() -> None:
    run = running(F=ORDER)
    assert run.resume() == []
    assert said(run.hear("seven")) == ["few", "bye", "End"]


def test_after_a_person_nothing_else_ends_the_flow_and_yes_asks_again() -> None:
    run = running(F=ORDER, G=PERSON)
    run.hear("agent")
    run.resume()
    assert said(run.hear("yes")) == ["amount"]
    run.hear("agent")
    run.resume()
    assert said(run.hear("no, that's all")) == ["End"]
    assert run.ended
    assert run.collected == {}


def test_a_caller_who_speaks_on_after_the_end_is_heard() -> None:
    run = running(F=ORDER, G=INFO)
    run.hear("seven")
    assert said(run.hear("what are the opening hours")) == ["hours"]
    assert not run.ended


def test_a_call_resumes_at_a_named_node_and_what_follows_it() -> None:
    run = running(F=node("greeting", "hello", ORDER))
    assert said(run.resume("few")) == ["few", "bye", "End"]
    assert said(run.resume("hello")) == ["amount"]
    assert said(run.hear("seven")) == ["few", "bye", "End"]


def test_a_call_resumed_inside_an_intent_goes_back_to_listening() -> None:
    assert said(running(F=ORDER, G=INFO).resume("hours")) == ["hours"]


def test_resuming_at_an_unknown_node_is_refused_and_changes_nothing() -> None:
    run = running(F=ORDER)
    with pytest.raises(BridgeError) as refused:
        run.resume("nowhere")
    assert refused.value.code == "unknown_node"
    assert "nowhere" in refused.value.message
    assert said(run.hear("seven")) == ["few", "bye", "End"]


def test_an_faq_answers_until_there_is_no_question_left() -> None:
    run = running(F=FAQ)
    assert run.hear("where are you") == [Say("Mill Street.", "faq"), Say("More?", "faq")]
    assert said(run.hear("yes, I do")) == ["go_ahead"]
    assert run.hear("so where are you?") == [Say("Mill Street.", "faq"), Say("More?", "faq")]
    assert run.hear("tell me about trains") == [NotCovered("tell me about trains", "[faq]")]
    assert said(run.hear("no, that's all")) == ["done", "after_faq", "End"]


def test_an_faq_without_its_own_ending_goes_on_to_the_next_node() -> None:
    assert said(running(F=node("faq", "faq", node("message", "next"))).hear("no thanks")) == ["next", "End"]


def test_an_faq_answers_in_the_middle_of_a_question_which_is_then_asked_again() -> None:
    run = running(F=ORDER, G=FAQ)
    assert run.hear("where are you?") == [Say("Mill Street.", "faq"), Say("[amount]", "amount")]
    assert said(run.hear("seven")) == ["few", "bye", "End"]


def test_an_answer_and_a_question_in_one_breath_both_count() -> None:
    run = running(F=ORDER, G=FAQ)
    assert run.hear("Seven. Where are you?")[:2] == [Say("Mill Street.", "faq"), Say("[few]", "few")]


def test_a_flow_that_goes_in_circles_comes_to_a_stop() -> None:
    loop = Flow(
        nodes={"a": Message(name="a", text="round", next="a", place="F")},
        roots={"F": "a"},
        entry="a",
    )
    assert len(FlowRun(loop).start()) == 2


speech = st.one_of(
    st.text(max_size=60),
    st.lists(
        st.sampled_from(
            [
                *("yes", "no", "twenty", "30", "a", "dozen", "half", "not", "wait", "actually", "sorry"),
                *(
                    "muffins",
                    "bagels",
                    "agent",
                    "person",
                    "speak to",
                    "someone",
                    "what time",
                    "do you",
                    "open",
                ),
                *("deliver", "cancel", "my order", "1,000", "between", "or", "more than"),
            ]
        ),
        max_size=15,
    ).map(" ".join),
)
moves = st.lists(
    st.one_of(
        st.tuples(st.just("hear"), speech),
        st.tuples(st.just("resume"), st.sampled_from([None, *demo_flow().nodes])),
        st.tuples(st.just("unanswered"), st.none()),
    ),
    max_size=15,
)


@settings(max_examples=150, deadline=None)
@given(moves)
def test_no_way_through_the_demo_flow_raises_or_runs_away(chosen: list[tuple[str, str | None]]) -> None:
    flow = demo_flow()
    run = FlowRun(flow)
    run.start()
    for move, argument in chosen:
        if move == "hear":
            steps = run.hear(argument or "")
        else:
            steps = run.resume(argument) if move == "resume" else run.unanswered()
        assert len(steps) <= 12
        assert all(step.text for step in steps if isinstance(step, Say))
        assert all(isinstance(step, Say | Tag | NotCovered) for step in steps[:-1])
