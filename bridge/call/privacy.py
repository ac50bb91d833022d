"""The pause switch: while it is on, nothing that people say or type is transcribed or kept."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping

from bridge.call.ear import Ear
from bridge.call.key_entry import KeyEntry
from bridge.call.states import State
from bridge.errors import BridgeError
from bridge.ports import Speaker
from bridge.thread.writer import CallThread

_MOST_UNANSWERED = 16
"""The bot forgets what it was told sooner."""


class Privacy:
    """One call's switch, and what it withholds.

    With the bot the recogniser goes on hearing, since the bot could not go on otherwise, and what it makes
    out is not written. In every other state no audio reaches it. A pause outlives hold and a change of
    operators; it ends with the switch, and by itself when the call goes back to the bot or ends: a forgotten
    pause would lose the rest of the thread.

    `collected` says what the bot knows, `on_change` is called when the switch has been turned.
    """

    def __init__(
        self,
        thread: CallThread,
        *,
        state: Callable[[], State],
        collected: Callable[[], Mapping[str, str]],
        on_change: Callable[[], None],
    ) -> None:
        self._thread, self._state = thread, state
        self._collected, self._on_change = collected, on_change
        self._since: float | None = None
        self._ears: dict[Speaker, Ear] = {}
        self._keys: list[KeyEntry] = []
        self._known: dict[str, str] = {}
        self._private: dict[str, str] = {}
        self._unanswered: deque[str] = deque(maxlen=_MOST_UNANSWERED)
        """What was said to the bot in a pause and has not come to an answer yet."""
        self._answers: dict[str, str] = {}

    @property
    def paused(self) -> bool:
        """True while nothing is transcribed."""
        return self._since is not None

    def ear(self, ear: Ear) -> Ear:
        """`ear`, which the switch concerns from now on, in place of the one before on that side."""
        self._ears[ear.speaker] = ear
        ear.on_withheld = lambda text: self._note(self._thread.clean(text))
        if self._deaf:
            ear.pause(True)
        return ear

    def keys(self, entry: KeyEntry) -> KeyEntry:
        """`entry`, which the switch concerns from now on."""
        self._keys.append(entry)
        return entry

    def switch(self, on: bool, by: str) -> None:
        """Pause, or go on; asking for what already is does nothing. Raises BridgeError `gone`.

        `by`: who wants it, for the thread. What was said up to now is transcribed and written.
        """
        if self._state() is State.ENDED:
            raise BridgeError("This call is over.", code="gone")
        if on and not self.paused:
            self._pause(by)
            self._on_change()
        elif not on and self.paused:
            self._resume(f"Transcription resumed by {by} after {self._seconds} s.")
            self._on_change()

    def state_changed(self) -> None:
        """The call's state is another one now: see whether the pause ends with it."""
        if self._state() is not State.BOT:
            self._unanswered.clear()
        if not self.paused:
            return
        if self._state() is State.ENDED:
            self._resume(f"Transcription was paused until the end of the call, for {self._seconds} s.")
        elif self._state() is State.BOT:
            self._resume(f"Transcription resumed after {self._seconds} s, since the bot has the call again.")
        else:
            self._tell_ears()

    def heard(self, text: str) -> None:
        """The caller said or typed `text` to the bot, which will answer it at its time."""
        if self.paused:
            self._note(text)

    def answered(self, text: str) -> None:
        """The bot has made of `text` what it can; what it has collected of it is as private as that is.

        The words of a pause may be made out, and answered, only after its end.
        """
        collected, before = dict(self._collected()), self._answers
        self._answers = collected
        if text in self._unanswered:
            self._unanswered.remove(text)
            self._private |= {key: value for key, value in collected.items() if before.get(key) != value}

    def shareable(self) -> dict[str, str]:
        """What the bot has collected, without what was said during a pause and without card numbers."""
        collected = self._collected()
        private = {**self._private, **(self._news(collected) if self.paused else {})}
        return {
            label: self._thread.clean(value)
            for label, value in collected.items()
            if private.get(label) != value
        }

    @property
    def _seconds(self) -> int:
        return 0 if self._since is None else round(time.monotonic() - self._since)

    @property
    def _deaf(self) -> bool:
        return self.paused and self._state() is not State.BOT

    def _pause(self, by: str) -> None:
        self._since = time.monotonic()
        self._known = dict(self._collected())
        self._end_what_is_open()
        self._thread.withhold(True)
        self._tell_ears()
        self._thread.system(f"Transcription paused by {by}.")

    def _resume(self, text: str) -> None:
        self._since = None
        self._private |= self._news(self._collected())
        self._end_what_is_open()
        self._thread.withhold(False)
        self._tell_ears()
        self._thread.system(text)

    def _end_what_is_open(self) -> None:
        for ear in self._ears.values():
            ear.flush()
        for entry in self._keys:
            entry.end()

    def _tell_ears(self) -> None:
        for ear in self._ears.values():
            ear.pause(self._deaf)

    def _note(self, text: str) -> None:
        """`text` is of a pause, whenever it comes to be answered."""
        if text not in self._unanswered:
            self._unanswered.append(text)

    def _news(self, collected: Mapping[str, str]) -> dict[str, str]:
        """What has been collected since the pause began."""
        return {label: value for label, value in collected.items() if self._known.get(label) != value}
