"""What a timeline and a thread say."""

from __future__ import annotations

import pytest

from signaling.terminal.report import between, intervals, went_round


def at(event: str, ms: float) -> dict[str, object]:
    return {"event": event, "ms": ms}


TIMELINE = [
    at("call_started", 0.0),
    at("handoff_requested", 5000.0),
    at("incoming_call_sent", 5040.0),
    at("accepted", 8000.0),
    at("bot_last_frame", 8010.0),
    at("first_operator_frame", 8022.0),
    at("released", 20000.0),
    at("bot_resumed", 20001.0),
    at("handoff_requested", 30000.0),
]


def test_intervals_are_those_of_the_first_handoff() -> None:
    assert [interval.ms for interval in intervals(TIMELINE, 0.512)] == [512.0, 40.0, 22.0, 12.0, 1.0]


def test_what_did_not_happen_has_no_length() -> None:
    assert [interval.ms for interval in intervals(TIMELINE[:3], None)] == [None, 40.0, None, None, None]


def test_the_last_beginning_before_an_end_counts() -> None:
    again = [at("accepted", 1.0), at("accepted", 3.0), at("first_operator_frame", 10.0)]

    assert between(again, "accepted", "first_operator_frame") == 7.0


@pytest.mark.parametrize(
    ("speakers", "round_trip"),
    [
        ("bot caller bot human caller human bot", True),
        ("bot caller system human system bot", True),
        ("bot caller human", False),
        ("bot human bot", False),
        ("bot caller bot caller bot", False),
        ("", False),
    ],
)
def test_the_way_from_the_bot_to_a_person_and_back_is_known(speakers: str, round_trip: bool) -> None:
    assert went_round([{"speaker": speaker} for speaker in speakers.split()]) is round_trip
