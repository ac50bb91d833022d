"""A conversation as JSON, text and WebVTT."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from datetime import timedelta

import pytest
import webvtt
from hypothesis import given
from hypothesis import strategies as st

from bridge.ports import Message, Speaker
from bridge.thread.export import export, file_name, late_ids
from bridge.thread.views import message_view
from tests.bridge.thread.helpers import at

TIMING = re.compile(r"(\d{2,}):([0-5]\d):([0-5]\d)\.(\d{3}) --> (\d{2,}):([0-5]\d):([0-5]\d)\.(\d{3})")


def said(
    seq: int, text: str, start: float, *, speaker: Speaker = "bot", name: str | None = None, call: str = "c1"
) -> Message:
    """A stored message that took a second."""
    return Message(f"m{seq}", "t", call, seq, speaker, name, text, True, at(start), at(start + 1), "local")


CONVERSATION = [
    said(1, "Muffin Bakery, hello!", 0),
    said(2, "Two muffins & a <b>scone</b> --> now", 3.25, speaker="caller", name="Ada"),
    said(3, "Certainly.", 7),
    said(4, "please", 5.5, speaker="caller", name="Ada"),
    said(5, "7", 9, speaker="caller"),
]


def test_json_is_the_thread_as_rest_shows_it() -> None:
    made = export("t", CONVERSATION, "json")
    assert (made.content_type, made.suffix) == ("application/json", "json")
    assert json.loads(made.body) == {"threadId": "t", "messages": [message_view(m) for m in CONVERSATION]}


def test_text_is_readable_and_says_what_came_late() -> None:
    messages = [*CONVERSATION, said(6, "Back again\nso soon", 90_000, name="Rosie", call="c2")]
    made = export("t", messages, "text")
    assert made.content_type == "text/plain"
    assert made.body == (
        "Conversation t\n"
        "Times are UTC.\n"
        "\nCall c1, 2026-11-21\n\n"
        "12:00:00  Bot: Muffin Bakery, hello!\n"
        "12:00:03  Ada (caller): Two muffins & a <b>scone</b> --> now\n"
        "12:00:07  Bot: Certainly.\n"
        "12:00:05  Ada (caller) (written later): please\n"
        "12:00:09  Caller: 7\n"
        "\nCall c2, 2026-11-22\n\n"
        "13:00:00  Rosie (bot): Back again so soon\n"
    )


def test_late_is_what_began_before_something_ahead_of_it() -> None:
    assert late_ids(CONVERSATION) == {"m4"}
    assert late_ids([]) == set()


def test_vtt_has_a_cue_a_message_in_the_order_of_speaking() -> None:
    made = export("t", CONVERSATION, "vtt")
    assert made.content_type == "text/vtt"
    captions = webvtt.from_buffer(io.StringIO(made.body)).captions
    assert [(c.identifier, c.start, c.end, c.voice) for c in captions] == [
        ("1", "00:00:00.000", "00:00:01.000", "Bot"),
        ("2", "00:00:03.250", "00:00:04.250", "Ada (caller)"),
        ("4", "00:00:05.500", "00:00:06.500", "Ada (caller)"),
        ("3", "00:00:07.000", "00:00:08.000", "Bot"),
        ("5", "00:00:09.000", "00:00:10.000", "Caller"),
    ]
    assert "Two muffins &amp; a &lt;b&gt;scone&lt;/b&gt; --&gt; now" in made.body


def test_a_caller_who_is_named_as_the_bot_is_not_taken_for_it() -> None:
    rows = [
        said(1, "Hello?", 0),
        said(2, "Hi.", 2, speaker="caller", name="Bot"),
        said(3, "Rosie here.", 4, name="Rosie"),
        said(4, "Me, too.", 6, speaker="caller", name="Rosie"),
    ]
    captions = webvtt.from_buffer(io.StringIO(export("t", rows, "vtt").body)).captions
    assert [c.voice for c in captions] == ["Bot", "Bot (caller)", "Rosie (bot)", "Rosie (caller)"]


def test_a_key_that_took_no_time_still_is_a_cue() -> None:
    key = replace(said(1, "5", 0), ended_at=at(0))
    assert "00:00:00.000 --> 00:00:00.500" in export("t", [key], "vtt").body


def test_a_later_call_keeps_its_distance() -> None:
    later = said(2, "Again", 0)
    later = replace(later, started_at=at(0) + timedelta(days=5), ended_at=at(1) + timedelta(days=5))
    assert "120:00:00.000 --> 120:00:01.000" in export("t", [said(1, "Hello", 0), later], "vtt").body


def test_an_empty_conversation_is_a_valid_file() -> None:
    assert export("t", [], "vtt").body == "WEBVTT\n"
    assert webvtt.from_buffer(io.StringIO(export("t", [], "vtt").body)).captions == []


@given(
    st.lists(
        st.tuples(
            st.text(max_size=40)
            | st.sampled_from(["-->", "a\n\nb", "WEBVTT", "NOTE x", "<v Bob>", "&lt;", "\r"]),
            st.text(max_size=10) | st.none() | st.sampled_from([">", "a>b", "\n", "&"]),
            st.integers(-1000, 100_000_000),
            st.integers(0, 10_000),
        ),
        max_size=8,
    )
)
def test_any_words_make_a_valid_file(rows: list[tuple[str, str | None, int, int]]) -> None:
    messages = [
        replace(
            said(seq, text, start / 1000, name=name),
            ended_at=at(start / 1000) + timedelta(milliseconds=length),
        )
        for seq, (text, name, start, length) in enumerate(rows, 1)
    ]
    blocks = export("t", messages, "vtt").body.rstrip("\n").split("\n\n")
    assert blocks[0] == "WEBVTT"
    starts = []
    for block in blocks[2:]:
        identifier, timing, payload = block.split("\n")
        assert identifier.isdigit()
        found = TIMING.fullmatch(timing)
        assert found
        begin, end = (
            int(h) * 3_600_000 + int(m) * 60_000 + int(s) * 1000 + int(ms)
            for h, m, s, ms in (found.groups()[:4], found.groups()[4:])
        )
        assert begin < end
        starts.append(begin)
        voice = re.fullmatch(r"<v ([^<>\n\r]+)>([^<>\n\r]+)", payload)
        assert voice, payload
        assert not re.search(r"&(?!(amp|lt|gt);)", payload)
    assert starts == sorted(starts)
    assert len(starts) == sum(bool(re.sub(r"[\s\x00-\x1f\x7f]+", "", text)) for text, *_ in rows)
    texts = [json.loads(export("t", messages, "json").body), export("t", messages, "text").body]
    assert all(texts)


@pytest.mark.parametrize(
    ("thread_id", "name"),
    [
        ("t-1", "conversation-t-1.vtt"),
        ('a"b\r\nX: y/../é', "conversation-a_b_X_y_.._.vtt"),
        ("x" * 300, f"conversation-{'x' * 80}.vtt"),
    ],
)
def test_a_file_s_name_fits_every_header(thread_id: str, name: str) -> None:
    assert file_name(thread_id, "vtt") == name
