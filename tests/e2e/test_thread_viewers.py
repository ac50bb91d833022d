"""The `/thread` namespace: nothing is missed, nothing comes twice."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
import socketio

from tests.harness.console import Console
from tests.harness.handoff import call_of, phone_for
from tests.harness.raw_socket import RawSocket
from tests.harness.server import ServerProcess

pytestmark = pytest.mark.asyncio(loop_scope="module")

NAMESPACE = "/thread"
# A bot that asks again for ever, and never hands over.
SETTINGS = {"flow": Path(__file__).parent / "patient_flow.json"}


class Viewer:
    """A thread viewer. Use as `async with`; `messages` are the finals that it was given, in order."""

    def __init__(self, server: ServerProcess, thread_id: str) -> None:
        self.server, self.thread_id = server, thread_id
        self.socket = socketio.AsyncClient(reconnection=False)
        self.messages: list[dict[str, Any]] = []
        self.deliveries: list[dict[str, Any]] = []
        self._changed = asyncio.Event()

    async def __aenter__(self) -> Viewer:
        async def keep(message: dict[str, Any]) -> None:
            self.messages.append(message)
            self._changed.set()

        async def note(delivery: dict[str, Any]) -> None:
            self.deliveries.append(delivery)
            self._changed.set()

        self.socket.on("message", keep, namespace=NAMESPACE)
        self.socket.on("delivery", note, namespace=NAMESPACE)
        await self.socket.connect(self.server.url, namespaces=[NAMESPACE])
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.socket.disconnect()

    async def subscribe(self, **payload: Any) -> Any:
        """Subscribe and return the ack."""
        ask = {"threadId": self.thread_id, **payload}
        return await self.socket.call("subscribe", ask, namespace=NAMESPACE, timeout=5)

    async def delivery(self, text: str, state: str) -> dict[str, Any]:
        """Wait until the message with this text has been told to be in this state; what was told of it."""
        async with asyncio.timeout(30):
            while True:
                self._changed.clear()
                ids = {message["id"] for message in self.messages if message["text"] == text}
                for told in self.deliveries:
                    if told["id"] in ids and told["delivery"] == state:
                        return told
                await self._changed.wait()

    async def until(self, count: int) -> None:
        """Wait until `count` messages have been told."""
        async with asyncio.timeout(10):
            while len(self.messages) < count:
                self._changed.clear()
                await self._changed.wait()


async def test_what_was_said_comes_in_the_ack_and_what_is_said_as_events(
    module_server: ServerProcess,
) -> None:
    async with Console(module_server) as console, phone_for(module_server) as phone:
        call_id = await call_of(console, phone)
        await console.wait("transcript", 2, callId=call_id)
        thread_id = phone.parameters["threadId"]
        async with Viewer(module_server, thread_id) as viewer:
            ack = await viewer.subscribe()
            assert ack["ok"]
            assert ack["messages"] == await module_server.messages(thread_id)
            last = ack["messages"][-1]["seq"]
            await phone.press("7")
            while not any(message["final"] for message in viewer.messages):
                await viewer.until(len(viewer.messages) + 1)
            shown, final = viewer.messages[0], next(m for m in viewer.messages if m["final"])
            assert (shown["final"], shown["text"], shown["id"]) == (False, "7", final["id"]), "at once"
            assert (final["seq"], final["text"], final["speaker"]) == (last + 1, "7", "caller")


async def test_a_viewer_that_comes_back_misses_nothing_and_sees_nothing_twice(
    module_server: ServerProcess,
) -> None:
    async with Console(module_server) as console, phone_for(module_server) as phone:
        call_id = await call_of(console, phone)
        await console.wait("transcript", 2, callId=call_id)
        thread_id = phone.parameters["threadId"]
        seen: list[int] = []
        for round_ in range(8):
            # Keys are pressed while viewers come and go, each a message by its "#", so that commits fall into
            # every gap.
            pressing = asyncio.ensure_future(press_all(phone.press, "1#2#3#4#5#"))
            async with Viewer(module_server, thread_id) as viewer:
                ack = await viewer.subscribe(afterSeq=seen[-1] if seen else 0)
                seen += [message["seq"] for message in ack["messages"]]
                if round_ % 2:
                    await viewer.until(1)
                else:
                    again = await viewer.subscribe(afterSeq=seen[-1] if seen else 0)
                    seen += [message["seq"] for message in again["messages"]]
                told = [message["seq"] for message in viewer.messages if message["final"]]
                seen += [seq for seq in told if round_ % 2 or seq > seen[-1]]
            await pressing
        async with Viewer(module_server, thread_id) as viewer:
            seen += [m["seq"] for m in (await viewer.subscribe(afterSeq=seen[-1]))["messages"]]
            await phone.press("#")
            while not any(message["text"] == "#" and message["final"] for message in viewer.messages):
                await viewer.until(len(viewer.messages) + 1)
            seen += [message["seq"] for message in viewer.messages if message["final"]]
        assert seen == sorted(set(seen)), "nothing twice, and in order"
        assert seen == [*range(1, len(seen) + 1)], "nothing missed"
        assert len(seen) > 8 * 5


async def press_all(press: Any, keys: str) -> None:
    """Press one key after the other."""
    for key in keys:
        await press(key)


async def test_a_thread_that_nobody_knows_is_empty_until_it_begins(module_server: ServerProcess) -> None:
    phone = phone_for(module_server)
    async with Viewer(module_server, phone.parameters["threadId"]) as viewer:
        assert (await viewer.subscribe()) == {"ok": True, "messages": []}
        async with phone:
            await viewer.until(1)
            assert viewer.messages[0]["seq"] == 1


async def test_other_threads_are_not_told(module_server: ServerProcess) -> None:
    one, other = phone_for(module_server), phone_for(module_server)
    async with one, other, Viewer(module_server, one.parameters["threadId"]) as viewer:
        await viewer.subscribe()
        await other.press("1")
        await one.press("2")
        await viewer.until(1)
        while "2" not in [message["text"] for message in viewer.messages]:
            await viewer.until(len(viewer.messages) + 1)
        assert {m["threadId"] for m in viewer.messages} == {one.parameters["threadId"]}


@pytest.mark.parametrize(
    "payload",
    [
        None, 5, [], {}, {"threadId": 5}, {"threadId": "x", "afterSeq": "1"},
        {"threadId": "x", "afterSeq": -1},
        {"threadId": "x", "afterSeq": True}, {"threadId": "x", "afterSeq": 1.5}, {"threadId": "\ud800"},
        {"threadId": "x", "afterSeq": 10**30}, {"threadId": "x" * 100_000}, {"threadId": ""},
    ],
    ids=lambda payload: repr(payload)[:40],
)  # fmt: skip
async def test_a_bad_subscription_is_refused_and_the_viewer_stays(
    module_server: ServerProcess, payload: object
) -> None:
    async with RawSocket(module_server, "/thread") as socket:
        await socket.join()
        ack = await socket.event("subscribe", payload)
        assert ack["ok"] is False
        assert ack["error"]["code"] == "bad_request"
        assert (await socket.event("subscribe", {"threadId": "fresh"})) == {"ok": True, "messages": []}


@pytest.mark.parametrize("text", ['["connect",{}]', '["disconnect"]', "[5]", '[["x"]]', '["message",{}]'])
async def test_unknown_events_get_an_answer(module_server: ServerProcess, text: str) -> None:
    async with RawSocket(module_server, "/thread") as socket:
        await socket.join()
        assert (await socket.ask(text))["error"]["code"] == "unknown_event"
        assert (await socket.event("subscribe", {"threadId": "fresh"}))["ok"]


async def test_one_viewer_watches_a_bounded_number_of_threads(module_server: ServerProcess) -> None:
    async with RawSocket(module_server, "/thread") as socket:
        await socket.join()
        assert (await patiently(socket, "subscribe", "t0"))["ok"]
        watched = 1
        while (ack := await patiently(socket, "subscribe", f"t{watched}"))["ok"]:
            watched += 1
        assert (watched, ack["error"]["code"]) == (50, "too_many_threads")
        assert (await patiently(socket, "subscribe", "t0"))["ok"], (
            "one that it watches already is not one more"
        )
        assert (await patiently(socket, "unsubscribe", "t0"))["ok"]
        assert (await patiently(socket, "subscribe", "another"))["ok"]


async def patiently(socket: RawSocket, event: str, thread_id: str) -> Any:
    """The event's ack, asked for again while the server finds us too quick."""
    async with asyncio.timeout(5):
        while True:
            ack = await socket.event(event, {"threadId": thread_id})
            if ack["ok"] or ack["error"]["code"] != "too_many_requests":
                return ack


async def test_a_page_under_a_foreign_name_for_this_machine_sees_no_thread(
    module_server: ServerProcess,
) -> None:
    async with RawSocket(module_server, "/thread", Host="evil.example", Origin="http://evil.example") as page:
        assert (await page.join())["data"]["error"]["code"] == "unauthorized"
        answer = await page.join({"token": await module_server.token()})
        assert "sid" in answer, "but an operator may look from anywhere"
