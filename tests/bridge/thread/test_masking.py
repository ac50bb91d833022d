"""Card numbers are masked however they are written or said, and nothing else is."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bridge.thread.cards import is_card, luhn
from bridge.thread.digits import MASK, runs
from bridge.thread.masking import mask, mask_partial

CARDS = [
    *("4111111111111111", "4012888888881881", "4222222222222"),
    *("5555555555554444", "5105105105105100", "2223003122003222"),
    *("378282246310005", "371449635398431"),
    *("6011111111111117", "6011000990139424"),
    *("30569309025904", "38520000023237"),
    *("3530111333300000", "3566002020360505", "6240008631401148"),
]
PREFIXES = [
    *[("4", 16), ("4", 13), ("4", 19), ("51", 16), ("55", 16), ("2221", 16), ("2720", 16)],
    *[("34", 15), ("37", 15), ("6011", 16), ("65", 16), ("644", 16), ("300", 14), ("36", 14), ("3095", 14)],
    *[("3528", 16), ("3589", 16), ("62", 16), ("62", 19), ("81", 16), ("6759", 18), ("2200", 16)],
]
ONES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
TEENS = (
    *("ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen"),
    "nineteen",
)
TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")


def groups(number: str) -> list[str]:
    """The groups in which a card shows its number."""
    sizes = {15: (4, 6, 5), 14: (4, 6, 4), 13: (4, 3, 3, 3)}.get(len(number), (4, 4, 4, 4, 4))
    ends = [0, *itertools.accumulate(sizes)]
    return [group for begin, end in itertools.pairwise(ends) if (group := number[begin:end])]


def in_words(number: str) -> str:
    return " ".join(ONES[int(digit)] for digit in number)


def in_pairs(number: str) -> str:
    """ "4111" as "forty-one eleven"."""
    odd = len(number) % 2
    said = [in_words(number[:odd])] if odd else []
    for at in range(odd, len(number), 2):
        pair = number[at : at + 2]
        if pair[0] == "0":
            said.append(in_words(pair).replace("zero", "oh", 1))
        elif pair[0] == "1":
            said.append(TEENS[int(pair[1])])
        else:
            said.append(TENS[int(pair[0])] + (f"-{ONES[int(pair[1])]}" if pair[1] != "0" else ""))
    return " ".join(said)


def with_doubles(number: str) -> str:
    """ "4111" as "four triple one"."""
    said = []
    for digit, same in itertools.groupby(number):
        left = len(list(same))
        while left:
            count = min(left, 3)
            said.append(f"{('', 'double ', 'triple ')[count - 1]}{ONES[int(digit)]}")
            left -= count
    return " ".join(said)


SPELLINGS = {
    "plain": lambda number: number,
    "blanks": lambda number: " ".join(groups(number)),
    "dashes": lambda number: "-".join(groups(number)),
    "commas": lambda number: ", ".join(groups(number)),
    "stops": lambda number: ". ".join(groups(number)) + ".",
    "single digits": " ".join,
    "dashes between digits": "-".join,
    "words": in_words,
    "words in groups": lambda number: ", ".join(in_words(group) for group in groups(number)),
    "oh": lambda number: in_words(number).replace("zero", "oh"),
    "homophones": lambda number: (
        number[0] + " " + in_words(number[1:-1]).replace("four", "for") + " " + number[-1]
    ),
    "pairs": in_pairs,
    "doubles": with_doubles,
    "hesitating": lambda number: " um ".join(groups(number)),
    "then": lambda number: ", and then ".join(groups(number)),
}


@st.composite
def cards(draw: st.DrawFn) -> str:
    """A number that an issuer may have given out."""
    prefix, length = draw(st.sampled_from(PREFIXES))
    count = length - len(prefix) - 1
    body = prefix + draw(st.text("0123456789", min_size=count, max_size=count))
    (check,) = (digit for digit in "0123456789" if luhn(body + digit))
    return body + check


def shown(text: str) -> list[str]:
    """The runs of digits that stand in `text`."""
    return [run.digits for run in runs(text)]


@pytest.mark.parametrize("number", CARDS)
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_the_usual_test_numbers_are_masked_in_every_spelling(number: str, spelling: str) -> None:
    masked = mask(f"It is {SPELLINGS[spelling](number)}, thank you.")
    assert masked.card
    assert [run for run in shown(masked.text) if run != number[-4:]] == []
    assert masked.text.startswith("It is •")
    assert masked.text.endswith(", thank you.")


@given(cards(), st.sampled_from(sorted(SPELLINGS)))
def test_every_number_of_every_range_is_masked_in_every_spelling(number: str, spelling: str) -> None:
    masked = mask(SPELLINGS[spelling](number))
    assert masked.card
    assert max(map(len, shown(masked.text)), default=0) <= 4
    assert number[:-4] not in masked.text


@given(st.text())
@example("4111 1111 1111 1111 4111 1111 1111 1111 12/25 cvv 123")
@example("visa 12 34 56 78 90 12 and 34 to 56 for 78, 90")
def test_masking_never_raises_and_masking_again_changes_nothing(text: str) -> None:
    for heard, context in itertools.product((False, True), repeat=2):
        once = mask(text, heard=heard, context=context)
        again = mask(once.text, heard=heard, context=context)
        assert again.text == once.text
        assert once.card or once.text == text
        mask_partial(text, context=context, before="411111")


WORDS = st.sampled_from(
    ["4111", "1111", "one", "for", "12", "and", "visa", "•", "5", "cvv", "123", "378282246310005", "oh", "99"]
)


@given(st.lists(WORDS, max_size=30).map(" ".join))
def test_masking_again_changes_nothing_in_talk_of_cards(text: str) -> None:
    for heard, context in itertools.product((False, True), repeat=2):
        once = mask(text, heard=heard, context=context)
        assert mask(once.text, heard=heard, context=context).text == once.text


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_text_with_few_digits_stays_as_it_is(text: str) -> None:
    if sum(len(run.digits) for run in runs(text)) < 13 and "c" not in text.casefold():
        assert mask(text).text == text


@pytest.mark.parametrize(
    "text",
    [
        "Call me at (415) 555-1234 or at 415-555-9876.",
        "My number is 415 555 1234.",
        "four one five, five five five, one two three four",
        "The order is 2026-1122-8841.",
        "It is 2026-11-22 14:34:05.123 now.",
        "1763779000123",
        "DE89 3704 0044 0532 0130 00",
        "+49 1512 3456789",
        "Between 10 and 15 people, at 3:30 on the 4th of May 2027, for 12,500 dollars.",
        "4111 1111 1111 1112",
        "9999 9999 9999 9995",
        "f47ac10b-58cc-4372-8567-0e02b2c3d479",
        "I want to pay for two, too.",
    ],
)
def test_other_numbers_stay_as_they_are(text: str) -> None:
    assert mask(text).text == text
    assert mask(text).card is False


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("4111 1111 1111 1111", "•••• •••• •••• 1111"),
        ("4111-1111-1111-1111 12/25 123", "••••-••••-••••-1111 ••/•• •••"),
        ("Amex 378282246310005, code 1234", "Amex •••••••••••0005, code ••••"),
        ("The security code is 123.", "The security code is •••."),
        ("14111111111111111#", "1••••••••••••1111#"),
        ("4111 1111 1111 1111 and 5555 5555 5555 4444", "•••• •••• •••• 1111 and •••• •••• •••• ••••"),
    ],
)
def test_what_is_left_can_be_read(text: str, masked: str) -> None:
    assert mask(text).text == masked


@pytest.mark.parametrize(
    "text",
    [
        "My card number is 4 111 111 111 111 111 111 111 111",
        "six zero one one one one one one one one one one one one",
        "5 1 0 5 1 0 5 1 0 5 1 0 5 1 0",
        "My card number is 378 28 22 46 31",
        "My visa, it's 4-0-12-8-8-8-8-8",
    ],
)
def test_numbers_that_the_recogniser_got_wrong_are_masked_all_the_same(text: str) -> None:
    assert mask(text, heard=True).card
    assert max(map(len, shown(mask(text, heard=True).text)), default=0) <= 4


def test_a_telephone_number_stays_where_a_card_was_spoken_of_before_it() -> None:
    text = "I paid by card, and my phone number is 415 555 1234."
    assert mask(text, heard=True).text == text
    assert MASK in mask("415 555 1234 1234", heard=True, context=True).text


def test_a_number_that_is_being_said_is_hidden_before_it_is_complete() -> None:
    assert mask_partial("It is 4111 1111") == "It is •••• ••••"
    assert mask_partial("1111", before="4111") == "••••"
    assert mask_partial("my number is 919 555") == "my number is 919 555"


def test_ranges_and_check_digits_are_looked_at() -> None:
    assert all(is_card(number) for number in CARDS)
    assert not any(is_card(number[:-1] + str((int(number[-1]) + 1) % 10)) for number in CARDS)
    assert not is_card("1" + "0" * 15)
