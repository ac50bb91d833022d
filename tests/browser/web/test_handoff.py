"""An operator at the console takes phone calls: what both sides hear, and who gets the call."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.harness.browser import Browser, write_wav
from tests.harness.console import Console
from tests.harness.handoff import call_of, hand_off, hears_hold, phone_for, states
from tests.harness.server import ServerProcess
from tests.harness.web_console import WebConsole, assert_both_ways, set_permission

pytestmark = pytest.mark.asyncio(loop_scope="session")

ANN = "Ann Miller"


async def test_operator_and_caller_hear_each_other(
    shared_server: ServerProcess, console: WebConsole, watcher: Console
) -> None:
    async with phone_for(shared_server, name=ANN) as phone:
        await hand_off(watcher, phone, reason="Wants forty muffins", queue="orders")
        card = console.card(ANN)
        await expect(card).to_contain_text("+1 555 123 4567")
        await expect(card).to_contain_text("orders")
        await expect(card).to_contain_text("Wants forty muffins")
        await console.accept(ANN)
        await assert_both_ways(console, phone)
    await console.says(f"{ANN} hung up.")
    await console.button("Done").click()
    await console.is_ready()


async def test_one_of_two_consoles_gets_the_call(
    shared_server: ServerProcess, operators: Browser, console: WebConsole, watcher: Console
) -> None:
    other = await WebConsole.on_shift(shared_server, operators, "kim")
    try:
        async with phone_for(shared_server, name=ANN) as phone:
            call_id = (await hand_off(watcher, phone))["callId"]
            accepts = [tab.card(ANN).get_by_role("button", name="Accept") for tab in (console, other)]
            for accept in accepts:
                await expect(accept).to_be_enabled()
            # By the buttons themselves: the slower one's card may be gone before it could be found again.
            buttons = [await accept.element_handle() for accept in accepts]
            await asyncio.gather(*(button.evaluate("it => it.click()") for button in buttons))
            await watcher.wait("call_state", callId=call_id, state="bridged")
            who = states(watcher, call_id)[-1]["operator"]["name"]
            winner, loser = (console, other) if who == "sam" else (other, console)
            await winner.is_talking(ANN)
            await loser.says(f"{who} has taken the call of {ANN}.")
            await expect(loser.card(ANN)).to_have_count(0)
            await assert_both_ways(winner, phone)
            assert not (await loser.hear(0.5)).any(), "nothing of the call reaches the other one"
    finally:
        await other.close()


async def test_a_call_that_leaves_says_why(
    shared_server: ServerProcess, console: WebConsole, watcher: Console
) -> None:
    left = console.queue.get_by_role("list", name="Calls that left")
    async with phone_for(shared_server, name=ANN) as phone:
        await hand_off(watcher, phone)
        await expect(console.card(ANN)).to_be_visible()
    await expect(left).to_contain_text(f"{ANN} hung up while waiting.")
    await expect(console.card(ANN)).to_have_count(0)
    async with phone_for(shared_server, name="Bob") as phone:
        call_id = (await hand_off(watcher, phone))["callId"]
        await expect(console.card("Bob")).to_be_visible()
        assert (await watcher.command("accept_call", callId=call_id))["ok"]
        await expect(left).to_contain_text("kim has taken the call of Bob.")
        await expect(console.card("Bob")).to_have_count(0)


async def test_a_reload_brings_the_audio_back_under_the_same_claim(
    shared_server: ServerProcess, console: WebConsole, watcher: Console
) -> None:
    async with phone_for(shared_server, name=ANN) as phone:
        call_id = (await hand_off(watcher, phone))["callId"]
        await console.accept(ANN)
        await assert_both_ways(console, phone)
        await console.page.reload()
        await hears_hold(phone, 1)
        await console.is_talking(ANN)
        await console.says("This page was reloaded. Your call goes on.")
        await assert_both_ways(console, phone)
        later = states(watcher, call_id)[-2:]
        assert [view["state"] for view in later] == ["connecting", "bridged"]
        assert len([claim for claim in watcher.all("call_claimed") if claim["callId"] == call_id]) == 1
        assert len([offer for offer in watcher.all("incoming_call") if offer["callId"] == call_id]) == 1


async def test_a_microphone_that_is_denied_wins_no_call(
    shared_server: ServerProcess, watcher: Console
) -> None:
    async with Browser(arguments=["--use-fake-ui-for-media-stream=deny"]) as browser:
        console = await WebConsole.open(shared_server, browser)
        alert = console.page.get_by_role("alert")
        await console.button("Go on shift").click()
        await expect(alert).to_contain_text("Try again, and choose Allow.")
        await set_permission(console.page, "microphone", "denied")
        async with phone_for(shared_server, name=ANN) as phone:
            call_id = (await hand_off(watcher, phone))["callId"]
            accept = console.card(ANN).get_by_role("button", name="Accept")
            await accept.click()
            await expect(alert).to_contain_text("The browser does not let this page use the microphone.")
            await expect(alert).to_contain_text("set Microphone to Allow")
            await expect(accept).to_be_enabled()
            await hears_hold(phone)
            assert (await shared_server.get(f"/api/calls/{call_id}"))["state"] == "handoff"
            assert not [claim for claim in watcher.all("call_claimed") if claim["callId"] == call_id]


async def test_a_microphone_that_is_dead_leaves_the_caller_in_hold_audio(
    shared_server: ServerProcess, watcher: Console, tmp_path: Path
) -> None:
    async with Browser(write_wav(tmp_path / "dead.wav", bytes(16000))) as browser:
        console = await WebConsole.on_shift(shared_server, browser)
        async with phone_for(shared_server, name=ANN) as phone:
            call_id = (await hand_off(watcher, phone))["callId"]
            await console.card(ANN).get_by_role("button", name="Accept").click()
            await console.says("The caller hears music until your voice comes.")
            await expect(console.page.get_by_role("alert")).to_contain_text(
                "Your microphone delivers silence."
            )
            await hears_hold(phone)
            assert (await shared_server.get(f"/api/calls/{call_id}"))["state"] == "connecting"


async def test_a_server_that_restarts_while_it_rings(operators: Browser, tmp_path: Path) -> None:
    async with ServerProcess(tmp_path, port=unused_port()) as server:
        console = await WebConsole.on_shift(server, operators)
        try:
            async with Console(server, "kim") as watcher, phone_for(server, name=ANN) as phone:
                await hand_off(watcher, phone)
                await expect(console.card(ANN)).to_be_visible()
                await server.kill()
                await expect(console.page.get_by_role("alert")).to_contain_text("The server does not answer.")
            await server.start()
            await console.is_ready()
            await console.says("Connected again.")
            await expect(console.card(ANN)).to_have_count(0)
            async with Console(server, "kim") as watcher, phone_for(server, name="Bob") as phone:
                await call_of(watcher, phone)
                await hand_off(watcher, phone)
                await console.accept("Bob")
                await assert_both_ways(console, phone)
        finally:
            await console.close()


def unused_port() -> int:
    """A port that was free a moment ago: a server that starts again must have the same."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
