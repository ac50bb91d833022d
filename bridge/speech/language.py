"""Languages by their codes, and which of them a Whisper model knows."""

from __future__ import annotations

AUTO = "auto"
"""In place of a code: detect it."""


def base_of(code: str) -> str:
    """`pt` for `pt-BR`."""
    return code.partition("-")[0].lower()


def is_english(code: str) -> bool:
    """True for English of any region."""
    return base_of(code) == "en"


def knows_english_only(model: str | None) -> bool:
    """True where that is known by the model's name; None is the packaged one.

    Of a model given by its path it shows only when it is loaded.
    """
    return model is None or model.endswith(".en")
