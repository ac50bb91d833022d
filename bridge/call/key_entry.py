"""Keys as they stand in the thread: what is typed in one go is one message, and is masked as one."""

from __future__ import annotations

from collections.abc import Callable

from bridge.call.deadline import Deadline
from bridge.ports import Speaker
from bridge.thread.writer import CallThread

PAUSE_S = 2.0
"""A message ends so long after its last key."""

_END = "#"
_MOST = 64


class KeyEntry:
    """Collects one side's keys; whoever is to act on a key gets it elsewhere, at once.

    `name` is asked for whose keys they are with the first key of a message.
    """

    def __init__(self, thread: CallThread, speaker: Speaker, name: Callable[[], str | None]) -> None:
        self._thread, self._speaker, self._name = thread, speaker, name
        self._deadline = Deadline()
        self._utterance: str | None = None
        self._keys = ""
        self._last = thread.now()

    def press(self, keys: str) -> None:
        """Add `keys` (0-9 * # A-D); "#" ends the message, and so do 2 s without a key."""
        self._last = self._thread.now()
        if self._utterance is None:
            self._utterance = self._thread.open(self._speaker, self._name(), self._last)
            # Not as speech that goes on: what is answered to the first key is to stand behind it.
            self._thread.ended(self._utterance, self._last)
        self._keys += keys
        self._thread.partial(self._utterance, self._keys)
        if keys.endswith(_END) or len(self._keys) >= _MOST:
            self.end()
        else:
            self._deadline.set(PAUSE_S, self.end)

    def end(self) -> None:
        """Write what was pressed so far. Does nothing where nothing was."""
        self._deadline.cancel()
        utterance, keys = self._utterance, self._keys
        self._utterance, self._keys = None, ""
        if utterance is not None:
            self._thread.close(utterance, keys, self._last)
