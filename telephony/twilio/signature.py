"""The X-Twilio-Signature check. Sans-IO; see twilio.com/docs/usage/security."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable
from urllib.parse import urlsplit, urlunsplit

HEADER = "X-Twilio-Signature"
_DEFAULT_PORTS = {"https": 443, "wss": 443, "http": 80, "ws": 80}
_TWIN_SCHEME = {"https": "wss", "wss": "https", "http": "ws", "ws": "http"}


def sign(auth_token: str, url: str, form: Iterable[tuple[str, str]] = ()) -> str:
    """The signature Twilio sends for `url` (as configured there) and the fields of a POST, base64."""
    # A field that comes several times counts once per different value, as Twilio's own library has it.
    text = url + "".join(name + value for name, value in sorted(set(form)))
    digest = hmac.new(auth_token.encode(), text.encode(), hashlib.sha1).digest()
    return base64.b64encode(digest).decode("ascii")


def is_signed(auth_token: str, url: str, form: Iterable[tuple[str, str]], signature: str) -> bool:
    """True where `signature` is Twilio's for `url` and `form`, in constant time for any one spelling.

    Twilio signs with or without the port, depending on the product.
    """
    fields = list(form)
    given = signature.encode(errors="replace")
    return any(
        hmac.compare_digest(sign(auth_token, spelling, fields).encode(), given) for spelling in _ports(url)
    )


def is_upgrade_signed(auth_token: str, url: str, signature: str) -> bool:
    """The same for a WebSocket upgrade, which has no fields; `url` starts with wss:// or https://."""
    parts = urlsplit(url)
    twin = urlunsplit(parts._replace(scheme=_TWIN_SCHEME.get(parts.scheme, parts.scheme)))
    return any(is_signed(auth_token, spelling, (), signature) for spelling in (url, twin))


def _ports(url: str) -> list[str]:
    """`url`, and the same with its port left out or the default one put in."""
    parts = urlsplit(url)
    default = _DEFAULT_PORTS.get(parts.scheme)
    if parts.port is not None:
        bare = parts.netloc.removesuffix(f":{parts.port}")
    elif default is not None:
        bare = f"{parts.netloc}:{default}"
    else:
        return [url]
    return [url, urlunsplit(parts._replace(netloc=bare))]
