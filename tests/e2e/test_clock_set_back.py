"""The machine's clock is set back by an hour in the middle of a call: the thread does not notice."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.harness.handoff import phone_for
from tests.harness.server import ServerProcess

_LIBRARIES = ("/usr/lib/*/faketime/libfaketime.so.1", "/usr/lib*/faketime/libfaketime.so.1")


def faketime() -> Path:
    """The library that gives a process another time of day."""
    found = [path for pattern in _LIBRARIES for path in Path("/").glob(pattern.lstrip("/"))]
    if not found:
        raise FileNotFoundError("libfaketime was not found: run `make test-programs`.")
    return found[0]


async def test_order_and_times_of_a_call_do_not_follow_a_clock_that_is_set_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = tmp_path / "clock"
    clock.write_text("+0\n")
    for name, value in {
        "LD_PRELOAD": faketime(),
        "FAKETIME_TIMESTAMP_FILE": clock,
        "FAKETIME_NO_CACHE": 1,
        "FAKETIME_DONT_FAKE_MONOTONIC": 1,
    }.items():
        monkeypatch.setenv(name, str(value))
    thread_id, keys = str(uuid.uuid4()), "2468"
    async with ServerProcess(tmp_path) as server, phone_for(server, threadId=thread_id) as phone:

        async def pressed(count: int) -> list[dict[str, object]]:
            """The caller's keys, once there are `count` of them."""
            while True:
                known = [thread["threadId"] for thread in await server.get("/api/threads")]
                thread = await server.messages(thread_id) if thread_id in known else []
                found = [message for message in thread if message["speaker"] == "caller"]
                if len(found) == count:
                    return found
                await phone.until(lambda slots=phone.slots: phone.slots > slots, within=20)  # type: ignore[misc]

        before = datetime.fromisoformat((await server.only_call())["startedAt"])
        for count, key in enumerate(keys, 1):
            if count == 3:
                clock.write_text("-3600\n")
                async with server.session.get(f"{server.url}/healthz") as answer:
                    served = datetime.strptime(answer.headers["Date"], "%a, %d %b %Y %H:%M:%S %Z")
                assert before.replace(tzinfo=None) - served > timedelta(minutes=50)
            await phone.press(key)
            await pressed(count)
        await phone.hang_up()
        thread = await server.messages(thread_id)
        assert "".join(str(message["text"]) for message in await pressed(4)) == keys
        assert [message["seq"] for message in thread] == list(range(1, len(thread) + 1))
        times = [datetime.fromisoformat(message["startedAt"]) for message in thread]
        assert times == sorted(times)
        assert times[-1] - times[0] < timedelta(minutes=10)
        assert not any(message["late"] for message in thread)
