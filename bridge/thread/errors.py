"""What can go wrong with the thread's storage and its delivery to the outside."""

from __future__ import annotations

from bridge.errors import BridgeError


class StoreUnavailable(BridgeError):
    """The database could not do what was asked; nothing is known to have been committed."""

    code = "store_unavailable"


class Alive5Unavailable(BridgeError):
    """alive5 cannot be reached or refused us; nothing was sent."""

    code = "alive5_unavailable"


class Alive5Closed(Alive5Unavailable):
    """alive5 answers, and does not take this thread; nothing was sent."""

    code = "alive5_closed"


class Alive5Refused(BridgeError):
    """alive5 acknowledged what was sent with an error: it certainly did not take it."""

    code = "alive5_refused"


class Alive5Lost(BridgeError):
    """The connection died after something was emitted: it may have arrived or not."""

    code = "alive5_lost"
