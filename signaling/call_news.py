"""Who is told what happens to calls: operators everything, a caller in a browser what their own call does."""

from __future__ import annotations

from collections.abc import Callable

from bridge.call.call import Call
from bridge.call.services import CallEvents, Withdrawal
from bridge.directory import Holder


class CallNews:
    """The CallEvents of a process: `operators` hear all of them but turns.

    `on_changed` hears every change of a call, `on_turn` the turns.
    """

    def __init__(
        self,
        operators: CallEvents,
        on_changed: Callable[[Call], None],
        on_turn: Callable[[Call, str, dict[str, object]], None] = lambda call, event, data: None,
    ) -> None:
        self._operators = operators
        self._on_changed = on_changed
        self._on_turn = on_turn

    def call_changed(self, call: Call) -> None:
        """See CallEvents."""
        self._operators.call_changed(call)
        self._on_changed(call)

    def call_offered(self, call: Call) -> None:
        """See CallEvents."""
        self._operators.call_offered(call)

    def call_claimed(self, call: Call, holder: Holder) -> None:
        """See CallEvents."""
        self._operators.call_claimed(call, holder)

    def call_withdrawn(self, call: Call, reason: Withdrawal) -> None:
        """See CallEvents."""
        self._operators.call_withdrawn(call, reason)

    def call_turn(self, call: Call, event: str, data: dict[str, object]) -> None:
        """See CallEvents."""
        self._on_turn(call, event, data)

    def call_quality(self, call: Call, quality: dict[str, object]) -> None:
        """See CallEvents."""
        self._operators.call_quality(call, quality)
