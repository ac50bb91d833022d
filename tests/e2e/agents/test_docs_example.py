"""The example in docs/agents.md takes a call over."""

from __future__ import annotations

import asyncio
import re
import sys
from pathlib import Path

from tests.harness.agent import AgentConsole, said
from tests.harness.handoff import phone_for
from tests.harness.server import ServerProcess

PAGE = Path(__file__).parents[3] / "docs" / "agents.md"


async def test_the_example_answers_the_caller(tmp_path: Path) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    body = code[code.index("async def") : code.index("asyncio.run")]
    assert len([line for line in body.splitlines() if line.strip()]) <= 10
    async with ServerProcess(tmp_path) as server, AgentConsole(server) as watcher:
        assert "ws://127.0.0.1:8996" in code  # the default port: the test's server has another
        example = await asyncio.create_subprocess_exec(
            sys.executable, "-c", code.replace("127.0.0.1:8996", f"127.0.0.1:{server.port}")
        )
        try:
            await watcher.wait("agent.connected", agent_count=2)
            async with phone_for(server) as phone:
                await watcher.wait("agent.takeover", agent="Echo")
                await phone.press("5")
                done = await watcher.wait("turn.complete")
                assert (done["model"], done["reply"]) == ("agent", "You said: 5")
                message = await said(server, phone, "You said: 5")
                assert (message["speaker"], message["name"]) == ("agent", "Echo")
        finally:
            example.kill()
            await example.wait()
