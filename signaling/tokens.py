"""Operators' bearer tokens: JSON Web Tokens, HS256 and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jwt

from signaling.accounts import Operator
from signaling.errors import SignalingError

ALGORITHM = "HS256"
ISSUER = "patchbay"
AUDIENCE = "patchbay-operator"
LIFE_S = 12 * 3600
_REQUIRED = ["exp", "iat", "aud", "iss", "sub", "name"]
_MAX_TOKEN = 4096


class AuthError(SignalingError):
    """Somebody is not let in.

    Codes: `wrong_login`, `expired_token`, `bad_token`, `too_many_attempts`; `retry_after`: seconds,
    0 unless the code is `too_many_attempts`.
    """

    code = "bad_token"

    def __init__(self, message: str, *, code: str, retry_after: float = 0.0) -> None:
        super().__init__(message, code=code)
        self.retry_after = retry_after

    @property
    def status(self) -> int:
        """The HTTP status of this refusal."""
        return 429 if self.code == "too_many_attempts" else 401


def issue_token(operator: Operator, secret: str, now: float) -> str:
    """A token for `operator`, good for 12 h from `now` (Unix seconds)."""
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": operator.id,
        "name": operator.name,
        "roles": list(operator.roles),
        "iat": int(now),
        "exp": int(now) + LIFE_S,
    }
    return jwt.encode(claims, secret, algorithm=ALGORITHM)


def read_token(token: object, secret: str, now: float) -> Mapping[str, Any]:
    """The claims of a token of ours at `now` (Unix seconds). Raises AuthError.

    `expired_token` where only its time is over, `bad_token` for everything else.
    """
    if not isinstance(token, str) or len(token) > _MAX_TOKEN:
        raise _bad()
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            secret,
            algorithms=[ALGORITHM],
            audience=AUDIENCE,
            issuer=ISSUER,
            # Times are checked below: PyJWT reads the clock by itself.
            options={"require": _REQUIRED, "verify_exp": False, "verify_iat": False, "verify_nbf": False},
        )
    except (jwt.InvalidTokenError, ValueError) as error:
        raise _bad() from error
    expires = claims["exp"]
    if not isinstance(expires, int) or not isinstance(claims["sub"], str):
        raise _bad()
    if expires <= now:
        raise AuthError("Your sign-in is over: sign in again.", code="expired_token")
    return claims


def _bad() -> AuthError:
    return AuthError("This sign-in token is not valid here: sign in again.", code="bad_token")
