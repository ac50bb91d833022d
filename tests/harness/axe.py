"""axe-core in a page under test: what it finds that people with disabilities cannot use."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playwright.async_api import Page

_AXE = Path(__file__).resolve().parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_SETTLED = """async () => {
  for (const animation of document.getAnimations()) {
    // What goes on for ever, such as a pulsing dot, is as it is meant to be at any time.
    if (animation.effect.getComputedTiming().endTime !== Infinity) animation.finish();
  }
}"""


async def violations(page: Page) -> list[str]:
    """What is wrong, a line per rule and element; empty where nothing is.

    Colours are taken when fades have ended. Needs web/node_modules, which `make test` installs.
    """
    await page.evaluate(_SETTLED)
    if not await page.evaluate("() => 'axe' in window"):
        await page.evaluate(_AXE.read_text() + "; 0")
    found: dict[str, Any] = await page.evaluate(
        "tags => axe.run({ runOnly: tags, resultTypes: ['violations'] })", _TAGS
    )
    return [
        f"{rule['id']}: {node['target']}: {node['failureSummary']}"
        for rule in found["violations"]
        for node in rule["nodes"]
    ]


async def overflow(page: Page) -> int:
    """By how many CSS pixels the page is wider than its window."""
    return int(
        await page.evaluate("() => document.documentElement.scrollWidth - document.documentElement.clientWidth")
    )
