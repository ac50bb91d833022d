"""One piece of work with the adb server: its connections, its deadline, its end."""

from __future__ import annotations

import socket
import threading
import time

from telephony.adb.address import ServerAddress
from telephony.adb.errors import TooLate

_CONNECT_S = 3.0


class Errand:
    """Opens connections that share one deadline, and that any thread can end at once.

    `seconds`: from now until the deadline, time spent waiting for a thread included.
    """

    def __init__(self, address: ServerAddress, seconds: float) -> None:
        self.address = address
        self._until = time.monotonic() + seconds
        self._lock = threading.Lock()
        self._sockets: list[socket.socket] = []
        self._cancelled = False

    def left(self) -> float:
        """Seconds until the deadline; raises TooLate after it."""
        left = self._until - time.monotonic()
        if left <= 0:
            raise TooLate("The adb server did not answer in time.")
        return left

    def connect(self) -> socket.socket:
        """A new connection to the adb server; blocks; raises OSError where there is none, or TooLate."""
        left = self.left()
        if self._cancelled:
            raise TooLate("Nobody waits for the adb server's answer any more.")
        sock = socket.create_connection((self.address.host, self.address.port), min(_CONNECT_S, left))
        sock.settimeout(left)
        with self._lock:
            self._sockets.append(sock)
            if self._cancelled:
                _shut(sock)
        return sock

    def cancel(self) -> None:
        """Shut every connection down, those to come as well: the thread that uses them gets a fault."""
        with self._lock:
            self._cancelled = True
            for sock in self._sockets:
                _shut(sock)


def _shut(sock: socket.socket) -> None:
    try:
        sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass  # closed already, by whoever used it or at the other end
