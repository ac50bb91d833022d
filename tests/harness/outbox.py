"""`patchbay outbox` as a program of its own, on the data of a server under test."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).parents[2]


async def outbox(folder: Path, *words: str) -> tuple[int, str, str]:
    """`patchbay outbox …` on the data of a server in `folder`: exit code, output, errors."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("PATCHBAY_")}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "signaling.cli",
        "outbox",
        *words,
        env={**inherited, "PATCHBAY_DATA_DIR": str(folder / "data")},
        cwd=_ROOT,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, errors = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode is not None
    return process.returncode, out.decode(), errors.decode()


async def listed(folder: Path, *words: str) -> list[dict[str, Any]]:
    """What `patchbay outbox list --json` says, all of it."""
    code, out, errors = await outbox(folder, "list", "--json", "--limit", "1000000", *words)
    assert code == 0, errors
    return list(json.loads(out))
