"""The bot's side of one conversation: hears a text, asks the flow or the model, and speaks."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import structlog

from bridge.bot import phrases
from bridge.bot.llm import LlmUnavailable
from bridge.bot.mind import Mind
from bridge.flow.agreement import closes, yes_no
from bridge.flow.engine import FlowRun
from bridge.flow.person import wants_person
from bridge.flow.steps import End, Handoff, NotCovered, Say, Step, Tag
from bridge.ports import Message

log = structlog.get_logger()

_FILLER_AFTER = 2.5
_SILENCE = 12.0
_LONGEST_SILENCE = 100.0
_GIVE_UP_AFTER = 2
_HEARD_MOST = 8

NOTHING = ""
"""What is heard where somebody spoke and no words could be made out."""

Opening = Literal["start", "resume", "unanswered"]


@dataclass(frozen=True, slots=True)
class HandoffWish:
    """Why and where a call should go to a person; `sentence` is what the caller is told, "" for nothing."""

    queue: str | None
    reason: str
    summary: str | None
    sentence: str
    timeout_s: float | None = None


class Host(Protocol):
    """What the bot needs of its call."""

    async def say(self, text: str) -> bool:
        """Speak; False where the caller cut in."""

    async def caller_done(self) -> None:
        """Wait, within reason, until the caller is not speaking and their words are known."""

    def history(self) -> Sequence[Message]:
        """The conversation so far, whoever spoke."""

    def note_answers(self, answers: Mapping[str, str]) -> None:
        """These are the answers now, by the questions' labels."""

    def want_person(self, wish: HandoffWish) -> None:
        """Start the handoff; the bot is stopped by it."""

    async def hang_up(self, *, said_goodbye: bool) -> None:
        """The conversation has come to its end; returns early where the caller speaks on."""

    def listens(self) -> None:
        """Nothing is left to be said: it is for the caller to speak."""

    def answered(self, model: str) -> None:
        """Everything that was to be said to the caller's words was said; `model`: what it came from."""


