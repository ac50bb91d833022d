"""How many calls began, were handed over, taken, and how they ended, since the start."""

from __future__ import annotations

from collections import Counter
from weakref import WeakKeyDictionary

from bridge.call.call import Call
from bridge.call.states import State


class CallCounts:
    """Plain numbers, which never fall."""

    def __init__(self) -> None:
        self.started = self.handoffs = self.offers = self.claims = 0
        self.ended: Counter[str] = Counter()
        self.withdrawn: Counter[str] = Counter()
        self._states: WeakKeyDictionary[Call, State] = WeakKeyDictionary()

    def changed(self, call: Call) -> None:
        """The call's view is another one now."""
        before = self._states.get(call)
        self._states[call] = call.state
        self.started += before is None
        # Back to `handoff` from a claim that lapsed is the same wish for a person.
        self.handoffs += call.state is State.HANDOFF and before in (None, State.BOT)
        if call.state is State.ENDED and before is not State.ENDED and call.end is not None:
            self.ended[call.end.value] += 1
