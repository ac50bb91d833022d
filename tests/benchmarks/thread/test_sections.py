"""The thread's figures, each from real calls with few words."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from benchmarks.figures import Figure
from benchmarks.thread import finals, path, words
from benchmarks.thread.sections import Sections
from benchmarks.voice import speech

FEW = ("What are your opening hours on Sunday?", "I have been waiting for forty minutes.")


async def test_words_and_lateness_are_measured_on_a_bridged_call(tmp_path: Path) -> None:
    voices = await speech(FEW)
    found = {
        figure.name: figure
        for figure in await words.measure(
            tmp_path, voices, "tiny.en", calls=1, texts=FEW, noises=words.NOISES[:1], people=()
        )
    }
    assert set(found) == {
        "Word error rate, tiny.en: caller, a quiet line",
        "Word error rate, tiny.en: caller, both talking at once",
        "Word error rate, tiny.en: operator, both talking at once",
    }
    # Fourteen easy words: a recogniser that hears the wrong side, or another time's words, has none right.
    assert all(figure.worst < 35 for figure in found.values()), [figure.note for figure in found.values()]


async def test_audio_is_timed_both_ways_with_transcription_and_without(tmp_path: Path) -> None:
    voices = await speech(finals.TEXTS[:8])
    figures = await path.measure(tmp_path, voices, calls=2, rounds=1, window_s=3.2, texts=finals.TEXTS[:8])
    timed = [figure for figure in figures if figure.target is None]
    assert len(timed) == 4
    assert all(len(figure.samples) > 80 for figure in timed)
    added = [figure.samples[0] for figure in figures if figure.target is not None]
    assert added == [timed[1].p99 - timed[0].p99, timed[3].p99 - timed[2].p99]


async def test_a_model_that_is_not_there_is_said_to_be_not_measured(tmp_path: Path) -> None:
    console = Console(record=True, width=200)
    results: dict[str, list[Figure]] = {}
    parts = ("no_such_package_1", "no_such_package_2")
    await Sections(tmp_path, results, console, parts=parts).run({"words-base"})
    assert "words-base: not measured here" in console.export_text()
    assert results == {}
