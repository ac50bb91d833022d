"""The switch that pauses the transcript, in the console."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.harness.console import Console
from tests.harness.handoff import hand_off, phone_for
from tests.harness.server import ServerProcess
from tests.harness.web_console import WebConsole, assert_both_ways

pytestmark = pytest.mark.asyncio(loop_scope="session")

ANN = "Ann Miller"


async def test_the_transcript_is_paused_by_button_and_by_key_while_both_hear_each_other(
    shared_server: ServerProcess, console: WebConsole, watcher: Console
) -> None:
    async with phone_for(shared_server, name=ANN) as phone:
        call_id = (await hand_off(watcher, phone))["callId"]
        await console.accept(ANN)
        await console.button("Pause transcript").click()
        await console.says("Transcript paused")
        await console.says("You and the caller hear each other as before.")
        assert (await shared_server.get(f"/api/calls/{call_id}"))["transcript"] == "paused"
        await assert_both_ways(console, phone)
        await console.page.reload()
        await console.is_talking(ANN)
        await expect(console.button("Resume transcript")).to_be_visible()
        await console.page.keyboard.press("t")
        await expect(console.button("Pause transcript")).to_be_visible()
        assert (await shared_server.get(f"/api/calls/{call_id}"))["transcript"] == "on"
