"""What is asked of the adb server. The only file that imports adbutils, and all of it blocks: for threads.

Threads import it, too: adbutils brings an imaging and an HTTP library along, which takes half a second.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from adbutils import AdbClient, AdbConnection, AdbDevice, AdbError
from adbutils.errors import AdbConnectionError, AdbTimeout

from telephony.adb.address import ServerAddress
from telephony.adb.errand import Errand
from telephony.adb.errors import AdbFault, BrokeOff, NoServer, Refused, TooLate
from telephony.adb.wire import Listed, parse_devices

_BROKE_OFF = "The connection to the adb server or the phone broke off."
_LATE = "The adb server or the phone did not answer in time."


class Link:
    """The adb server within one errand. Every method blocks, and raises AdbFault."""

    def __init__(self, errand: Errand) -> None:
        self._errand = errand
        self._client = _Client(errand)

    def devices(self) -> tuple[Listed, ...]:
        """What is plugged in, whatever state it is in."""
        with _faults(self._errand.address), self._client.make_connection() as server:
            return _ask_for_devices(server, "host:devices-l")

    def changes(self) -> Iterator[tuple[Listed, ...]]:
        """All that is plugged in, at once and at every change, until the adb server goes away.

        The errand's deadline is for the first answer. adbutils' own `track_devices` yields differences:
        neither that nothing is plugged in, nor models.
        """
        with _faults(self._errand.address), self._client.make_connection() as server:
            yield _ask_for_devices(server, "host:track-devices-l")
            server.conn.settimeout(None)
            while True:
                yield parse_devices(_block(server))

    def shell(self, serial: str, arguments: Sequence[str]) -> tuple[str, int]:
        """Run a program on the phone; returns what it said on both streams, and its exit code.

        adbutils quotes each argument for the phone's shell.
        """
        with _faults(self._errand.address):
            done = self._device(serial).shell2(list(arguments), timeout=self._errand.left(), v2=True)
            return done.output, done.returncode

    def reverses(self, serial: str) -> dict[str, str]:
        """The phone's reversed ports: `tcp:` and port on the phone → `tcp:` and port here."""
        with _faults(self._errand.address):
            return {item.remote: item.local for item in self._device(serial).reverse_list()}

    def reverse(self, serial: str, remote: str, local: str) -> None:
        """Lead `remote` on the phone to `local` here, in place of what it led to."""
        with _faults(self._errand.address):
            self._device(serial).reverse(remote, local)

    def remove_reverse(self, serial: str, remote: str) -> None:
        """Lead `remote` on the phone nowhere."""
        with _faults(self._errand.address):
            self._device(serial).reverse_remove(remote)

    def _device(self, serial: str) -> AdbDevice:
        return AdbDevice(self._client, serial=serial)


class _Connection(AdbConnection):  # type: ignore[misc]  # adbutils ships no type information
    """Connects within an errand. adbutils would start an adb server of its own where there is none."""

    def __init__(self, errand: Errand) -> None:
        self._errand = errand
        super().__init__(errand.address.host, errand.address.port)

    def _safe_connect(self) -> socket.socket:
        try:
            return self._errand.connect()
        except OSError as error:
            raise AdbConnectionError(str(error)) from error


class _Client(AdbClient):  # type: ignore[misc]
    """adbutils' client with the errand's deadline in place of adbutils' ten minutes."""

    def __init__(self, errand: Errand) -> None:
        super().__init__(errand.address.host, errand.address.port)
        self._errand = errand

    def make_connection(self, timeout: float | None = None) -> AdbConnection:
        return _Connection(self._errand)


def _ask_for_devices(server: AdbConnection, question: str) -> tuple[Listed, ...]:
    server.send_command(question)
    server.check_okay()
    return parse_devices(_block(server))


def _block(server: AdbConnection) -> str:
    """A text with its length before it; adbutils' own reader takes half a text for a whole one."""
    length = server.read_exact(4)
    if not length.isalnum():  # int() would take a sign or blanks
        raise ValueError(length)
    return str(server.read_exact(int(length, 16)), "utf-8", "replace")


@contextmanager
def _faults(address: ServerAddress) -> Iterator[None]:
    """Make what adbutils raises one of our faults."""
    try:
        yield
    except AdbConnectionError as error:
        raise NoServer(address.absent) from error
    except (AdbTimeout, TimeoutError) as error:
        raise TooLate(_LATE) from error
    except AdbError as error:
        raise _refusal(" ".join(map(str, error.args)), address) from error
    except EOFError as error:
        raise BrokeOff(_BROKE_OFF) from error
    except OSError as error:
        raise BrokeOff(f"The connection to the adb server broke off: {error.strerror or error}.") from error
    except ValueError as error:  # a length or an exit code that is no number
        raise _stranger(address) from error


def _refusal(words: str, address: ServerAddress) -> AdbFault:
    if words in ("connection closed", "Unknown data: b''"):
        return BrokeOff(_BROKE_OFF)
    if words.startswith("shell output invalid"):
        return BrokeOff(_BROKE_OFF)
    if words.startswith("Unknown data"):
        return _stranger(address)
    return Refused(f"adb says: {words[:200]}.")


def _stranger(address: ServerAddress) -> NoServer:
    return NoServer(f"What answers at {address} does not speak as an adb server does.")
