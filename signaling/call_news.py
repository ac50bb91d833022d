"""Who is told what happens to calls: operators and agents of all, a caller in a browser of their own."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bridge.call.call import Call
from bridge.call.services import CallEvents, Withdrawal
from bridge.directory import Holder
from signaling.call_counts import CallCounts


class CallNews:
    """The CallEvents of a process: `listeners` hear all of them, `on_changed` every change of a call.

    `counts` is told what is to be counted.
    """

    def __init__(
        self, listeners: Sequence[CallEvents], on_changed: Callable[[Call], None], counts: CallCounts
    ) -> None:
        self._listeners = tuple(listeners)
        self._on_changed = on_changed
        self._counts = counts

    def call_changed(self, call: Call) -> None:
        """See CallEvents."""
        self._counts.changed(call)
        for listener in self._listeners:
            listener.call_changed(call)
        self._on_changed(call)

    def call_offered(self, call: Call) -> None:
        """See CallEvents."""
        self._counts.offers += 1
        for listener in self._listeners:
            listener.call_offered(call)

    def call_claimed(self, call: Call, holder: Holder) -> None:
        """See CallEvents."""
        self._counts.claims += 1
        for listener in self._listeners:
            listener.call_claimed(call, holder)

    def call_withdrawn(self, call: Call, reason: Withdrawal) -> None:
        """See CallEvents."""
        self._counts.withdrawn[reason] += 1
        for listener in self._listeners:
            listener.call_withdrawn(call, reason)

    def call_turn(self, call: Call, event: str, data: dict[str, object]) -> None:
        """See CallEvents."""
        for listener in self._listeners:
            listener.call_turn(call, event, data)

    def call_quality(self, call: Call, quality: dict[str, object]) -> None:
        """See CallEvents."""
        for listener in self._listeners:
            listener.call_quality(call, quality)
