"""`make screenshots`: plays a call on real speech and writes docs/screenshots from what the pages show."""

from __future__ import annotations

import asyncio
import io
import sys
import tempfile
import time
from pathlib import Path
from typing import Literal

import av
from playwright.async_api import Page, ViewportSize, expect

from telephony.twilio.simulator import TwilioSimulator
from tests.harness.agent import AgentConsole
from tests.harness.axe import settled
from tests.harness.browser import Browser, write_wav
from tests.harness.console import Console
from tests.harness.handoff import call_of, hand_off, phone_for
from tests.harness.png import small_png
from tests.harness.server import ServerProcess
from tests.harness.voice import room_noise, synthesise
from tests.harness.web_console import WebConsole

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "screenshots"
WIDE: ViewportSize = {"width": 1280, "height": 800}
NARROW: ViewportSize = {"width": 390, "height": 844}
SIZES = {"": WIDE, "-mobile": NARROW}
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
ANN, BOB, CLARA = "Ann Miller", "Bob Carter", "Clara Reyes"
ORDERS = ("Muffins, please.", "I need forty of them.")
OPERATOR = "Hello, this is Sam from the bakery. When do you need the muffins?"
ANSWER = "On Saturday morning, please."
CHOICE = "Cookies, please."
_BYTES_A_SECOND = 16_000
_PAUSE = 6.0


async def shoot(page: Page, name: str) -> None:
    """Keep what `page` shows, in both sizes and schemes."""
    for suffix, size in SIZES.items():
        await page.set_viewport_size(size)
        for scheme in SCHEMES:
            await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            await settled(page)
            picture = await page.screenshot(caret="hide")
            with av.open(io.BytesIO(picture), format="png_pipe") as container:
                pixels = next(container.decode(video=0)).to_ndarray(format="rgb24")
            (FOLDER / f"{name}{suffix}-{scheme}.png").write_bytes(small_png(pixels))
    await page.set_viewport_size(WIDE)
    print(name, file=sys.stderr)


async def order(phone: TwilioSimulator, voices: dict[str, bytes]) -> None:
    """Answer the bot's questions until it asks for a person."""
    for text in ORDERS:
        await answer(phone, voices[text])


async def answer(phone: TwilioSimulator, pcm: bytes) -> None:
    """Hear the bot out, and say so."""
    before = len(phone.received)
    await phone.until(lambda: len(phone.received) > before + 20, within=20)
    await phone.wait_quiet(1200, within=30)
    phone.speak_pcm(pcm)
    await phone.spoken(within=10)


async def console(server: ServerProcess, voices: dict[str, bytes], folder: Path) -> None:
    """The operator's screen through a call, and the thread that comes of it."""
    period = len(voices[OPERATOR]) / _BYTES_A_SECOND + _PAUSE
    voice = write_wav(folder / "operator.wav", voices[OPERATOR] + room_noise(_PAUSE))
    async with Browser(voice) as browser, Console(server, "kim") as watcher:
        page = await browser.page(server.url)
        await expect(page.get_by_label("Name")).to_be_focused()
        await shoot(page, "sign-in")
        await page.close()
        tab = await WebConsole.open(server, browser)
        began = time.monotonic()
        await tab.go_on_shift()
        await shoot(tab.page, "console-idle")
        async with (
            phone_for(server, name=ANN, number="+15555550142") as ann,
            phone_for(server, name=BOB, number="+15555550199") as bob,
        ):
            await order(ann, voices)
            await expect(tab.card(ANN)).to_be_visible(timeout=30_000)
            await hand_off(watcher, bob, reason="Asks about a late delivery", queue="support")
            await expect(tab.card(BOB)).to_be_visible()
            await shoot(tab.page, "console-ringing")
            # Taken while the operator's microphone is quiet, so that they are heard from their first word.
            spoken = period - _PAUSE + 0.5 - (time.monotonic() - began) % period
            await asyncio.sleep(spoken % period)
            await tab.accept(ANN)
            log = tab.page.get_by_role("log")
            await expect(log).to_contain_text("When do you need the muffins?", timeout=40_000)
            ann.speak_pcm(voices[ANSWER])
            await expect(log).to_contain_text("Saturday morning", timeout=20_000)
            await shoot(tab.page, "console-live")
            await tab.button("Pause transcript").click()
            await tab.says("Transcript paused")
            await shoot(tab.page, "console-paused")
            await tab.button("Resume transcript").click()
            await expect(tab.button("Pause transcript")).to_be_visible()
            await tab.button("Back to the bot").click()
            await tab.page.get_by_label("Note for the bot").fill("Forty muffins for Saturday morning.")
            await shoot(tab.page, "console-give-back")
            await tab.page.keyboard.press("Escape")
            await expect(tab.page.get_by_role("dialog")).to_have_count(0)
            await status(tab, watcher)
            await threads(tab, ann)
        await tab.close()


