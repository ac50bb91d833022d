"""Finals find the utterances that they are the words of."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime

import pytest

from benchmarks.thread.hearing import all_heard, heard, rate, untold
from benchmarks.thread.scoring import Score
from benchmarks.thread.talk import Said, to_wall
from benchmarks.viewer import Message


def final(begins: float, ends: float, text: str, *, speaker: str = "caller", seq: int = 1) -> Message:
    """A final of `speaker` said from monotonic second `begins` to `ends`."""

    def iso(second: float) -> str:
        return datetime.fromtimestamp(to_wall(second), UTC).isoformat(timespec="milliseconds")

    return {
        "id": f"{speaker}-{begins}",
        "seq": seq,
        "speaker": speaker,
        "text": text,
        "final": True,
        "startedAt": iso(begins),
        "endedAt": iso(ends),
    }


@pytest.fixture
def base() -> float:
    """Some while ago."""
    return time.monotonic() - 30


def test_a_final_belongs_to_what_was_said_at_its_time(base: float) -> None:
    said = [Said("one", base, base + 1), Said("two", base + 3, base + 4)]
    came = [
        (base + 2.0, final(base, base + 1.1, "won")),
        (base + 5.0, final(base + 3, base + 4.1, "two")),
        (base + 5.1, final(base + 3, base + 4.1, "else", speaker="human")),
    ]
    one, two = heard(said, came, "caller")
    assert (one.text, two.text) == ("won", "two")
    assert one.complete
    assert two.complete
    assert one.late_s == pytest.approx(1.0, abs=0.01)


def test_a_final_that_comes_again_is_counted_once_and_as_soon_as_it_came(base: float) -> None:
    message = final(base, base + 1, "one")
    (one,) = heard([Said("one", base, base + 1)], [(base + 2, message), (base + 9, message)], "caller")
    assert one.text == "one"
    assert one.late_s == pytest.approx(1.0, abs=0.01)


def test_pieces_are_read_as_they_were_spoken_and_late_as_the_last_of_them(base: float) -> None:
    came = [
        (base + 6.0, final(base + 2, base + 4, "on the shelf", seq=2)),
        (base + 8.0, final(base, base + 1.9, "the box", seq=1)),
    ]
    (one,) = heard([Said("the box on the shelf", base, base + 4)], came, "caller")
    assert one.text == "the box on the shelf"
    assert one.late_s == pytest.approx(4.0, abs=0.01)


def test_what_began_long_before_the_first_utterance_and_goes_on_into_it_has_its_words(base: float) -> None:
    said = [Said("one", base, base + 1), Said("two", base + 3, base + 4)]
    before = (base - 2.0, final(base - 9, base - 2.5, "thank you", seq=1))
    one, _ = heard(said, [before, (base + 2.0, final(base - 12, base + 1.1, "one", seq=2))], "caller")
    assert one.text == "one"
    assert one.complete


def test_an_utterance_without_its_end_is_not_complete(base: float) -> None:
    (one,) = heard([Said("a b", base, base + 4)], [(base + 3, final(base, base + 2, "a"))], "caller")
    assert not one.complete


def test_two_utterances_in_one_message_are_no_error_and_none_is_untold(base: float) -> None:
    said = [Said("one two", base, base + 1), Said("three", base + 2, base + 3)]
    side = heard(said, [(base + 4, final(base, base + 3, "One, two, three."))], "caller")
    assert rate([side]) == Score(3, 0)
    assert untold(side) == 0
    assert untold(heard(said, [(base + 4, final(base, base + 1, "One, two"))], "caller")) == 1


def test_what_nobody_said_counts_as_wrong(base: float) -> None:
    said = [Said("one", base, base + 1)]
    came = [
        (base + 2, final(base, base + 1, "one")),
        (base + 9, final(base + 6, base + 7, "thank you")),
    ]
    assert rate([heard(said, came, "caller")]) == Score(1, 2)


async def test_waiting_ends_when_the_last_final_has_come(base: float) -> None:
    came = [(base + 2, final(base, base + 1, "one"))]
    said = [Said("one", base, base + 1), Said("two", base + 3, base + 4)]
    waiting = asyncio.create_task(all_heard(said, came, "caller", 60))
    await asyncio.sleep(0)
    assert not waiting.done()
    came.append((base + 5, final(base + 3, base + 4, "two")))
    found = await asyncio.wait_for(waiting, 20)
    assert [one.text for one in found] == ["one", "two"]
