"""The figures of the thread, each section on a server of its own that is otherwise idle."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from pathlib import Path

from rich.console import Console

from benchmarks import machine, turns
from benchmarks.figures import Figure
from benchmarks.thread import bot, finals, no_speech, overload, path, utterances, words
from benchmarks.thread.models import BASE, BASE_PARTS, TINY, base_model
from benchmarks.voice import speech
from tests.harness.server import ServerProcess

SECTIONS = (
    *("finals", "words", "words-base", "bot-words", "audio-path", "overload", "overload-base"),
    *(("no-speech",) if no_speech.available() else ()),
)
_LARGER = frozenset({"words-base", "overload-base"})

Voices = Mapping[str, bytes]
_Measure = Callable[[Path, Voices], Awaitable[list[Figure]]]


class Sections:
    """Measures into `results`. `folder` is for the servers' data.

    `model`: a Whisper model, by path or name, to be measured beside the packaged one; else it is base, from
    the packages `parts`.
    """

    def __init__(
        self,
        folder: Path,
        results: dict[str, list[Figure]],
        console: Console,
        model: str | None = None,
        *,
        parts: Sequence[str] = BASE_PARTS,
    ) -> None:
        self._folder, self._results, self._console = folder, results, console
        self._name, self._path = Path(model).name if model else BASE, model
        self._parts = parts

    async def run(self, wanted: Collection[str]) -> None:
        """Measure the wanted sections, one after the other."""
        chosen = [name for name in SECTIONS if name in wanted]
        if self._path is None and _LARGER & set(chosen):
            found = base_model(self._folder / BASE, self._parts)
            self._path = str(found) if found else None
            if found is None:
                self._console.print(
                    f"{' and '.join(sorted(_LARGER & set(chosen)))}: not measured here, as the model is not "
                    "installed; --whisper-model names one."
                )
                chosen = [name for name in chosen if name not in _LARGER]
        if not chosen:
            return
        if "words" in chosen and not utterances.recordings():
            self._console.print(
                f"Recordings of people: not measured here, as {utterances.RECORDINGS_PACKAGE} (Debian) "
                "is not installed."
            )
        self._console.print("Speaking the lines of callers and operators …")
        voices = await speech([*utterances.TEXTS, *turns.QUESTIONS])
        for name in chosen:
            self._console.print(f"Measuring {name} …")
            self._results[name] = await self._measures()[name](self._folder / name, voices)

    def _measures(self) -> dict[str, _Measure]:
        larger, name = self._path, self._name
        return {
            "finals": finals.measure,
            "words": lambda folder, voices: words.measure(folder, voices, TINY),
            "words-base": lambda folder, voices: words.measure(folder, voices, name, larger),
            "bot-words": _bot_words,
            "audio-path": path.measure,
            "overload": lambda folder, voices: overload.measure(folder, voices, TINY),
            "overload-base": lambda folder, voices: overload.measure(folder, voices, name, larger),
            "no-speech": lambda folder, voices: no_speech.measure(),
        }


async def _bot_words(folder: Path, voices: Voices) -> list[Figure]:
    async with ServerProcess(folder, stt="whisper", tts="piper") as server:
        await server.ready()
        if machine.supported():
            await machine.settle(server.pid)
        return await bot.measure(server, voices)
