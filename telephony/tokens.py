"""What may be used once: tokens for streams, and signatures of webhooks. Sans-IO, `now` passed in."""

from __future__ import annotations

import hmac
import secrets
from collections import OrderedDict

TOKEN_LIFE_S = 60.0
SEEN_LIFE_S = 600.0
_MAX_TOKENS = 10_000
_MAX_SEEN = 10_000


class TokenStore:
    """Mints tokens that open one stream of one phone call, once, within their life.

    Bounded: beyond `limit` the oldest token is forgotten. `now` is any clock in seconds that never
    goes back.
    """

    def __init__(self, *, life: float = TOKEN_LIFE_S, limit: int = _MAX_TOKENS) -> None:
        self._life = life
        self._limit = limit
        self._tokens: OrderedDict[str, tuple[float, str]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._tokens)

    def mint(self, provider_call: str, now: float) -> str:
        """A new token for `provider_call`, 43 characters fit for a URL."""
        while self._tokens and (
            len(self._tokens) >= self._limit or next(iter(self._tokens.values()))[0] <= now
        ):
            self._tokens.popitem(last=False)
        token = secrets.token_urlsafe(32)
        self._tokens[token] = (now + self._life, provider_call)
        return token

    def redeem(self, token: str, provider_call: str, now: float) -> bool:
        """True the first time, within its life, and for the phone call it was minted for."""
        expires, minted_for = self._tokens.pop(token, (float("-inf"), ""))
        return now < expires and hmac.compare_digest(minted_for.encode(), provider_call.encode())


class SeenOnce:
    """Remembers what has come before, for a while, so that a replay is noticed. Bounded."""

    def __init__(self, *, life: float = SEEN_LIFE_S, limit: int = _MAX_SEEN) -> None:
        self._life = life
        self._limit = limit
        self._seen: OrderedDict[str, float] = OrderedDict()

    def is_new(self, item: str, now: float) -> bool:
        """True where `item` has not come within the last `life` seconds; remembers it."""
        while self._seen and (len(self._seen) >= self._limit or next(iter(self._seen.values())) <= now):
            self._seen.popitem(last=False)
        if item in self._seen:
            return False
        self._seen[item] = now + self._life
        return True
