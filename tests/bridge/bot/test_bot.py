"""The bot's manners: who is listened to, reminded, offered a person, and parted from."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from bridge.bot import phrases
from bridge.bot.bot import NOTHING, Bot, HandoffWish
from bridge.flow import FlowRun, demo_flow, parse_template
from bridge.ports import Message

GOODBYE = {
    "Flow_1": {
        "type": "greeting",
        "name": "hello",
        "text": "Hello.",
        "next_flow": {
            "type": "question",
            "name": "ask",
            "text": "Shall we?",
            "answers": {"yes": {"type": "message", "name": "bye", "text": "Done. Goodbye!"}},
        },
    }
}


class Call:
    """The call as the bot sees it: keeps what is said, and can let the caller cut in on a text."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.cut_in_on: str | None = None
        self.wish: HandoffWish | None = None
        self.answers: dict[str, str] = {}
        self.parted: bool | None = None
        self.models: list[str] = []
        self._changed = asyncio.Event()

    async def say(self, text: str) -> bool:
        self.said.append(text)
        self._wake()
        return text != self.cut_in_on

    async def caller_done(self) -> None:
        return

    def history(self) -> Sequence[Message]:
        return ()

    def note_answers(self, answers: Mapping[str, str]) -> None:
        self.answers = dict(answers)

    def want_person(self, wish: HandoffWish) -> None:
        self.wish = wish
        self._wake()

    def listens(self) -> None:
        return

    def answered(self, model: str) -> None:
        self.models.append(model)

    async def hang_up(self, *, said_goodbye: bool) -> None:
        self.parted = said_goodbye
        self._wake()

    async def until_said(self, count: int) -> None:
        async with asyncio.timeout(5):
            while len(self.said) < count:
                await self._changed.wait()

    async def until_over(self) -> None:
        async with asyncio.timeout(5):
            while self.parted is None and self.wish is None:
                await self._changed.wait()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()


async def talk(call: Call, bot: Bot, *heard: str) -> None:
    """Run the bot from its greeting on, and let it hear these, each after it has spoken."""
    async with asyncio.TaskGroup() as group:
        task = group.create_task(bot.converse("start"))
        await call.until_said(2)
        for text in heard:
            before = len(call.said)
            bot.hear(text)
            if text != heard[-1]:
                await call.until_said(before + 1)
        await call.until_over()
        task.cancel()


async def test_a_goodbye_that_was_heard_ends_the_call() -> None:
    call = Call()
    await talk(call, Bot(FlowRun(parse_template(GOODBYE)), None, call), "yes")
    assert (call.said[-1], call.parted) == ("Done. Goodbye!", True)
    assert list(call.answers.values()) == ["yes"]


async def test_a_goodbye_that_the_caller_cuts_into_waits_for_what_they_say() -> None:
    for answer in ("Okay, thanks, bye.", "Bye bye.", NOTHING, "mumble mumble"):
        call = Call()
        call.cut_in_on = "Done. Goodbye!"
        await talk(call, Bot(FlowRun(parse_template(GOODBYE)), None, call), "yes", answer)
        assert call.parted is not None, answer
        assert phrases.NOT_UNDERSTOOD not in " ".join(call.said), answer


async def test_sounds_without_words_lead_to_the_offer_of_a_person_and_a_yes_to_one() -> None:
    call = Call()
    await talk(call, Bot(FlowRun(demo_flow()), None, call), NOTHING, NOTHING, "yes please")
    assert any(phrases.NOT_UNDERSTOOD in text for text in call.said)
    assert phrases.OFFER_PERSON in call.said
    assert call.wish is not None
    assert call.wish.reason == "The caller accepted the offer of a person."


async def test_a_flow_without_a_person_offers_none() -> None:
    call = Call()
    await talk(
        call,
        Bot(FlowRun(parse_template(GOODBYE)), None, call),
        "I want to speak to a person",
        "transfer me to a human",
        NOTHING,
        "yes",
    )
    assert call.wish is None
    assert phrases.OFFER_PERSON not in call.said


async def test_who_asks_for_a_person_gets_one_with_the_reason() -> None:
    call = Call()
    await talk(call, Bot(FlowRun(demo_flow()), None, call), "Can I speak to a human please?")
    assert call.wish is not None
    assert call.wish.reason == "The caller asked for a person."
