"""`patchbay outbox` as a program of its own, beside a server that runs and beside none."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.alive5_server import Alive5Server
from tests.e2e.test_thread_viewers import Viewer
from tests.harness.handoff import phone_for
from tests.harness.outbox import listed, outbox
from tests.harness.server import ServerProcess


@pytest.fixture
async def alive5() -> AsyncIterator[Alive5Server]:
    """alive5, up and willing."""
    server = Alive5Server()
    await server.start()
    yield server
    await server.stop()


async def test_rows_that_wait_are_listed_and_dropped_while_nobody_serves(tmp_path: Path) -> None:
    away = {"alive5_url": "http://127.0.0.1:9", "alive5_key": "test-key"}
    async with ServerProcess(tmp_path, **away) as server:
        phone = phone_for(server)
        thread_id = phone.parameters["threadId"]
        async with phone, Viewer(server, thread_id) as viewer:
            await viewer.subscribe()
            await phone.press("7")
            while "7" not in [message["text"] for message in viewer.messages]:
                await viewer.until(len(viewer.messages) + 1)
        await server.stop()
    rows = await listed(tmp_path, "--thread", thread_id)
    assert {row["state"] for row in rows} == {"pending"}
    (pressed,) = [row for row in rows if row["text"] == "7"]
    assert (pressed["kind"], pressed["attempts"], pressed["threadId"]) == ("post_message", 0, thread_id)
    assert rows[-1]["kind"] == "end_voice_chat"

    code, out, _ = await outbox(tmp_path, "list")
    assert code == 0
    assert out.splitlines()[0].split()[:3] == ["ID", "STATE", "KIND"]
    assert len(out.splitlines()) == 1 + len(rows)

    code, out, _ = await outbox(tmp_path, "drop", str(pressed["id"]))
    assert (code, out.strip()) == (0, "1 row dropped.")
    assert [row["text"] for row in await listed(tmp_path, "--state", "dropped")] == ["7"]
    assert len(await listed(tmp_path)) == len(rows) - 1
    async with ServerProcess(tmp_path, **away) as server:
        (seven,) = [message for message in await server.messages(thread_id) if message["text"] == "7"]
        assert (seven["delivery"], seven["deliveryNote"]) == ("failed", "dropped")


async def test_an_uncertain_row_is_sent_again_by_the_running_server_only_after_a_yes(
    tmp_path: Path, alive5: Alive5Server
) -> None:
    alive5.die_on = lambda item: item.payload.get("message_content") == "7"
    async with ServerProcess(tmp_path, alive5_url=alive5.url, alive5_key=alive5.key) as server:
        phone = phone_for(server)
        thread_id = phone.parameters["threadId"]
        async with phone, Viewer(server, thread_id) as viewer:
            await viewer.subscribe()
            await phone.press("7")
            uncertain = await viewer.delivery("7", "failed")
            assert uncertain["deliveryNote"] == "uncertain"
            alive5.die_on = None
            (row,) = await listed(tmp_path, "--state", "uncertain")
            code, _, errors = await outbox(tmp_path, "retry", "--uncertain")
            assert code == 1
            assert "--yes" in errors
            assert alive5.texts().count("7") == 1
            code, out, _ = await outbox(tmp_path, "retry", str(row["id"]), "--yes")
            assert (code, out.strip()) == (0, "1 row put back.")
            await viewer.delivery("7", "delivered")
            assert alive5.texts().count("7") == 2
            code, _, errors = await outbox(tmp_path, "retry", str(row["id"]))
            assert code == 1
            assert "was delivered" in errors


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["list"], 1, "There is no database"),
        (["list", "--state", "lost"], 2, "no state 'lost'"),
        (["retry"], 2, "Name the rows"),
        (["drop", "1"], 1, "There is no database"),
        (["drop", "9" * 20], 2, "Invalid value"),
        (["retry", "9" * 20], 2, "Invalid value"),
        (["list", "--limit", "9" * 20], 2, "Invalid value"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, list) else "",
)
async def test_what_cannot_be_done_is_said_in_a_sentence(
    tmp_path: Path, words: list[str], code: int, said: str
) -> None:
    (tmp_path / "data").mkdir()
    ended, _, errors = await outbox(tmp_path, *words)
    assert (ended, said in errors) == (code, True), errors
    assert "Traceback" not in errors
    assert list((tmp_path / "data").iterdir()) == [], "looking makes no database"
