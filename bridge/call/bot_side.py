"""The bot's part in a call: speaks when it may, stops when it must."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, Protocol

from bridge.bot import phrases
from bridge.bot.bot import Bot, HandoffWish, Opening
from bridge.bot.mind import Mind
from bridge.call.mouth import Mouth
from bridge.call.polling import Polling
from bridge.call.tasks import CallTasks
from bridge.call.turns import Turns
from bridge.flow.engine import FlowRun
from bridge.flow.nodes import Flow
from bridge.ports import Message, Speaker
from bridge.thread.writer import CallThread

_HISTORY = 200
_GOODBYE_HEARD = 2.0
_LISTEN_ON = 6.0
GOODBYE_MARK = "goodbye"


class BotHost(Protocol):
    """What the bot may do to its call."""

    def request_handoff(self, wish: HandoffWish) -> None:
        """Fetch a person."""

    def bot_hung_up(self) -> None:
        """End the call."""

    @property
    def turns(self) -> Turns:
        """Who is told what was said and answered."""

    @property
    def polling(self) -> Polling:
        """Who waits for everything to have been said."""


class BotSide:
    """Runs the bot in a task of its own and is its Host."""

    def __init__(
        self,
        flow: Flow,
        mind: Mind | None,
        mouth: Mouth,
        thread: CallThread,
        tasks: CallTasks,
        call: BotHost,
        *,
        send_mark: Callable[[str], None],
        caller_quiet: asyncio.Event,
        on_collected: Callable[[str], None],
        reminds: bool = True,
    ) -> None:
        self._bot = Bot(FlowRun(flow), mind, self, reminds=reminds)
        self._mind = mind
        self._mouth, self._thread, self._tasks, self._call = mouth, thread, tasks, call
        self._send_mark, self._caller_quiet = send_mark, caller_quiet
        self._on_collected = on_collected
        self._task: asyncio.Task[None] | None = None
        self._goodbye = asyncio.Event()
        self._noise = False
        self._talking, self._announcing = True, 0
        self.greeting = ""
        """What is said before the conversation begins, where the line has a greeting of its own."""

    @property
    def collected(self) -> dict[str, str]:
        """What the flow has asked and got, by the questions' labels."""
        return self._bot.collected

    @property
    def speaking(self) -> bool:
        """True while a sentence is being said, or is about to be."""
        return self._mouth.speaking

    @property
    def busy(self) -> bool:
        """True while something is yet to be said, from the call's beginning on."""
        return self._talking or self._announcing > 0

    def knows(self, node: str) -> bool:
        """True where the flow has a node of this name."""
        return self._bot.knows(node)

    def start(self, opening: Opening, resume_at: str | None = None, unanswered: str = "") -> None:
        """Let the bot talk; where the caller said something `unanswered`, that comes first."""
        self._talking = True
        # Now, and not when the task begins: what the caller says until then is for the bot.
        self._bot.forget()
        self._task = self._tasks.spawn(self._converse(opening, resume_at, unanswered), "bot")

    def stop(self, *, spare_agent: bool = False) -> None:
        """Stop answering and speaking at once. May be called from the bot's own task.

        `spare_agent`: what is being said in an agent's name is said to its end.
        """
        if not (spare_agent and self._mouth.speaker == "agent"):
            self._mouth.cut()
        if self._mind is not None:
            self._mind.rest()
        if self._task is not None and self._task is not asyncio.current_task():
            self._task.cancel()
        self._task = None
        self._quiet()

    def hear(self, text: str) -> None:
        """The caller said this to the bot."""
        self._call.turns.begin(text)
        self._talking = self._task is not None
        self._bot.hear(text)

    async def answer_once(self, text: str) -> None:
        """Answer one turn that somebody else left unanswered."""
        await self._bot.answer(text)

    async def say_as(self, text: str, *, speaker: Speaker, name: str | None, may: Callable[[], bool]) -> bool:
        """Say something in another's name once the caller is done; False where the caller cut in.

        Nothing is said where `may` does not hold any more by the time of the first word.
        """
        await self.caller_done()
        return await self._mouth.say(text, speaker=speaker, name=name, may=may)

    def interrupt(self) -> None:
        """The caller has begun to speak: be quiet."""
        self._noise = False
        self._mouth.cut()

    def announce(self, sentence: str, *, speaker: Speaker = "bot", name: str | None = None) -> None:
        """Say something outside the conversation, after what is being said."""
        self._spawn(self._say(sentence, speaker, name), "announce")

    def marked(self, name: str) -> None:
        """The provider has played everything up to this mark."""
        if name == GOODBYE_MARK:
            self._goodbye.set()

    # -- Host --

    async def say(self, text: str) -> bool:
        """See bot.Host."""
        await self.caller_done()
        self._call.turns.said(text)
        return await self._mouth.say(text)

    def answered(self, model: str) -> None:
        """See bot.Host."""
        self._call.turns.complete(model)

    def listens(self) -> None:
        """See bot.Host."""
        self._quiet()

    def history(self) -> Sequence[Message]:
        """See bot.Host."""
        return self._thread.recent(_HISTORY)

    def note_answers(self, answers: Mapping[str, str]) -> None:
        """See bot.Host."""
        self._on_collected(self._bot.last_heard)

    def want_person(self, wish: HandoffWish) -> None:
        """See bot.Host."""
        self._call.request_handoff(wish)

    async def hang_up(self, *, said_goodbye: bool) -> None:
        """See bot.Host. The last words are heard to their end before the line is closed."""
        if not said_goodbye and not await self.say(phrases.GOODBYE):
            return
        await self._heard_out()
        self._call.bot_hung_up()

    def part(self, sentence: str, then: Callable[[], object]) -> None:
        """Say a last sentence instead of anything else; `then` is called once it has been heard."""
        self.stop()
        self._spawn(self._part(sentence, then), "part")

    async def _part(self, sentence: str, then: Callable[[], object]) -> None:
        await self._mouth.say(sentence)
        await self._heard_out()
        then()

    async def _heard_out(self) -> None:
        """Wait until the provider has played everything, or for 2 s."""
        self._send_mark(GOODBYE_MARK)
        try:
            async with asyncio.timeout(_GOODBYE_HEARD):
                await self._goodbye.wait()
        except TimeoutError:
            pass

    async def caller_done(self) -> None:
        """See bot.Host. Who speaks already cannot interrupt by beginning to.

        Noise without end is waited for once, and not again until it has stopped.
        """
        if self._noise:
            return
        try:
            async with asyncio.timeout(_LISTEN_ON):
                while not self._caller_quiet.is_set():
                    await self._caller_quiet.wait()
        except TimeoutError:
            self._noise = True

    async def _converse(self, opening: Opening, resume_at: str | None, unanswered: str) -> None:
        try:
            if opening == "start" and self.greeting:
                self._call.turns.begin("", heard=False)
                await self.say(self.greeting)
            await self._bot.converse(opening, resume_at=resume_at, unanswered=unanswered)
        finally:
            if self._task in (None, asyncio.current_task()):
                self._quiet()

    def _quiet(self) -> None:
        self._talking = False
        self._call.polling.wake()

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = self._tasks.spawn(work, name)
        if task is not None:
            self._announcing += 1
            task.add_done_callback(self._announced)

    def _announced(self, _: asyncio.Task[None]) -> None:
        self._announcing -= 1
        self._call.polling.wake()

    async def _say(self, sentence: str, speaker: Speaker, name: str | None) -> None:
        await self._mouth.say(sentence, speaker=speaker, name=name)
