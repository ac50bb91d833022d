"""Links with which somebody who is no operator reads one conversation, and no other."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import jwt
import pytest
import pytest_asyncio

from tests.harness.console import Console
from tests.harness.raw_socket import RawSocket
from tests.harness.server import ServerProcess
from tests.harness.softphone import Softphone

pytestmark = pytest.mark.asyncio(loop_scope="module")

SETTINGS = {"agent_token": "agent-secret"}
DAY = 24 * 3600


@dataclass
class Two:
    """Two conversations, and a link to the first."""

    server: ServerProcess
    thread_id: str
    other_id: str
    link: dict[str, Any]

    async def get(self, thread_id: str, token: str | None) -> tuple[int, Any]:
        """Status and body of a thread, asked for with this token."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        async with self.server.session.get(
            f"{self.server.url}/api/threads/{thread_id}", headers=headers
        ) as answer:
            return answer.status, await answer.json()


async def link_to(server: ServerProcess, thread_id: str, token: str, *, status: int = 200) -> dict[str, Any]:
    """What the server answers to the wish for a link."""
    headers = {"Authorization": f"Bearer {token}"}
    url = f"{server.url}/api/threads/{thread_id}/viewer-token"
    async with server.session.post(url, headers=headers) as answer:
        assert answer.status == status, await answer.text()
        return dict(await answer.json())


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def two(module_server: ServerProcess) -> AsyncIterator[Two]:
    """Two conversations that are over, on a server that lets nobody read without a right."""
    ids = []
    async with Console(module_server) as console:
        for name in ("Zora", "Bob"):
            phone = Softphone(module_server)
            await phone.connect("agent-secret")
            call_id = await phone.call(name=name, number="+15551234567")
            await console.wait("transcript", callId=call_id)
            ids.append(phone.thread_id)
            await phone.leave()
    operator = await module_server.token()
    yield Two(module_server, *ids, await link_to(module_server, ids[0], operator))


async def test_a_link_opens_its_conversation_and_no_other(two: Two) -> None:
    token = two.link["token"]
    status, body = await two.get(two.thread_id, token)
    assert (status, body["threadId"]) == (200, two.thread_id)
    assert body["messages"]
    status, body = await two.get(two.other_id, token)
    assert (status, body["error"]["code"]) == (403, "other_thread")
    for path in ("/api/threads", "/api/calls", f"/api/calls/{two.thread_id}"):
        async with two.server.session.get(f"{two.server.url}{path}?token={token}") as answer:
            assert answer.status == 401, path
    assert (await link_to(two.server, two.thread_id, token, status=401))["error"]["code"] == "bad_token"


async def test_the_link_names_the_page_and_its_end(two: Two) -> None:
    assert set(two.link) == {"token", "expiresAt", "url"}
    assert two.link["url"] == f"{two.server.url}/threads/{two.thread_id}#token={two.link['token']}"
    left = datetime.fromisoformat(two.link["expiresAt"]).timestamp() - time.time()
    assert 6 * DAY < left <= 7 * DAY


async def test_a_viewer_follows_that_conversation_only(two: Two) -> None:
    async with RawSocket(two.server, "/thread") as socket:
        assert "sid" in await socket.join({"token": two.link["token"]})
        assert (await socket.event("subscribe", {"threadId": two.thread_id}))["messages"]
        for other in (two.other_id, "never-heard-of"):
            ack = await socket.event("subscribe", {"threadId": other})
            assert ack["error"]["code"] == "other_thread"
    for namespace, code in (("/operator", "bad_token"), ("/softphone", "bad_token")):
        async with RawSocket(two.server, namespace) as socket:
            answer = await socket.join({"token": two.link["token"]})
            assert answer["data"]["error"]["code"] == code


async def test_forged_and_expired_links_open_nothing(two: Two) -> None:
    secret = (two.server.folder / "data" / "token-secret").read_text().strip()
    right = jwt.decode(
        two.link["token"], secret, algorithms=["HS256"], audience="patchbay-viewer", issuer="patchbay"
    )
    old = jwt.encode({**right, "exp": int(time.time()) - 1}, secret, algorithm="HS256")
    forged = jwt.encode(right, "another-secret-of-thirty-two-bytes!!", algorithm="HS256")
    unsigned = jwt.encode(right, "", algorithm="none")
    for token, code in ((old, "expired_token"), (forged, "bad_token"), (unsigned, "bad_token")):
        status, body = await two.get(two.thread_id, token)
        assert (status, body["error"]["code"]) == (401, code)
        async with RawSocket(two.server, "/thread") as socket:
            assert (await socket.join({"token": token}))["data"]["error"]["code"] == code
    operator = await two.server.token()
    as_operator = jwt.encode({**right, "aud": "patchbay-operator", "name": "x"}, secret, algorithm="HS256")
    assert (await two.get(two.other_id, as_operator))[0] == 401
    assert (await two.get(two.other_id, operator))[0] == 200


async def test_only_whoever_may_read_gives_links_away(two: Two) -> None:
    await link_to(two.server, two.thread_id, "wrong", status=401)
    await link_to(two.server, "never-heard-of", await two.server.token(), status=404)
    assert (await link_to(two.server, two.other_id, "agent-secret"))["token"]


async def test_threads_are_found_by_number_id_and_name(two: Two) -> None:
    headers = {"Authorization": "Bearer agent-secret"}

    async def found(query: str) -> list[str]:
        url = f"{two.server.url}/api/threads"
        async with two.server.session.get(url, headers=headers, params={"q": query}) as answer:
            assert answer.status == 200
            return [row["threadId"] for row in await answer.json()]

    assert await found("zora") == [two.thread_id]
    assert await found(two.other_id[4:20]) == [two.other_id]
    assert set(await found("5551234")) == set(await found("")) == {two.thread_id, two.other_id}
    assert await found("%") == await found("_") == await found("x" * 100) == []
    for bad in ("x" * 101, "\0"):
        async with two.server.session.get(
            f"{two.server.url}/api/threads", headers=headers, params={"q": bad}
        ) as answer:
            assert answer.status == 400
