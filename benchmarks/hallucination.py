"""What the recogniser makes of sounds that are no speech: words a minute, with its filter and without.

Run as `python -m benchmarks.hallucination`. Every sound goes through µ-law and the segmenter first, as in a
call; then once more without the segmenter, cut every five seconds, so that the filter is seen alone. Below
it, what becomes of fillers that were really said.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks.sound import RATE
from benchmarks.voice import speech
from bridge.call.hold import hold_frames
from bridge.media.g711 import ulaw_decode, ulaw_encode
from bridge.ports import Codec
from bridge.speech.engines import default_threads
from bridge.speech.segmenter import Segmenter, UtteranceEnded
from bridge.speech.worker import WorkerProcess

SECONDS = 60
_FRAME = RATE // 50 * 2
_BEAM = 5
_CUT_S = 5

FILLERS = ("Uh.", "Um.", "Hmm.", "Uh-huh.", "Um, I am not sure.", "Uh, yeah, so, uh, my order is late.")

Signal = NDArray[np.float64]


def _times() -> Signal:
    return np.arange(SECONDS * RATE) / RATE


def _noise(rms: float, *, brown: bool = False) -> Signal:
    noise: Signal = np.random.default_rng(11).normal(size=SECONDS * RATE)
    if brown:
        noise = np.cumsum(noise - noise.mean())
        noise -= np.convolve(noise, np.ones(801) / 801, mode="same")
    return noise * rms / float(np.std(noise))


def _hum() -> Signal:
    time = _times()
    parts = [np.sin(2 * np.pi * 50 * k * time) / k for k in (1, 2, 3, 5, 7)]
    return np.asarray(sum(parts) * 900 + _noise(10))


def _tones() -> Signal:
    """Ringing, busy and keys, one after the other: on for a second, off for another."""
    time = _times()
    pairs = ((440.0, 480.0), (480.0, 620.0), (770.0, 1336.0), (941.0, 1477.0), (425.0, 425.0))
    second = time.astype(int)
    sound = np.zeros_like(time)
    for number, (low, high) in enumerate(pairs):
        mine = (second % 2 == 0) & (second // 2 % len(pairs) == number)
        sound += np.where(mine, np.sin(2 * np.pi * low * time) + np.sin(2 * np.pi * high * time), 0.0)
    return sound * 2500 + _noise(10)


def _clicks() -> Signal:
    random = np.random.default_rng(5)
    sound = _noise(10)
    for at in random.integers(0, len(sound) - 80, size=SECONDS * 3):
        sound[at : at + 80] += random.normal(size=80) * np.exp(-np.arange(80) / 15) * 9000
    return sound


def _breath() -> Signal:
    """Noise that swells and fades as breath into a microphone does."""
    swell = np.maximum(0.0, np.sin(2 * np.pi * _times() / 3.5)) ** 2
    return np.asarray(_noise(700) * swell + _noise(10))


def _music() -> Signal:
    loop = np.frombuffer(b"".join(hold_frames(Codec.L16_8K)), dtype="<i2").astype(np.float64)
    return np.resize(loop, SECONDS * RATE)


SOUNDS: Mapping[str, Callable[[], Signal]] = {
    "digital silence": lambda: np.zeros(SECONDS * RATE),
    "line noise, -60 dBFS": lambda: _noise(33),
    "line noise, -40 dBFS": lambda: _noise(330),
    "rumble, -30 dBFS": lambda: _noise(1040, brown=True),
    "mains hum": _hum,
    "tones and keys": _tones,
    "clicks": _clicks,
    "breath": _breath,
    "hold music": _music,
    "hold music, 12 dB louder": lambda: _music() * 4,
}


@dataclass(frozen=True, slots=True)
class Heard:
    """What was made of one sound: stretches, and words a minute without and with the filter."""

    sound: str
    stretches: int
    unfiltered: float
    filtered: float
    example: str


def _telephone(signal: Signal) -> bytes:
    pcm = np.clip(signal, -32768, 32767).astype("<i2").tobytes()
    return ulaw_decode(ulaw_encode(pcm))


def _utterances(pcm: bytes) -> Iterator[bytes]:
    segmenter = Segmenter(RATE)
    for at in range(0, len(pcm) - _FRAME + 1, _FRAME):
        for event in segmenter.push(pcm[at : at + _FRAME]):
            if isinstance(event, UtteranceEnded):
                yield event.pcm
    yield from (event.pcm for event in segmenter.flush() if isinstance(event, UtteranceEnded))


def _stretches(pcm: bytes) -> Iterator[bytes]:
    size = _CUT_S * RATE * 2
    yield from (pcm[at : at + size] for at in range(0, len(pcm), size))


async def _text(worker: WorkerProcess, pcm: bytes, *, unfiltered: bool) -> str:
    header: dict[str, object] = {"rate": RATE, "beam": _BEAM, "all": unfiltered}
    return str((await worker.request(header, pcm)).header["text"])


async def _hear(worker: WorkerProcess, sound: str, parts: list[bytes]) -> Heard:
    unfiltered = [await _text(worker, part, unfiltered=True) for part in parts]
    filtered = [await _text(worker, part, unfiltered=False) for part in parts]
    counts = [sum(len(text.split()) for text in texts) * 60 / SECONDS for texts in (unfiltered, filtered)]
    example = next((text for text in [*filtered, *unfiltered] if text), "")
    return Heard(sound, len(parts), counts[0], counts[1], example)


async def measure(
    worker: WorkerProcess, sounds: Mapping[str, Callable[[], Signal]] = SOUNDS
) -> tuple[list[Heard], list[Heard]]:
    """Every sound as in a call, and without the segmenter. `worker` is a ready whisper_worker."""
    called, cut = [], []
    for name, make in sounds.items():
        pcm = _telephone(make())
        called.append(await _hear(worker, name, list(_utterances(pcm))))
        cut.append(await _hear(worker, name, list(_stretches(pcm))))
    return called, cut


async def fillers(worker: WorkerProcess) -> list[tuple[str, str, str]]:
    """(said, heard without the filter, heard with it) for fillers in the packaged voice, as in a call."""
    found = []
    for text, spoken in (await speech(FILLERS)).items():
        samples = np.frombuffer(spoken, dtype="<i2").astype(np.float64) / 2
        quiet = np.zeros(RATE)
        pcm = _telephone(np.concatenate([quiet, samples, quiet]) + _noise(20)[: len(samples) + 2 * RATE])
        parts = list(_utterances(pcm))
        unfiltered = [await _text(worker, part, unfiltered=True) for part in parts]
        filtered = [await _text(worker, part, unfiltered=False) for part in parts]
        found.append((text, " ".join(unfiltered), " ".join(filtered)))
    return found


def show(console: Console, title: str, rows: list[Heard]) -> None:
    """Print one table."""
    table = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left")
    table.add_column("sound, 60 s each")
    for heading in ("stretches", "words/min, no filter", "words/min, filter"):
        table.add_column(heading, justify="right")
    table.add_column("such as")
    for row in rows:
        cells = (str(row.stretches), f"{row.unfiltered:.0f}", f"{row.filtered:.0f}")
        table.add_row(row.sound, *cells, row.example[:40])
    console.print(table)


async def main() -> None:
    """Measure the packaged model and print it."""
    console = Console()
    worker = WorkerProcess("bridge.speech.whisper_worker", ["--threads", str(default_threads())])
    await worker.start()
    try:
        await worker.wait_ready()
        called, cut = await measure(worker)
        said = await fillers(worker)
    finally:
        await worker.close()
    show(console, "As in a call: through the segmenter", called)
    show(console, f"Cut every {_CUT_S} s: the filter alone", cut)
    for text, unfiltered, filtered in said:
        console.print(f"said {text!r}: heard {unfiltered!r}, with the filter {filtered!r}")


if __name__ == "__main__":
    asyncio.run(main())
