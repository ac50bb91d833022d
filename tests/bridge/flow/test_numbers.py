"""Quantities as callers say them and as a recogniser writes them down."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.flow.numbers import Interval, quantities, read_key
from bridge.flow.words import tokens

SPOKEN = [
    ("Twenty one.", ["21"]),
    ("twenty-one", ["21"]),
    ("105 please", ["105"]),
    ("a hundred and five", ["105"]),
    ("one thousand two hundred", ["1200"]),
    ("1,200.", ["1200"]),
    ("fifteen hundred", ["1500"]),
    ("two hundred thousand and one", ["200001"]),
    ("three hundred twenty one thousand four hundred fifty six", ["321456"]),
    ("a couple", ["2"]),
    ("a couple of dozen", ["24"]),
    ("a dozen", ["12"]),
    ("half a dozen", ["6"]),
    ("a dozen and a half", ["18"]),
    ("two and a half dozen", ["30"]),
    ("two dozen bagels", ["24"]),
    ("about fifteen", ["15"]),
    ("Just the one.", ["1"]),
    ("the one with seeds", []),
    ("that one", []),
    ("no one", []),
    ("none", ["0"]),
    ("zero", ["0"]),
    ("2.5", ["2.5"]),
    ("10 to 15", ["10-15"]),
    ("7 or 8", ["7-8"]),
    ("between ten and twenty", ["10-20"]),
    ("more than 20", ["21+"]),
    ("at least thirty", ["30+"]),
    ("21 or more", ["21+"]),
    ("twenty plus", ["20+"]),
    ("no more than ten", ["1-10"]),
    ("less than ten", ["1-9"]),
    ("not twenty, thirty", ["30"]),
    ("20, no, 30", ["30"]),
    ("to", ["2"]),
    ("to, please", ["2"]),
    ("for", ["4"]),
    ("to the shop", []),
    ("at 5 pm", []),
    ("my 2nd order", []),
    ("12th please.", ["12"]),
    ("three for two people", ["3", "2"]),
    ("banana", []),
]


@pytest.mark.parametrize(("text", "expected"), SPOKEN)
def test_a_quantity_is_read_as_it_was_meant(text: str, expected: list[str]) -> None:
    assert [str(quantity) for quantity in quantities(tokens(text))] == expected


KEYS = [
    ("0", Interval(0, 0)),
    ("1-10", Interval(1, 10)),
    ("1 – 10", Interval(1, 10)),
    ("1 to 10", Interval(1, 10)),
    ("21+", Interval(21, math.inf)),
    ("over 20", Interval(21, math.inf)),
    (">= 21", Interval(21, math.inf)),
    ("under 5", Interval(1, 4)),
    ("one", Interval(1, 1)),
    ("yes", None),
    ("24 hour service", None),
    ("", None),
]


@pytest.mark.parametrize(("key", "expected"), KEYS)
def test_an_answers_key_means_an_interval_or_nothing(key: str, expected: Interval | None) -> None:
    assert read_key(key) == expected


@given(st.integers(min_value=0, max_value=10**9))
def test_every_number_written_in_digits_is_read_back(number: int) -> None:
    assert [str(found) for found in quantities(tokens(f"I would like {number:,} of them"))] == [str(number)]


_UNITS = [
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven"),
    *("twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
]
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]


def _in_words(number: int) -> str:
    if number < 20:
        return _UNITS[number]
    if number < 100:
        rest = f" {_UNITS[number % 10]}" if number % 10 else ""
        return _TENS[number // 10 - 2] + rest
    scale, name = (1000, "thousand") if number >= 1000 else (100, "hundred")
    rest = f" {_in_words(number % scale)}" if number % scale else ""
    return f"{_in_words(number // scale)} {name}{rest}"


@given(st.integers(min_value=0, max_value=999_999))
def test_every_number_written_in_words_is_read_back(number: int) -> None:
    assert [str(found) for found in quantities(tokens(_in_words(number)))] == [str(number)]
