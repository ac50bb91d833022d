"""One alarm that can be set again and called off."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Deadline:
    """At most one call in the future; setting it anew replaces the one before."""

    def __init__(self) -> None:
        self._timer: asyncio.TimerHandle | None = None

    @property
    def pending(self) -> bool:
        """True while something is to come."""
        return self._timer is not None

    def set(self, seconds: float, action: Callable[[], object]) -> None:
        """Call `action` in `seconds`."""
        self.cancel()
        self._timer = asyncio.get_running_loop().call_later(seconds, self._due, action)

    def cancel(self) -> None:
        """Call nothing. Harmless where nothing is set."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _due(self, action: Callable[[], object]) -> None:
        self._timer = None
        action()
