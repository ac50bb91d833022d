"""Whether the bot remembers who calls again is for the configuration to say."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.harness.inside import InsideServer
from tests.harness.llm import ChatServer
from tests.harness.phone_app import SimulatedPhone


@pytest.mark.parametrize("keep", [True, False])
async def test_the_model_knows_what_was_said_before_only_where_it_is_kept(tmp_path: Path, keep: bool) -> None:
    async with (
        ChatServer("I see.") as chat,
        InsideServer(tmp_path, llm_url=chat.url, llm_model="test") as server,
    ):
        server.runtime.phone_app.desk.config.update({"keep_history": keep})
        for words in ("My parrot is called Polly.", "What is the colour of the sky?"):
            async with SimulatedPhone(server.url) as phone:
                await phone.greet()
                assert (await phone.say(text=words)).reply == "I see."
                call = server.runtime.switchboard.find(phone.session_id)
                assert call is not None
                assert server.runtime.phone_app.end(phone.session_id)
                await call.thread.settle(20)
        asked = json.dumps(await chat.asked(2))
        assert "colour of the sky" in asked
        assert ("parrot" in asked) == keep
