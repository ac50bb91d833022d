"""A software agent's part in a call: it says what the bot would have said, in text."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Any, Literal, Protocol

import structlog

from bridge.bot import phrases
from bridge.call.states import State
from bridge.directory import Claim, Holder
from bridge.errors import BridgeError

if TYPE_CHECKING:
    from bridge.call.call import Call

log = structlog.get_logger()

_UNANSWERED_MOST = 8
FETCHED_WITHIN = 30.0
"""Seconds that an agent has, at most, on a line that is not paced: the phone app reads for 45 s and drops
what comes later, and the bot needs its share of them where the agent does not answer."""

Loss = Literal["released", "superseded", "human_takeover", "ended"]
"""Why an agent does not have a call any more."""


class NoReply(BridgeError):
    """The agent did not answer in time, or is gone: the bot answers this turn."""

    code = "no_reply"


class AgentLink(Protocol):
    """A software agent's connection, as a call sees it. One object for each connection."""

    @property
    def holder(self) -> Holder:
        """Who it is; `kind` is "agent"."""

    async def ask(self, call_id: str, transcript: str, within: float | None) -> str:
        """The agent's reply to what the caller said, stripped and not empty. Raises NoReply.

        `within`: seconds that the line waits at most, None where it is for the agent's side to say.
        """

    def lost(self, call_id: str, reason: Loss, by: Holder | None) -> None:
        """The call is not the agent's any more; `by`: who has it now. Must not block."""


class AgentSide:
    """Which agent has the call's turns, if any. While it is there the bot itself is silent.

    What the caller says is asked of the agent one turn after the other; a turn that it does not answer is
    the bot's, and the next one is the agent's again. A turn that nobody has begun to answer goes with the
    call to whoever gets it; what the agent has begun to say is said to its end.
    """

    def __init__(self, call: Call) -> None:
        self._call = call
        self._heard: deque[str] = deque(maxlen=_UNANSWERED_MOST)
        self._turns: asyncio.Task[None] | None = None
        self._speaking: asyncio.Task[Any] | None = None
        self.link: AgentLink | None = None
        self.claim: Claim | None = None

    @property
    def busy(self) -> bool:
        """True while a turn waits for the agent, or is being answered."""
        return self._turns is not None and not self._turns.done()

    def check(self) -> None:
        """Raise BridgeError `not_with_bot` where the call is with a person, waits for one, or is over."""
        state = self._call.state
        if state is not State.BOT:
            raise BridgeError(
                f"The call is in state {state.value}: it cannot be taken over now.", code="not_with_bot"
            )

    def take(self, link: AgentLink, claim: Claim) -> None:
        """Give the turns to `link`: the bot is cut off at once; an agent before it is told.

        Raises BridgeError as `check` does.
        """
        self.check()
        call = self._call
        before, self.link, self.claim = self.link, link, claim
        if before is not link:
            waiting = list(self._heard)
            self._drop_turns()
            if before is not None:
                before.lost(call.caller.call_id, "superseded", link.holder)
            call.bot.stop(spare_agent=True)
            call.timeline.mark("agent_takeover")
            for text in (call.turns.unanswered, *waiting):
                if text:
                    self.hear(text)
        call.tell_changed()

    def release(self, link: AgentLink) -> Claim:
        """Give the turns back to the bot; the claim is to be dropped. Raises BridgeError `not_yours`."""
        if self.link is not link:
            raise BridgeError("You have not taken this call over.", code="not_yours")
        claim = self.end("released", None)
        assert claim is not None
        if self._call.state is State.BOT:
            self._call.resume_bot(self._call.turns.unanswered)
        self._call.tell_changed()
        return claim

    def stop(self) -> None:
        """Stop answering what the caller has said: the bot's answer in the agent's place ends, too."""
        self._drop_turns()

    def end(self, reason: Loss, by: Holder | None) -> Claim | None:
        """The agent's part is over, without a word to the bot; returns the claim it had."""
        link, claim = self.link, self.claim
        self.link = self.claim = None
        self._drop_turns()
        if link is not None:
            link.lost(self._call.caller.call_id, reason, by)
        return claim

    def hear(self, text: str) -> None:
        """The caller said this; beyond eight turns that wait, the oldest is forgotten."""
        self._heard.append(text)
        if not self.busy and self.link is not None:
            self._turns = self._call.spawn(self._answer(self.link), "agent_turns")
            if self._turns is not None:
                self._turns.add_done_callback(lambda _: self._call.polling.wake())

    def say(self, text: str, name: str | None) -> None:
        """Speak `text` to the caller in an agent's name, after what is being said."""
        self._call.bot.announce(text, speaker="agent", name=name)

    def nobody_free(self) -> None:
        """A person was wanted and nobody came: the caller is told, and the turns are the agent's again."""
        self._call.bot.announce(phrases.NOBODY_FREE)

    async def _answer(self, link: AgentLink) -> None:
        call = self._call
        while self._heard and self._has_it(link):
            text = self._heard.popleft()
            if call.turns.unanswered != text:
                call.turns.begin(text)
            turn = call.turns.begun
            try:
                within = None if call.patch.line.paced else FETCHED_WITHIN
                reply = await link.ask(call.caller.call_id, text, within)
            except NoReply as error:
                log.info("agent_no_reply", call=call.caller.call_id, reason=error.message)
                if self._has_it(link):
                    await call.bot.answer_once(text)
                continue
            if not self._has_it(link):
                return
            call.turns.said(reply, "agent")
            speaking = self._speaking = asyncio.current_task()
            try:
                await call.bot.say_as(
                    reply,
                    speaker="agent",
                    name=link.holder.name,
                    may=lambda: call.state is State.BOT,  # a person may have come while the caller spoke
                )
            finally:
                if self._speaking is speaking:
                    self._speaking = None
            if call.turns.begun == turn:  # else it was over when the next one began
                call.turns.complete("agent")

    def _has_it(self, link: AgentLink) -> bool:
        return self.link is link and self._call.state is State.BOT

    def _drop_turns(self) -> None:
        self._heard.clear()
        turns, self._turns = self._turns, None
        if turns is not None and turns not in (asyncio.current_task(), self._speaking):
            turns.cancel()
