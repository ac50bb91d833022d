from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.speech.text import MAX_PIECE, pieces, speakable


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("That is $4.50.", "That is 4 dollars and 50 cents."),
        ("$1 or £2.01 or €1,200", "1 dollar or 2 pounds and 1 penny or 1200 euros"),
        ("$0.99 each", "99 cents each"),
        ("Mr. Smith, e.g. at noon", "mister Smith, for example at noon"),
        ("**Great!** See `menu` [[h@]]", "Great! See menu h@"),
        ("Call 555-0102\nnow", "Call 555-0102 now"),
    ],
)
def test_written_things_are_spelled_out(written: str, spoken: str) -> None:
    assert speakable(written) == spoken


def test_sentences_are_pieces_and_abbreviations_do_not_end_one() -> None:
    assert pieces("I talked to Mr. Smith today. He said yes! What now?") == [
        "I talked to mister Smith today.",
        "He said yes!",
        "What now?",
    ]


def test_a_long_first_sentence_begins_with_a_clause() -> None:
    text = "Thank you for calling Green Street Bakery, the best bakery in town, open every day of the week."
    first, second = pieces(text)
    assert first == "Thank you for calling Green Street Bakery,"
    assert second.startswith("the best bakery")


def test_very_short_sentences_stand_with_the_next() -> None:
    assert pieces("Yes. Your order is on its way.") == ["Yes. Your order is on its way."]


@pytest.mark.parametrize("silent", ["", "   ", "...", "?!", "** --- **"])
def test_text_without_words_has_no_pieces(silent: str) -> None:
    assert pieces(silent) == []


@given(st.text(alphabet="ab ,.!?é1$\n", max_size=900))
def test_no_piece_is_too_long_or_silent_and_no_letter_is_lost(text: str) -> None:
    found = pieces(text)
    assert all(0 < len(piece) <= MAX_PIECE for piece in found)
    assert all(any(char.isalnum() for char in piece) for piece in found)
    letters = [char for char in speakable(text) if char.isalnum()]
    assert [char for piece in found for char in piece if char.isalnum()] == letters
