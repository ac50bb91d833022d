"""A caller in a browser hears the bot's real voice, from its first word on."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.harness.server import ServerProcess
from tests.harness.softphone import Softphone


async def test_the_bot_greets_a_caller_in_a_browser(tmp_path: Path) -> None:
    async with ServerProcess(tmp_path, tts="piper") as server:
        await server.ready()
        async with Softphone(server) as phone:
            call_id = await phone.call()
            heard = np.frombuffer(await phone.wait_heard(4.0), np.int16).astype(float)
            tenths = np.sqrt((heard.reshape(-1, 800) ** 2).mean(axis=1))
            assert (tenths > 300).sum() > 10, "more than a second of it is speech"
            assert "bot_first_audio" in [event for event, _ in await server.timeline(call_id)]
