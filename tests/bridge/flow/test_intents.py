"""Intents and answered questions, found in what a caller says at any time."""

from __future__ import annotations

import pytest

from bridge.flow.intents import best_intent, best_question, split_asked

INTENTS = [["agent"], ["cancel my order", "cancellation"], ["change my order"], ["opening hours"]]
QUESTIONS = [
    ["What are your opening hours?", "When do you open?", "What time do you close?"],
    ["What is your address?", "Where are you?"],
    ["Do you deliver?", "How much is delivery?"],
    ["Do you have gluten-free bread?"],
]


@pytest.mark.parametrize(
    ("text", "index"),
    [
        ("I'd like to cancel my order", 1),
        ("could you cancel the order please", 1),
        ("Can I change my order?", 2),
        ("I don't want to cancel my order", None),
        ("my order", None),
        ("cancel my order or change my order", None),
        ("what are the opening hours", 3),
        ("agent", None),
    ],
)
def test_an_intent_is_found_where_all_its_telling_words_are(text: str, index: int | None) -> None:
    assert best_intent(text, INTENTS) == index


def test_words_of_the_open_question_are_no_intent() -> None:
    assert best_intent("delivery please", [["delivery"]]) == 0
    assert best_intent("delivery please", [["delivery"]], echo="Pick-up or delivery?") is None


def test_an_intent_may_need_more_than_one_telling_word() -> None:
    assert best_intent("no, cancel my order", INTENTS, at_least=2) == 1
    assert best_intent("no, cancellation", INTENTS, at_least=2) is None


@pytest.mark.parametrize(
    ("text", "index"),
    [
        ("What time do you open?", 0),
        ("when do you close", 0),
        ("Where are you?", 1),
        ("what's the address", 1),
        ("do you guys deliver", 2),
        ("How much is delivery?", 2),
        ("Do you have gluten-free bread?", 3),
        ("twelve muffins", None),
        ("what is the meaning of life", None),
        ("", None),
    ],
)
def test_a_question_is_found_by_its_telling_words(text: str, index: int | None) -> None:
    assert best_question(text, QUESTIONS) == index


@pytest.mark.parametrize(
    ("text", "stated", "asked"),
    [
        ("Twelve. What time do you open?", "Twelve. ", "What time do you open?"),
        ("Can I have twelve?", "Can I have twelve?", ""),
        ("What about muffins?", "What about muffins?", ""),
        ("Are you open at 5?", "", "Are you open at 5?"),
        ("yes", "yes", ""),
    ],
)
def test_questions_are_told_from_statements_sentence_by_sentence(text: str, stated: str, asked: str) -> None:
    assert split_asked(text) == (stated, asked)
