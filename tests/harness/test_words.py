from __future__ import annotations

import pytest

from tests.harness.words import word_errors, words


@pytest.mark.parametrize(
    ("said", "heard", "errors"),
    [
        ("", "", 0),
        ("one two three", "One, two; three!", 0),
        ("it's fine", "it’s fine", 0),
        ("one two three", "", 3),
        ("", "one two", 2),
        ("one two three", "one three", 1),
        ("one two three", "one two and three", 1),
        ("one two three", "one too three", 1),
        ("one two three four", "two three four one", 2),
        ("a b c d e", "x b y d z w", 4),
    ],
)
def test_errors_are_words_left_out_put_in_and_exchanged(said: str, heard: str, errors: int) -> None:
    assert word_errors(words(said), words(heard)) == errors
    assert word_errors(words(heard), words(said)) == errors
