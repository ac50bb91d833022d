"""Secrets in the data folder: files that only their owner may read, written whole or not at all."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path


def write_private(path: Path, text: str) -> None:
    """Replace `path` by `text` at once, mode 0600."""
    draft = _draft(path, text)
    os.replace(draft, path)


def read_or_create_private(path: Path, make: Callable[[], str]) -> str:
    """The text of `path`, which is made once: of two processes that try, both get the same text."""
    with suppress(FileNotFoundError):
        return path.read_text(encoding="utf-8")
    draft = _draft(path, make())
    try:
        # A link, unlike a rename, does not replace what another process put there meanwhile.
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    return path.read_text(encoding="utf-8")


def _draft(path: Path, text: str) -> Path:
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    return draft
