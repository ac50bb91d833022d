"""Where the adb server is, as every adb tool finds it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from telephony.adb.errors import NoServer

_DEFAULT_HOST = "127.0.0.1"
_DEFAULT_PORT = 5037


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """The adb server's host and TCP port."""

    host: str = _DEFAULT_HOST
    port: int = _DEFAULT_PORT

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"

    @property
    def absent(self) -> str:
        """What to say when nothing answers there, with the command that helps."""
        option = "" if self.port == _DEFAULT_PORT else f"-P {self.port} "
        return (
            f"No adb server answers at {self}. Run `adb {option}start-server` there; "
            "Patchbay does not start one by itself."
        )


def server_address(environment: Mapping[str, str]) -> ServerAddress:
    """The address in ANDROID_ADB_SERVER_HOST and ANDROID_ADB_SERVER_PORT; raises NoServer for a bad port."""
    port = environment.get("ANDROID_ADB_SERVER_PORT") or str(_DEFAULT_PORT)
    if not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise NoServer(f'ANDROID_ADB_SERVER_PORT is "{port[:20]}": it must be a number from 1 to 65535.')
    return ServerAddress(environment.get("ANDROID_ADB_SERVER_HOST") or _DEFAULT_HOST, int(port))
