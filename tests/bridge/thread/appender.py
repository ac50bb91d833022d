"""Appends to the database at argv[1] as fast as it can, printing each id once it is committed."""

from __future__ import annotations

import asyncio
import sys
from itertools import count
from pathlib import Path

from bridge.thread.store import SqlThreadStore
from tests.bridge.thread.helpers import draft, sqlite_url


async def main(path: Path) -> None:
    """Append until killed, four at a time."""
    store = SqlThreadStore(sqlite_url(path), outbox=True)
    await store.start()

    async def append() -> None:
        for n in count():
            message = await store.append(draft(f"{n} " + "words " * 50))
            print(message.id, flush=True)

    await asyncio.gather(*(append() for _ in range(4)))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
