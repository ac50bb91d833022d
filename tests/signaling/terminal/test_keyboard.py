"""Keystrokes to lines."""

from __future__ import annotations

import pytest

from signaling.terminal.keyboard import LineEditor


@pytest.mark.parametrize(
    ("keys", "lines"),
    [
        (b"hello\r", ["hello"]),
        (b"one\ntwo\n", ["one", "two"]),
        (b"  padded  \r", ["padded"]),
        (b"\r", [""]),
        (b"helo\x7flo\r", ["hello"]),
        (b"\x7f\x7fa\r", ["a"]),
        (b"wrong\x15right\r", ["right"]),
        (b"two words\x17\r", ["two"]),
        (b"a\x1b[D\x1b[1;5Cb\x1bOPc\r", ["abc"]),
        ("Grüße ☎\r".encode(), ["Grüße ☎"]),
        (b"a\x07\tb\r", ["ab"]),
        (b"\x04", [None]),
        (b"a\x04\r", ["a"]),
    ],
)
def test_keys_make_lines(keys: bytes, lines: list[str | None]) -> None:
    assert LineEditor().feed(keys) == lines


def test_a_character_may_come_in_pieces() -> None:
    editor = LineEditor()
    for byte in "ü☎\r".encode()[:-1]:
        assert editor.feed(bytes([byte])) == []
    assert editor.text == "ü☎"


def test_a_line_has_an_end() -> None:
    editor = LineEditor()
    editor.feed(b"a" * 10_000)
    assert len(editor.text) == 500
