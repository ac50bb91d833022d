from __future__ import annotations

import pytest

from benchmarks.thread.scoring import Score, canonical, score


@pytest.mark.parametrize(
    ("spoken", "written"),
    [
        ("four seven two nine", "4729"),
        ("four seven two nine", "47 29."),
        ("twenty-five muffins", "25 Muffins"),
        ("three hundred twenty", "320"),
        ("two thousand", "2,000"),
        ("twelve dollars", "$12"),
        ("the third of May", "the 3rd of May"),
        ("half past nine, please", "Half past 9 please"),
        ("at nine pm", "at 9 p.m."),
        ("Mister Brown is OK", "mr. brown is okay"),
        ("ten to twenty percent", "10 to 20%"),
        ("one hundred five", "105"),
    ],
)
def test_one_thing_said_is_one_thing_however_it_is_spelled(spoken: str, written: str) -> None:
    assert canonical(spoken) == canonical(written)


@pytest.mark.parametrize(
    ("one", "other"), [("twenty ten", "30"), ("four seven", "11"), ("ten five", "15"), ("can't", "can")]
)
def test_what_is_not_the_same_stays_different(one: str, other: str) -> None:
    assert canonical(one) != canonical(other)


def test_words_left_out_put_in_and_exchanged_are_errors() -> None:
    assert score("we need it before three", "we need before three now") == Score(5, 2)
    assert score("nothing came", "") == Score(2, 2)
    assert score("", "thank you").wrong == 2


def test_scores_add_up_to_the_rate_of_all_words_together() -> None:
    both = Score(4, 1) + Score(12, 1)
    assert both.percent == pytest.approx(12.5)
    with pytest.raises(ValueError, match="no word"):
        _ = Score(0, 2).percent
