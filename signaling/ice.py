"""The ICE servers that browsers are told, with coturn's time-limited credentials."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from dataclasses import dataclass, field

CREDENTIAL_LIFE_S = 12 * 3600
"""Life of a TURN credential: as long as the operator's own token."""

_URL = re.compile(r"(?:stuns?|turns?):(?:\[[0-9a-fA-F:]+\]|[\w.-]+)(?::\d{1,5})?(?:\?transport=(?:udp|tcp))?")


@dataclass(frozen=True, slots=True)
class IceServer:
    """One entry of RTCConfiguration.iceServers. Without a credential a TURN entry gets coturn's."""

    urls: tuple[str, ...]
    username: str | None = None
    credential: str | None = field(default=None, repr=False)

    @property
    def is_turn(self) -> bool:
        """True where any of the URLs is a relay."""
        return any(url.startswith("turn") for url in self.urls)


def parse_ice_servers(text: str) -> tuple[IceServer, ...]:
    """Read a JSON list of RTCIceServer objects, or one `stun:`/`turn:` URL. Raises ValueError."""
    if not text.lstrip().startswith("["):
        return (IceServer((_checked_url(text.strip()),)),)
    try:
        entries = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError("it is not valid JSON") from error
    return tuple(_entry(entry) for entry in entries)


def _entry(entry: object) -> IceServer:
    if not isinstance(entry, dict):
        raise ValueError('each entry must be an object with "urls"')
    urls = entry.get("urls")
    if isinstance(urls, str):
        urls = [urls]
    if not isinstance(urls, list) or not urls or not all(isinstance(url, str) for url in urls):
        raise ValueError('each entry needs "urls", one string or a list of them')
    username, credential = entry.get("username"), entry.get("credential")
    if not all(value is None or isinstance(value, str) for value in (username, credential)):
        raise ValueError('"username" and "credential" must be strings')
    if (username is None) != (credential is None):
        raise ValueError('"username" and "credential" come together or not at all')
    return IceServer(tuple(_checked_url(url) for url in urls), username, credential)


def _checked_url(url: str) -> str:
    if not _URL.fullmatch(url):
        raise ValueError("an address must look like turn:host:3478 or stun:host:3478")
    return url


def turn_credential(secret: str, identity: str, now: float) -> tuple[str, str]:
    """(username, password) as coturn's use-auth-secret computes them, good for 12 h from `now`.

    `identity`: for coturn's log only; `now`: Unix seconds.
    """
    username = f"{int(now) + CREDENTIAL_LIFE_S}:{identity}"
    digest = hmac.new(secret.encode(), username.encode(), hashlib.sha1).digest()
    return username, base64.b64encode(digest).decode()


def ice_entries(
    servers: tuple[IceServer, ...], secret: str | None, identity: str, now: float
) -> list[dict[str, object]]:
    """RTCConfiguration.iceServers, JSON-ready, for `identity` at `now` (Unix seconds)."""
    entries: list[dict[str, object]] = []
    for server in servers:
        username, credential = server.username, server.credential
        if server.is_turn and credential is None and secret is not None:
            username, credential = turn_credential(secret, identity, now)
        entry: dict[str, object] = {"urls": list(server.urls)}
        if credential is not None:
            entry |= {"username": username, "credential": credential}
        entries.append(entry)
    return entries
