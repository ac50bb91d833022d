"""How many words of what is said on a phone call the thread has wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.figures import Figure
from benchmarks.thread.hearing import Heard, rate, untold
from benchmarks.thread.stage import Stage, stage
from benchmarks.thread.talk import Scene, silence, track
from benchmarks.thread.utterances import RECORDINGS_PACKAGE, TEXTS, Utterance, recordings

CALLS = 5
NOISES: tuple[tuple[str, float | None], ...] = (
    ("a quiet line", None),
    ("noise at 15 dB", 15.0),
    ("noise at 8 dB", 8.0),
)
_WAY = "µ-law at 8 kHz through Twilio's stream, a bridged call, to a thread viewer"
_PATIENCE_S = 20.0
_LEAD_S, _NOISY_LEAD_S = 0.4, 3.0


async def measure(
    folder: Path,
    voices: Mapping[str, bytes],
    model: str,
    path: str | None = None,
    *,
    calls: int = CALLS,
    texts: Sequence[str] = TEXTS,
    noises: Sequence[tuple[str, float | None]] = NOISES,
    people: Sequence[Utterance] | None = None,
) -> list[Figure]:
    """Word error rates with this model (at `path` or of that name; None is the packaged one).

    The callers alone on a quiet line and in white noise, recordings of people (None: those installed), then
    both sides at once.
    """
    settings = {"stt": "whisper", **({"whisper_model": path} if path else {})}
    said = [Utterance(text, voices[text]) for text in texts]
    figures: list[Figure] = []
    async with stage(folder, calls, settings) as on:
        for name, snr_db in noises:
            callers = await _callers(on, said, snr_db)
            figures.append(_rate(f"Word error rate, {model}: caller, {name}", callers, _WAY))
        if people := recordings() if people is None else people:
            callers = await _callers(on, people, None)
            note = (
                f"the recordings in {RECORDINGS_PACKAGE}: one reader from LibriVox, playing cards by others"
            )
            figures.append(_rate(f"Word error rate, {model}: recorded people", callers, note))
        callers, humans = await _both(on, said)
        note = "caller by Twilio's stream and operator by WebRTC in PCMU, never saying the same"
        figures.append(_rate(f"Word error rate, {model}: caller, both talking at once", callers, note))
        figures.append(_rate(f"Word error rate, {model}: operator, both talking at once", humans, note))
    return figures


async def _callers(on: Stage, said: Sequence[Utterance], snr_db: float | None) -> list[list[Heard]]:
    """What the callers say, in shares; noise has been there for a while before they begin to speak."""
    lead_s = _LEAD_S if snr_db is None else _NOISY_LEAD_S
    shares = [said[number :: len(on.calls)] for number in range(len(on.calls))]
    scenes = [Scene(track(share, snr_db=snr_db, lead_s=lead_s), silence()) for share in shares if share]
    callers, _ = await on.play(scenes, patience_s=_PATIENCE_S)
    return callers


async def _both(on: Stage, said: Sequence[Utterance]) -> tuple[list[list[Heard]], list[list[Heard]]]:
    """Everything once by callers and once by operators, at the same time and each in another order."""
    count = len(on.calls)
    turned = [*said[len(said) // 2 :], *said[: len(said) // 2]]
    scenes = [Scene(track(said[n::count]), track(turned[n::count])) for n in range(count) if said[n::count]]
    return await on.play(scenes, patience_s=_PATIENCE_S)


def _rate(name: str, sides: Sequence[Sequence[Heard]], note: str) -> Figure:
    errors, count = rate(sides), sum(map(len, sides))
    silent = sum(map(untold, sides))
    missed = f", {silent} without any text" if silent else ""
    note = f"{count} utterances, {errors.wrong} of {errors.said} words{missed}; {note}"
    return Figure(name, (errors.percent,), unit="%", note=note)
