"""Whose turn it is."""

from __future__ import annotations

from signaling.terminal.turns import Turns

QUIET, SPEECH = -70.0, -20.0


def hear(turns: Turns, ms: int, level: float, *, hold: bool = False) -> None:
    for _ in range(ms // 20):
        turns.hear(level, hold=hold)


def test_it_is_our_turn_after_the_other_sides_answer_and_a_pause() -> None:
    turns = Turns(quiet_ms=1200)
    hear(turns, 3000, SPEECH)
    hear(turns, 1180, QUIET)
    assert not turns.ours
    hear(turns, 20, QUIET)
    assert turns.ours


def test_a_pause_before_any_answer_is_somebody_thinking() -> None:
    turns = Turns(quiet_ms=1200, patience_ms=10_000)
    hear(turns, 9980, QUIET)
    assert not turns.ours
    hear(turns, 20, QUIET)
    assert turns.ours


def test_what_was_said_before_we_spoke_is_no_answer_to_it() -> None:
    turns = Turns(quiet_ms=1200)
    hear(turns, 1000, SPEECH)
    turns.spoke()
    hear(turns, 2000, QUIET)
    assert not turns.ours


def test_a_click_is_no_answer() -> None:
    turns = Turns(quiet_ms=1200)
    hear(turns, 40, SPEECH)
    hear(turns, 2000, QUIET)
    assert not turns.answered
    assert not turns.ours


def test_hold_audio_is_neither_an_answer_nor_a_pause() -> None:
    turns = Turns(quiet_ms=1200, patience_ms=10_000)
    hear(turns, 60_000, QUIET, hold=True)
    assert not turns.answered
    assert turns.pause_ms == 0


def test_whoever_is_to_speak_first_waits_for_no_answer() -> None:
    turns = Turns(quiet_ms=1200)
    turns.invited()
    hear(turns, 300, QUIET)
    assert turns.over(300)
    assert not turns.ours
