"""The demo flow, played through as a caller would, in a recogniser's words."""

from __future__ import annotations

import pytest

from bridge.flow import End, FlowRun, Handoff, NotCovered, Say, Step, Tag, demo_flow


def spoken(steps: list[Step]) -> str:
    return " ".join(step.text for step in steps if isinstance(step, Say | Handoff))


@pytest.fixture
def run() -> FlowRun:
    started = FlowRun(demo_flow())
    assert "Rosie's Bakery" in spoken(started.start())
    return started


def test_an_order_with_questions_in_between(run: FlowRun) -> None:
    assert "How many" in spoken(run.hear("Um, muffins please."))
    assert spoken(run.hear("What time do you open?")).endswith("How many would you like?")
    steps = run.hear("12, please.")
    assert Tag(("order",)) in steps
    assert "deliver" in spoken(steps)
    assert "free for a dozen" in spoken(run.hear("Yes, deliver them please."))
    assert "Mill Street" in spoken(run.hear("Where is the shop?"))
    steps = run.hear("No, that's all. Thank you.")
    assert "Goodbye" in spoken(steps)
    assert isinstance(steps[-1], End)
    assert run.labelled == {"product": "muffins", "how many": "12", "delivery": "yes"}


@pytest.mark.parametrize("text", ["I'll collect them.", "No, I'll come and pick them up.", "not really"])
def test_a_small_order_that_is_picked_up(run: FlowRun, text: str) -> None:
    run.hear("Bagels.")
    run.hear("to please")
    assert "pick up from seven" in spoken(run.hear(text))
    assert run.collected["question_amount"] == "2"


def test_a_small_order_pays_for_delivery(run: FlowRun) -> None:
    run.hear("cookies")
    run.hear("six")
    assert "four dollars" in spoken(run.hear("Yeah, sure."))


def test_a_large_order_goes_to_a_person_and_on_when_nobody_is_there(run: FlowRun) -> None:
    run.hear("Bagels, please.")
    steps = run.hear("I need about 50 of them.")
    assert isinstance(steps[-1], Handoff)
    assert (steps[-1].queue, steps[-1].timeout_s) == ("orders", 45.0)
    assert "call you back" in spoken(run.unanswered())
    assert run.tags == ("order", "large order", "call back")
    assert "Goodbye" in spoken(run.hear("no thanks"))


def test_a_person_on_request_from_anywhere_and_back(run: FlowRun) -> None:
    run.hear("cookies")
    steps = run.hear("Can I speak to a person please?")
    assert [step.queue for step in steps if isinstance(step, Handoff)] == ["front desk"]
    assert run.resume() == []
    assert "deliver" in spoken(run.hear("Half a dozen."))


def test_an_existing_order_goes_to_the_people_who_know_it(run: FlowRun) -> None:
    steps = run.hear("I want to cancel my order.")
    assert [step.queue for step in steps if isinstance(step, Handoff)] == ["orders"]
    assert run.tags == ("existing order",)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("How much does it cost?", "two dollars"),
        ("How much is a muffin?", "two dollars"),
        ("How much is delivery?", "four dollars"),
        ("Do you deliver?", "four dollars"),
        ("Are you open on Sundays?", "Sundays until noon"),
        ("When do you close?", "six in the evening"),
        ("What's your address?", "Mill Street"),
        ("Where is the shop?", "Mill Street"),
        ("Do you take credit cards?", "by card"),
        ("Can I pay by card?", "by card"),
    ],
)
def test_a_question_about_the_shop_is_answered_at_any_time(run: FlowRun, text: str, answer: str) -> None:
    said = spoken(run.hear(text))
    assert answer in said
    assert said.endswith("bagels, muffins, or cookies?")


def test_no_order_at_all(run: FlowRun) -> None:
    run.hear("cookies")
    assert "won't put anything down" in spoken(run.hear("None."))


def test_what_a_bakery_does_not_know_is_not_covered(run: FlowRun) -> None:
    assert run.hear("My car is broken.") == [
        NotCovered("My car is broken.", "What can I bake for you: bagels, muffins, or cookies?")
    ]


def test_every_text_is_short_enough_to_be_spoken(run: FlowRun) -> None:
    texts = demo_flow().texts
    assert len(texts) == len(set(texts)) > 15
    assert all(0 < len(text) < 120 for text in texts)
