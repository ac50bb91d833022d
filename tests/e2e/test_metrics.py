"""`GET /metrics`, read as Prometheus reads it."""

from __future__ import annotations

from pathlib import Path

from tests.alive5_server import Alive5Server
from tests.harness.console import Console
from tests.harness.figures import scrape
from tests.harness.handoff import call_of, hand_off, phone_for
from tests.harness.server import ServerProcess


async def test_calls_and_their_handoffs_are_counted(tmp_path: Path) -> None:
    async with ServerProcess(tmp_path) as server, Console(server) as console:
        idle = await scrape(server)
        assert idle["patchbay_calls", "bot"] == idle["patchbay_calls_started_total",] == 0
        async with phone_for(server) as phone:
            call_id = await call_of(console, phone)
            await hand_off(console, phone)
            waiting = await scrape(server)
            assert waiting["patchbay_calls", "handoff"] == 1
            assert waiting["patchbay_handoffs_total",] == waiting["patchbay_offers_total",] == 1
            assert (await console.command("accept_call", callId=call_id))["ok"]
        await console.wait("call_state", callId=call_id, state="ended")
        after = await scrape(server)
        assert after["patchbay_calls_started_total",] == after["patchbay_claims_total",] == 1
        assert after["patchbay_calls_ended_total", "caller_hung_up"] == 1
        assert (
            sum(after["patchbay_calls", state] for state in ("bot", "handoff", "connecting", "bridged")) == 0
        )


async def test_what_went_wrong_is_there_under_the_names_of_readyz(tmp_path: Path) -> None:
    async with ServerProcess(tmp_path) as server:
        counts = (await server.get("/readyz"))["counts"]
        figures = await scrape(server)
        assert "loopBlocked" in counts
        for name in ("loop_blocked", "events_dropped", "unknown_events"):
            assert (f"patchbay_{name}_total",) in figures
        counters = [name for name, *_ in figures if name.startswith("patchbay_twilio_")]
        assert len(counters) == sum(name.startswith("twilio_") for name in counts)
        assert figures["patchbay_speech_ready", "stt"] == figures["patchbay_database_up",] == 1
        assert figures["patchbay_thread_unsaved",] == figures["patchbay_thread_dropped_total",] == 0
        assert figures["process_cpu_seconds_total",] > 0


async def test_the_outbox_s_backlog_and_what_became_of_it(tmp_path: Path) -> None:
    alive5 = Alive5Server()
    await alive5.start()
    await alive5.stop()
    settings = {"alive5_url": alive5.url, "alive5_key": alive5.key}
    async with ServerProcess(tmp_path, **settings) as server, Console(server) as console:
        async with phone_for(server) as phone:
            call_id = await call_of(console, phone)
            await phone.press("5")
            await console.wait("transcript", callId=call_id)
        await console.wait("call_state", callId=call_id, state="ended")
        away = await scrape(server)
        assert away["patchbay_outbox_rows", "pending"] > 0
        assert away["patchbay_outbox_oldest_seconds",] > 0
        assert away["patchbay_outbox_deliveries_total", "delivered"] == 0
        await alive5.start()
        await alive5.until(lambda: bool(alive5.sent("end_voice_chat")))
        count = len(await server.messages(phone.parameters["threadId"]))
        back = await scrape(server)
        assert back["patchbay_outbox_rows", "pending"] == 0
        # The row of the end itself may still be on its way into the database.
        assert back["patchbay_outbox_deliveries_total", "delivered"] >= count
        assert back["patchbay_outbox_deliveries_total", "uncertain"] == 0
    assert len(alive5.texts()) == count
    await alive5.stop()


async def test_figures_are_for_those_who_may_use_the_rest(tmp_path: Path) -> None:
    async with ServerProcess(tmp_path, agent_token="hush") as server:
        async with server.session.get(f"{server.url}/metrics") as answer:
            assert answer.status == 401
        headers = {"Authorization": "Bearer hush"}
        async with server.session.get(f"{server.url}/metrics", headers=headers) as answer:
            assert answer.status == 200
