"""One call's clock: wall-clock times that no setting of the clock moves."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta


class CallClock:
    """Reads the wall clock once and counts from there on the monotonic one.

    So that times within a call keep their order, and the lengths between them are true, where the
    machine's clock is set in its middle; they are off against the new time until the call ends.
    """

    def __init__(self) -> None:
        self._began_at = datetime.now(UTC)
        self._began = time.monotonic()

    def now(self) -> datetime:
        """The time, aware UTC; never earlier than what was returned before."""
        return self._began_at + timedelta(seconds=time.monotonic() - self._began)
