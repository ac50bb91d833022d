"""Tests of addresses and origins that settings and sign-in share."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import SplitResult, urlsplit

_DATABASE_SCHEMES = ("sqlite+aiosqlite://", "postgresql+asyncpg://")
_HOST_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")


def is_ip_address(host: str) -> bool:
    """True for an IPv4 or IPv6 address in its usual spelling."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def is_host(host: str) -> bool:
    """True for an IP address or something that can be a host name."""
    return is_ip_address(host) or _HOST_NAME.fullmatch(host) is not None


def is_loopback(host: str) -> bool:
    """True for 127.0.0.0/8, ::1 and localhost; any other name counts as reachable from outside."""
    return ipaddress.ip_address(host).is_loopback if is_ip_address(host) else host.lower() == "localhost"


def split_http_url(url: str) -> SplitResult:
    """The parts of an http:// or https:// URL with a host. Raises ValueError for anything else."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or re.search(r"\s", url):
        raise ValueError
    if parts.port == 0:  # Reading the port also raises ValueError for one that is out of range.
        raise ValueError
    return parts


def is_database_url(url: str) -> bool:
    """True for the address of a SQLite or PostgreSQL database, as SQLAlchemy reads it."""
    # Here and not above: most processes have no such setting, and need not wait for it.
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    if not url.startswith(_DATABASE_SCHEMES):
        return False
    try:
        port = make_url(url).port
    except (ArgumentError, ValueError):
        return False
    return port is None or 0 < port <= 65535


def asked_from_here(origin: str | None, host: str | None) -> bool:
    """True unless a web page of another site asks: the open loopback surface must not serve those.

    `origin`, `host`: the request's headers. Programs send no Origin; a page on this machine has a
    loopback one; a foreign name that resolves to 127.0.0.1 shows in Host.
    """
    return (origin is None or _names_loopback(origin)) and _names_loopback(f"http://{host or 'localhost'}")


def _names_loopback(url: str) -> bool:
    try:
        return is_loopback(split_http_url(url).hostname or "")
    except ValueError:
        return False
