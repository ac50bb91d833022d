"""The caller's part in a call: the stream they are on, and what they are heard to say."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

from bridge.bot.bot import NOTHING
from bridge.call.deadline import Deadline
from bridge.call.ear import Ear
from bridge.call.key_entry import KeyEntry
from bridge.call.states import Event, State
from bridge.errors import BridgeError
from bridge.ports import Line, Urgency

if TYPE_CHECKING:
    from datetime import datetime

    from bridge.call.call import Call


class CallerSide:
    """Takes what the line brings (LineListener, through switchboard.LineBinding)."""

    def __init__(self, call: Call, make_ear: Callable[[CallerSide], Ear], line_grace: float) -> None:
        self._call = call
        self._line_grace = line_grace
        self._grace = Deadline()
        self.ear = make_ear(self)
        self._keys = call.privacy.keys(KeyEntry(call.thread, "caller", lambda: self.ear.name))

    @property
    def lost(self) -> bool:
        """True while the caller's stream has broken off and the next one is waited for."""
        return self._grace.pending

    @property
    def _with_bot(self) -> bool:
        return self._call.state is State.BOT

    def hear_turns(self, turns: bool) -> None:
        """Whether the caller's words are turns of the bot's conversation, to be understood at once."""
        self.ear.urgency = Urgency.TURN if turns else Urgency.FINAL

    def end(self) -> None:
        """The call is over; nothing is waited for."""
        self._grace.cancel()
        self._keys.end()

    def adopt(self, line: Line) -> None:
        """The caller is on another stream now; raises BridgeError `wrong_codec`."""
        if line.codec is not self._call.patch.line.codec:
            raise BridgeError("The new stream is in another encoding than the call.", code="wrong_codec")
        lost = self.lost
        self._grace.cancel()
        self._call.patch.adopt(line)
        if lost:
            self._call.tell_changed()

    # -- LineListener --

    def on_audio(self, payload: bytes) -> None:
        """See LineListener."""
        if not self._call.ended:
            self._call.patch.from_caller(payload)

    def on_mark(self, name: str) -> None:
        """See LineListener."""
        self._call.patch.marked(name)
        self._call.bot.marked(name)

    def on_dtmf(self, digit: str) -> None:
        """See LineListener. The bot takes a key for the word that it stands for, a browser sounds it."""
        if not self._call.ended:
            self._keys.press(digit)
        if self._with_bot:
            self._call.bot.interrupt()
            self.heard(digit)
        elif self._call.state is State.BRIDGED and self._call.operator.leg is not None:
            self._call.operator.leg.send_key(digit)

    def on_closed(self, reason: Literal["caller_hung_up", "line_lost"]) -> None:
        """See LineListener. A stream that broke off may come back within the grace."""
        if reason == "caller_hung_up":
            self._call.dispatch(Event.CALLER_HUNG_UP)
        elif not self._call.ended:
            self._grace.set(self._line_grace, lambda: self._call.try_dispatch(Event.LINE_LOST))
            self._call.tell_changed()

    # -- what the ear makes out, or somebody else --

    def turn(self, text: str, started: datetime, ended: datetime) -> None:
        """A whole utterance whose text is known, "" where no words could be made out."""
        if text:
            self._call.thread.say("caller", text, started, ended, name=self.ear.name)
            self.said(text)
        else:
            self.not_understood()

    def speaks(self) -> None:
        """Barge-in: whoever is spoken to by the bot may interrupt it."""
        if self._with_bot:
            self._call.bot.interrupt()

    def said(self, text: str) -> None:
        """The caller's words are known."""
        if self._with_bot:
            self.heard(self._call.thread.clean(text))

    def heard(self, text: str) -> None:
        """A turn of the caller's, for whoever answers: a software agent, or the bot."""
        self._call.privacy.heard(text)
        if self._call.agent.link is not None:
            self._call.agent.hear(text)
        else:
            self._call.bot.hear(text)

    def not_understood(self) -> None:
        """The caller spoke, and no words could be made out."""
        if self._with_bot and not self._call.bot.speaking and self._call.agent.link is None:
            self._call.bot.hear(NOTHING)
