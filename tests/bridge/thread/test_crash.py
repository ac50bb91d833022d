"""kill -9 in the middle of writing: what was committed is there, once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from bridge.thread.store import SqlThreadStore
from tests.bridge.thread.helpers import sqlite_url

ROOT = Path(__file__).parents[3]


def append_until_killed(path: Path, lines: int) -> list[str]:
    """Ids that a process reported as committed before it was killed, at least `lines` of them."""
    command = [sys.executable, "-m", "tests.bridge.thread.appender", str(path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        ids: list[str] = []
        for line in process.stdout:
            if len(line.strip()) == 36:
                ids.append(line.strip())
            if len(ids) == lines:
                process.kill()
        process.wait()
    assert process.returncode == -9
    return ids


async def test_kill_minus_nine_loses_and_doubles_no_committed_message(path: Path) -> None:
    committed: list[str] = []
    for lines in (5, 20, 60):
        committed += append_until_killed(path, lines)
    store = SqlThreadStore(sqlite_url(path), outbox=True)
    await store.start()
    messages = await store.messages("t") or []
    stored = [message.id for message in messages]
    assert len(set(stored)) == len(stored)
    assert set(committed) <= set(stored)
    assert [message.seq for message in messages] == list(range(1, len(messages) + 1))
    due = [row.message_id for row in await store.pending_outbox(len(stored) + 1)]
    assert due == stored
    await store.close()
