"""What is written down where nobody speaks: words a minute made of silence, noise, hum, tones and music."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Protocol, cast

from benchmarks.figures import Figure
from bridge.speech.engines import default_threads
from bridge.speech.worker import WorkerProcess

_MODULE = "benchmarks.hallucination"


class _Heard(Protocol):
    sound: str
    unfiltered: float
    filtered: float


class _Measure(Protocol):
    async def __call__(self, worker: WorkerProcess) -> tuple[Sequence[_Heard], Sequence[_Heard]]: ...


def available() -> bool:
    """True where the measurement is part of this version."""
    return find_spec(_MODULE) is not None


async def measure() -> list[Figure]:
    """Every sound as in a call, then every sound as the recogniser gets it without the segmenter."""
    sounds = cast(_Measure, importlib.import_module(_MODULE).measure)
    worker = WorkerProcess("bridge.speech.whisper_worker", ["--threads", str(default_threads())])
    await worker.start()
    try:
        await worker.wait_ready()
        called, cut = await sounds(worker)
    finally:
        await worker.close()
    return [
        *_figures("Words a minute made of no speech, as in a call", called),
        *_figures("The same without the segmenter", cut),
    ]


def _figures(name: str, rows: Sequence[_Heard]) -> list[Figure]:
    told = ", ".join(f"{row.sound} {row.filtered:.0f}" for row in rows)
    without = tuple(row.unfiltered for row in rows)
    return [
        Figure(
            name, tuple(row.filtered for row in rows), unit="", note=f"tiny.en; one sample a sound: {told}"
        ),
        Figure(f"{name}, recogniser's filter off", without, unit="", note="tiny.en; one sample a sound"),
    ]
