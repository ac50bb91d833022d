"""What a page takes: bytes over the wire, and what it keeps in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Self

from playwright.async_api import CDPSession, Page, expect

from tests.harness.console import Console
from tests.harness.handoff import hand_off, phone_for
from tests.harness.web_console import WebConsole


@dataclass(slots=True)
class Loaded:
    """What a page has loaded so far: bytes as they came over the wire, and how each file was packed."""

    bytes: int = 0
    encodings: dict[str, str] = field(default_factory=dict)


@asynccontextmanager
async def transferred(page: Page) -> AsyncIterator[Loaded]:
    """Counts what `page` loads meanwhile, headers included, with nothing in its cache."""
    loaded = Loaded()
    devtools = await page.context.new_cdp_session(page)

    def answered(event: Mapping[str, Any]) -> None:
        headers = {name.lower(): value for name, value in event["response"]["headers"].items()}
        loaded.encodings[event["response"]["url"]] = headers.get("content-encoding", "")

    def finished(event: Mapping[str, Any]) -> None:
        loaded.bytes += int(event["encodedDataLength"])

    devtools.on("Network.responseReceived", answered)
    devtools.on("Network.loadingFinished", finished)
    await devtools.send("Network.enable")
    await devtools.send("Network.setCacheDisabled", {"cacheDisabled": True})
    yield loaded
    await devtools.detach()


@dataclass(frozen=True, slots=True)
class Kept:
    """What a page keeps after its garbage was collected: bytes of heap, and how many of the others."""

    heap: int
    nodes: int
    listeners: int
    connections: int


class Memory:
    """Looks into a page's memory."""

    def __init__(self, page: Page, devtools: CDPSession) -> None:
        self._page = page
        self._devtools = devtools

    @classmethod
    async def of(cls, page: Page) -> Self:
        """Attach to `page`."""
        devtools = await page.context.new_cdp_session(page)
        await devtools.send("HeapProfiler.enable")
        return cls(page, devtools)

    async def measure(self) -> Kept:
        """Collect garbage, and count what is left; `connections` are open peer connections."""
        await self._page.evaluate("() => __harness.forget()")
        for _ in range(2):  # the second time takes what finalisers let go
            await self._devtools.send("HeapProfiler.collectGarbage")
        heap = await self._devtools.send("Runtime.getHeapUsage")
        counters = await self._devtools.send("Memory.getDOMCounters")
        return Kept(
            int(heap["usedSize"]),
            int(counters["nodes"]),
            int(counters["jsEventListeners"]),
            await self._page.evaluate("() => __harness.connections.length"),
        )


async def call_and_hang_up(
    console: WebConsole, watcher: Console, caller: str = "Ann Miller", *, talk_s: float = 0.0
) -> None:
    """One call from the ring to the page without it: taken, talked for `talk_s`, hung up, done."""
    async with phone_for(console.server, name=caller) as phone:
        await hand_off(watcher, phone, reason="A question about an order")
        await console.accept(caller)
        first = phone.slots
        await phone.until(lambda: phone.slots - first >= talk_s * 50, within=talk_s + 10)
    await console.says(f"{caller} hung up.")
    await console.button("Done").click()
    await expect(console.panel(caller)).to_have_count(0)