class Bot:
    """One caller's conversation with the flow. `converse` is run anew after each handoff.

    `reminds`: whether a caller who says nothing is asked again, and parted from in the end.
    """

    def __init__(self, run: FlowRun, mind: Mind | None, host: Host, *, reminds: bool = True) -> None:
        self._run, self._mind, self._host = run, mind, host
        self._reminds = reminds
        self._improvised = False
        self._heard: asyncio.Queue[str] = asyncio.Queue(_HEARD_MOST)
        self._failures = 0
        self._person_offered = False
        self._last_prompt: str | None = None
        self._last_heard = ""
        self._parting = False
        self._patience = _SILENCE

    @property
    def collected(self) -> dict[str, str]:
        """Answers so far, by the questions' labels."""
        return self._run.labelled

    @property
    def last_heard(self) -> str:
        """The words that were answered last, or are being answered."""
        return self._last_heard

    def knows(self, node: str) -> bool:
        """True where the flow has a node of this name."""
        return node in self._run.node_names

    def hear(self, text: str) -> None:
        """What the caller said; beyond eight unanswered utterances the oldest is forgotten."""
        if self._heard.full():
            self._heard.get_nowait()
        self._heard.put_nowait(text)

    def forget(self) -> None:
        """What was heard and not answered yet is not to be answered any more."""
        while not self._heard.empty():
            self._heard.get_nowait()

    async def converse(self, opening: Opening, *, resume_at: str | None = None, unanswered: str = "") -> None:
        """Talk until a person is wanted or the conversation ends.

        `unanswered`: what the caller said to somebody who is gone; answering it takes the opening's place.
        """
        self._catch_up()
        if unanswered:
            self._heard.put_nowait(unanswered)
        elif not await self._open(opening, resume_at):
            return
        self._patience = _SILENCE
        while True:
            if self._heard.empty():
                self._host.listens()
            try:
                async with asyncio.timeout(self._patience if self._reminds else None):
                    text = await self._heard.get()
            except TimeoutError:
                await self._remind()
                continue
            self._patience = _SILENCE
            if not await self.answer(text):
                return

    async def answer(self, text: str) -> bool:
        """Answer what the caller said; False once the bot's part is over."""
        self._improvised = False
        goes_on = await self._answer(text)
        model = self._mind.name if self._improvised and self._mind is not None else "flow"
        self._host.answered(model)
        self._catch_up()
        return goes_on

    def _catch_up(self) -> None:
        if self._mind is not None:
            self._mind.catch_up(self._host.history())

    async def _remind(self) -> None:
        """The caller has said nothing for a while: ask again, and part from a line where nobody is."""
        await self._host.caller_done()
        if not self._heard.empty():
            return
        # Twice as long each time: a caller who thinks is not to be nagged, nor left alone.
        self._patience *= 2
        if self._parting or self._patience > _LONGEST_SILENCE:
            await self._host.hang_up(said_goodbye=False)
        else:
            await self._host.say(self._last_prompt or phrases.STILL_THERE)

    async def _open(self, opening: Opening, resume_at: str | None) -> bool:
        if opening == "start":
            return await self._perform(self._run.start())
        if opening == "unanswered":
            await self._host.say(phrases.NOBODY_FREE)
            return await self._perform(self._run.unanswered())
        steps = self._run.resume(resume_at)
        if not steps:
            await self._host.say(phrases.BACK_AGAIN)
        return await self._perform(steps)

    async def _answer(self, text: str) -> bool:
        """Do what `text` asks for; False once the bot's part is over."""
        if self._parting and (text == NOTHING or closes(text)):
            await self._host.hang_up(said_goodbye=True)
            return True
        if text == NOTHING:
            await self._improvise(NotCovered(text, self._last_prompt))
            return True
        self._last_heard = text
        if self._person_offered:
            self._person_offered = False
            wish = yes_no(text)
            if wish == "yes":
                self._host.want_person(
                    HandoffWish(None, "The caller accepted the offer of a person.", None, phrases.CONNECTING)
                )
                return False
            if wish == "no":
                await self._host.say(f"{phrases.ALL_RIGHT} {phrases.ANYTHING_ELSE}")
                return True
        steps = self._run.hear(text)
        self._host.note_answers(self.collected)
        return await self._perform(steps)

    async def _perform(self, steps: Sequence[Step]) -> bool:
        """Carry out the flow's steps; a caller who cuts in skips what was still to be said."""
        cut = False
        for step in steps:
            if isinstance(step, Say):
                self._failures, self._parting = 0, False
                self._last_prompt = step.text
                cut = cut or not await self._host.say(step.text)
            elif isinstance(step, Handoff):
                reason = self._reason()
                self._host.want_person(
                    HandoffWish(
                        step.queue, reason, step.summary, step.text or phrases.CONNECTING, step.timeout_s
                    )
                )
                return False
            elif isinstance(step, NotCovered) and self._parting:
                await self._host.hang_up(said_goodbye=False)
            elif isinstance(step, NotCovered):
                await self._improvise(step)
            elif isinstance(step, Tag):
                log.info("call_tagged", tags=step.tags)
            elif isinstance(step, End):
                self._parting = True
                if cut:
                    return True  # the caller has more to say
                said = any(isinstance(done, Say) and "bye" in done.text.lower() for done in steps)
                await self._host.hang_up(said_goodbye=said)
        return True

    def _reason(self) -> str:
        if wants_person(self._last_heard):
            return "The caller asked for a person."
        return "The bot's flow asks for a person here."

    async def _improvise(self, step: NotCovered) -> None:
        """Answer what the flow does not cover: by the model, else by asking again, else offer a person."""
        if self._mind is not None and step.text:
            try:
                await self._host.say(await self._ask_model(self._mind, step))
                self._failures, self._improvised = 0, True
                return
            except LlmUnavailable:
                self._failures = _GIVE_UP_AFTER
        else:
            self._failures += 1
        if self._failures >= _GIVE_UP_AFTER and self._run.offers_agent:
            self._failures = 0
            self._person_offered = True
            self._last_prompt = phrases.OFFER_PERSON
            await self._host.say(phrases.OFFER_PERSON)
            return
        await self._host.say(f"{phrases.NOT_UNDERSTOOD} {step.prompt or ''}".strip())

    async def _ask_model(self, mind: Mind, step: NotCovered) -> str:
        """The model's reply, with a word to the caller where it takes long."""
        reply = asyncio.ensure_future(mind.reply(self._host.history(), step.text, asked=step.prompt))
        try:
            done, _ = await asyncio.wait({reply}, timeout=_FILLER_AFTER)
            if not done:
                await self._host.say(phrases.FILLER)
            return await reply
        finally:
            reply.cancel()