async def status(tab: WebConsole, watcher: Console) -> None:
    """The server as operators see it: calls with a person, the bot and an agent, and who else is there."""
    async with (
        phone_for(tab.server, name=CLARA, number="+15555550123") as clara,
        AgentConsole(tab.server) as agent,
        AgentConsole(tab.server),
    ):
        call_id = await call_of(watcher, clara)
        await agent.ask("takeover", session_id=call_id, name="Ava")
        other = await tab.second_tab()
        await other.page.goto(f"{tab.server.url}/status")
        for text in (ANN, BOB, CLARA, "Ava", "Passphrase"):
            await expect(other.page.get_by_text(text).first).to_be_visible()
        await shoot(other.page, "status")
        await other.page.get_by_role("heading", name="What the phone app does").evaluate(
            "heading => heading.scrollIntoView()"
        )
        await shoot(other.page, "status-config")
        await other.page.close()


async def threads(tab: WebConsole, phone: TwilioSimulator) -> None:
    """All conversations, what was said in them, and one of them: read, taken along, deleted."""
    other = await tab.second_tab()
    page = other.page
    await page.goto(f"{tab.server.url}/threads")
    await expect(page.get_by_role("link", name=ANN)).to_be_visible()
    await shoot(page, "threads")
    await page.get_by_role("searchbox").fill("muffins")
    await expect(page.locator("mark").first).to_be_visible()
    await shoot(page, "threads-search")
    await page.goto(f"{tab.server.url}/threads/{phone.parameters['threadId']}")
    await expect(page.get_by_role("log")).to_contain_text("Saturday")
    await shoot(page, "thread")
    await page.get_by_role("button", name="Export").click()
    await expect(page.get_by_role("menuitem", name="As text")).to_be_visible()
    await shoot(page, "thread-export")
    await page.keyboard.press("Escape")
    await tab.page.bring_to_front()
    await tab.button("Hang up").click()
    await tab.page.get_by_role("dialog").get_by_role("button", name="Hang up").click()
    await page.bring_to_front()
    delete = page.get_by_role("button", name="Delete this conversation")
    await expect(delete).to_be_enabled()
    await delete.click()
    await expect(page.get_by_role("dialog")).to_be_visible()
    await shoot(page, "thread-delete")
    await page.close()


async def denied(server: ServerProcess) -> None:
    """What an operator sees whose browser keeps the microphone back."""
    async with Browser(arguments=["--use-fake-ui-for-media-stream=deny"]) as browser:
        tab = await WebConsole.open(server, browser)
        await tab.button("Go on shift").click()
        await expect(tab.page.get_by_role("alert")).to_be_visible()
        await shoot(tab.page, "console-microphone")
        await tab.close()


async def phone(server: ServerProcess, voices: dict[str, bytes], folder: Path) -> None:
    """The caller's page before and in a call."""
    # The bot has asked its first question by the time the words come.
    voice = write_wav(folder / "caller.wav", room_noise(9.0) + voices[CHOICE] + room_noise(60.0))
    async with Browser(voice, once=True) as browser:
        page = await browser.page(f"{server.url}/phone")
        await page.get_by_label("Your name").fill(CLARA)
        await shoot(page, "phone")
        await page.get_by_role("button", name="Call").click()
        await expect(page.get_by_role("log")).to_contain_text("How many would you like?", timeout=30_000)
        await shoot(page, "phone-call")
        await page.close()


async def main() -> None:
    """Write all of them anew."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    voices = await synthesise([*ORDERS, OPERATOR, ANSWER, CHOICE])
    with tempfile.TemporaryDirectory(prefix="patchbay-screenshots-") as name:
        async with ServerProcess(Path(name), stt="whisper", tts="piper") as server:
            await server.ready()
            await denied(server)
            await console(server, voices, Path(name))
            await phone(server, voices, Path(name))


if __name__ == "__main__":
    asyncio.run(main())
