"""A server that starts two workers, gives each a fifo to hold, and is then killed by the test."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from bridge.speech.worker import WorkerProcess


async def main() -> None:
    """Hold one fifo in each worker, for ever."""
    env = {"PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])}
    async with asyncio.TaskGroup() as group:
        for path in sys.argv[1:]:
            worker = WorkerProcess("echo_worker", env=env, request_timeout=600)
            await worker.start()
            await worker.wait_ready()
            group.create_task(worker.request({"do": "hold", "path": path}))


asyncio.run(main())
