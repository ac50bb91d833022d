"""What the two Socket.IO namespaces share."""

from __future__ import annotations

import socketio


class Namespace(socketio.AsyncNamespace):  # type: ignore[misc]
    """Tells the library's own events from a client's of the same names."""

    def begins(self, event: object, *, known: bool) -> bool:
        """True where `event` announces a new client, which none of the `known` ones can be."""
        return event == "connect" and not known

    def ends(self, event: object, sid: str) -> bool:
        """True where `event` says that the client is gone, which one that is still here cannot be."""
        return event == "disconnect" and not self.server.manager.is_connected(sid, self.namespace)


def shown(event: object) -> str:
    """An event's name, which a client may make anything at all, fit to be quoted in a refusal."""
    return repr(event[:40]) if isinstance(event, str) else "whose name is no text"
