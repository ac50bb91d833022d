"""Sound files, and the silence around what is said."""

from __future__ import annotations

import wave
from pathlib import Path

import pytest

from signaling.terminal.errors import TerminalError
from signaling.terminal.lines import keys_of
from signaling.terminal.speech import read_sound, trimmed
from tests.harness.tones import share, tone


def write_wav(path: Path, mono: bytes, *, rate: int, channels: int) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(b"".join(mono[at : at + 2] * channels for at in range(0, len(mono), 2)))
    return path


@pytest.mark.parametrize("rate", [8000, 11025, 16000, 44100, 48000])
@pytest.mark.parametrize("channels", [1, 2])
def test_a_sound_file_of_any_rate_and_channels_is_read(tmp_path: Path, rate: int, channels: int) -> None:
    path = write_wav(tmp_path / "a.wav", tone(440.0, 1.0, rate=rate), rate=rate, channels=channels)

    pcm = read_sound(path)

    assert abs(len(pcm) / 16000 - 1.0) < 0.01
    assert share(pcm, 440.0) > 0.99


def test_a_file_that_is_no_sound_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "notes.wav"
    path.write_text("not a sound")

    with pytest.raises(TerminalError, match=r"notes\.wav is not a sound file"):
        read_sound(path)


def test_a_file_without_sound_is_refused(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "empty.wav", b"", rate=8000, channels=1)

    with pytest.raises(TerminalError, match=r"empty\.wav"):
        read_sound(path)


@pytest.mark.parametrize("path", ["nowhere.wav", "."])
def test_what_is_not_a_file_is_refused(path: str) -> None:
    with pytest.raises(TerminalError, match="no sound file"):
        read_sound(Path(path))


def test_silence_around_speech_is_cut_and_within_it_is_kept() -> None:
    said = tone(440.0, 0.2) + bytes(16000) + tone(440.0, 0.2)

    assert trimmed(bytes(3200) + said + bytes(6400)) == said
    assert trimmed(bytes(3200)) == b""


@pytest.mark.parametrize(
    ("text", "keys"),
    [("#5", "5"), (" #12*# ", "12*#"), ("##", "#"), ("#a", "A"), ("#", ""), ("#5 please", ""), ("5", "")],
)
def test_keys_are_told_from_words(text: str, keys: str) -> None:
    assert keys_of(text) == keys
