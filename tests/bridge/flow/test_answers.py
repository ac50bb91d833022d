"""Which answer a caller gave, as a recogniser wrote it down."""

from __future__ import annotations

import pytest

from bridge.flow.answers import match_answer

AMOUNTS = ["0", "1-10", "11-20", "21+"]
NUMBERS = [
    ("Twenty one.", "21+", "21"),
    ("105 please", "21+", "105"),
    ("Half a dozen.", "1-10", "6"),
    ("about 15 I think.", "11-20", "15"),
    ("Just the one.", "1-10", "1"),
    ("None.", "0", "0"),
    ("no thanks", "0", "0"),
    ("I have 20, no wait, 30.", "21+", "30"),
    ("I have thirty, no wait, twenty", "11-20", "20"),
    ("Eleven, sorry, twelve", "11-20", "12"),
    ("One. Actually two.", "1-10", "2"),
    ("20, no, 30", "21+", "30"),
    ("thirty, not twenty", "21+", "30"),
    ("make that fourteen", "11-20", "14"),
    ("to please", "1-10", "2"),
    ("11 to 15", "11-20", "11-15"),
    ("more than 20.", "21+", "21+"),
    ("40, maybe 45.", "21+", "40"),
    ("40 bagels", "21+", "40"),
]
UNDECIDED = [
    "10 to 15",
    "ten or twelve",
    "20 or more",
    "under 50",
    "twenty, no wait, two or fifty",
    "yes",
    "banana",
]


@pytest.mark.parametrize(("text", "key", "value"), NUMBERS)
def test_a_number_falls_into_its_range(text: str, key: str, value: str) -> None:
    match = match_answer(text, AMOUNTS)
    assert match is not None
    assert (match.key, match.value, match.kind) == (key, value, "number")


@pytest.mark.parametrize("text", UNDECIDED)
def test_a_number_that_fits_no_single_range_is_no_answer(text: str) -> None:
    assert match_answer(text, AMOUNTS) is None


def test_a_number_outside_every_range_is_no_answer_even_after_one_inside() -> None:
    assert match_answer("five, no wait, fifty", ["1-10", "11-20"]) is None


def test_the_narrowest_of_overlapping_ranges_wins() -> None:
    match = match_answer("five", ["1-100", "5", "1-10"])
    assert match is not None
    assert match.key == "5"


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("yeah sure", "yes"),
        ("nope", "no"),
        ("not really", "no"),
        ("I don't think so", "no"),
        ("yes, no wait, no", "no"),
        ("I'm not sure", None),
        ("twelve", None),
    ],
)
def test_yes_and_no_are_heard_in_many_forms(text: str, key: str | None) -> None:
    match = match_answer(text, ["yes", "no"])
    assert (match.key if match else None) == key


def test_a_key_may_begin_with_yes() -> None:
    match = match_answer("sure", ["Yes, deliver it", "No thanks"])
    assert match is not None
    assert match.key == "Yes, deliver it"


PRODUCTS = ["chocolate cake", "carrot cake", "white bread", "pick up"]
PHRASES = [
    ("chocolate cake please", "chocolate cake"),
    ("the chocolate one", "chocolate cake"),
    ("carrots", "carrot cake"),
    ("choclate cake", "chocolate cake"),
    ("cake", None),
    ("I'd like the carrot cake", "carrot cake"),
    ("not the chocolate cake, the carrot cake", "carrot cake"),
    ("pickup", "pick up"),
    ("I'll pick it up", "pick up"),
    ("White bread.", "white bread"),
    ("white bread, no wait, pick up", "pick up"),
    ("chocolate cake and carrot cake", None),
    ("I don't want white bread", None),
    ("I am not sure about that", None),
    ("hello", None),
]


@pytest.mark.parametrize(("text", "key"), PHRASES)
def test_a_phrase_is_found_in_what_was_said(text: str, key: str | None) -> None:
    match = match_answer(text, PRODUCTS)
    assert (match.key if match else None) == key


def test_the_longer_of_two_phrases_wins_where_one_is_inside_the_other() -> None:
    match = match_answer("a chocolate cake", ["cake", "chocolate cake"])
    assert match is not None
    assert match.key == "chocolate cake"


@pytest.mark.parametrize(
    ("text", "kind"), [("no", "yes_no"), ("I'll pick them up", "phrase"), ("collection please", "phrase")]
)
def test_a_key_lists_wordings_and_is_reported_by_its_first(text: str, kind: str) -> None:
    match = match_answer(text, ["yes", "no/pick up/collect"])
    assert match is not None
    assert (match.key, match.value, match.kind) == ("no/pick up/collect", "no", kind)


def test_a_key_of_one_word_that_means_little_is_heard_alone() -> None:
    match = match_answer("This one.", ["this one", "that one"])
    assert match is not None
    assert match.key == "this one"


def test_keys_in_other_scripts_are_heard() -> None:
    match = match_answer("Brötchen bitte", ["brötchen", "kuchen"])
    assert match is not None
    assert match.key == "brötchen"


def test_nothing_said_is_no_answer() -> None:
    assert match_answer("", ["yes", "0"]) is None
