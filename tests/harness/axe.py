"""axe-core in a page under test: what it finds that people with disabilities cannot use."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playwright.async_api import Page

_AXE = Path(__file__).resolve().parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_SETTLED = """async () => {
  // What goes on for ever, such as a pulsing dot or a level, is as it is meant to be at any time.
  const passing = () => document.getAnimations().filter(
    (animation) => animation.effect.getComputedTiming().endTime !== Infinity
      && /color|opacity|^undefined$/.test(String(animation.transitionProperty)),
  );
  // A colour that fades in an element makes those inside it fade after it.
  for (let fading = passing(); fading.length > 0; fading = passing()) {
    for (const animation of fading) animation.finish();
    await new Promise(requestAnimationFrame);
  }
}"""
_WIDE = """() => {
  const room = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= room) return [];
  return [...document.querySelectorAll('body *')]
    .filter((element) => element.getBoundingClientRect().right > room + 0.5)
    .map((element) => `${element.tagName.toLowerCase()}.${element.className}`);
}"""


async def settled(page: Page) -> None:
    """Let fades end at once, so that the page's colours are those it is going to have."""
    await page.evaluate(_SETTLED)


async def violations(page: Page) -> list[str]:
    """What is wrong, a line per rule and element; empty where nothing is.

    Colours are taken when fades have ended. Needs web/node_modules, which `make test` installs.
    """
    await settled(page)
    if not await page.evaluate("() => 'axe' in window"):
        await page.evaluate(_AXE.read_text() + "; 0")
    found: dict[str, Any] = await page.evaluate(
        "tags => axe.run({ runOnly: tags, resultTypes: ['violations'] })", _TAGS
    )
    return [
        f"{rule['id']}: {node['target']}: {node['failureSummary']}"
        for rule in found["violations"]
        for node in rule["nodes"]
        # Of what lies over a page, and so in none of its regions, the rule knows dialogs but not menus.
        if (rule["id"], node["target"]) != ("region", [".cdk-overlay-container"])
    ]


async def overflowing(page: Page) -> list[str]:
    """What makes the page wider than its window; empty where nothing does."""
    return list(await page.evaluate(_WIDE))
