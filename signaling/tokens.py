"""Bearer tokens of operators and of readers of one thread: JSON Web Tokens, HS256 and nothing else."""

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
VIEWER_AUDIENCE = "patchbay-viewer"
VIEWER_LIFE_S = 7 * 24 * 3600
_REQUIRED = ["exp", "iat", "aud", "iss", "sub"]
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


def issue_viewer_token(thread_id: str, secret: str, now: float) -> tuple[str, int]:
    """A token to read one thread with, good for 7 days from `now`, and its end; both in Unix seconds."""
    expires = int(now) + VIEWER_LIFE_S
    claims = {
        "iss": ISSUER,
        "aud": VIEWER_AUDIENCE,
        "sub": thread_id,
        "iat": int(now),
        "exp": expires,
    }
    return jwt.encode(claims, secret, algorithm=ALGORITHM), expires


def read_token(token: object, secret: str, now: float) -> Mapping[str, Any]:
    """The claims of an operator's token at `now` (Unix seconds). Raises AuthError.

    `expired_token` where only its time is over, `bad_token` for everything else.
    """
    claims = _read(token, secret, AUDIENCE, [*_REQUIRED, "name"])
    if claims["exp"] <= now:
        raise AuthError("Your sign-in is over: sign in again.", code="expired_token")
    return claims


def read_viewer_token(token: object, secret: str, now: float) -> str:
    """The id of the one thread that a viewer's token is for. Raises AuthError, as `read_token`."""
    claims = _read(token, secret, VIEWER_AUDIENCE, _REQUIRED)
    if claims["exp"] <= now:
        raise AuthError("This link is too old: ask for a new one.", code="expired_token")
    return str(claims["sub"])


def _read(token: object, secret: str, audience: str, required: list[str]) -> dict[str, Any]:
    """The claims of a token of ours for `audience`, whether or not its time is over. Raises AuthError."""
    if not isinstance(token, str) or len(token) > _MAX_TOKEN:
        raise _bad()
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            secret,
            algorithms=[ALGORITHM],
            audience=audience,
            issuer=ISSUER,
            # Times are checked by the caller: PyJWT reads the clock by itself.
            options={"require": required, "verify_exp": False, "verify_iat": False, "verify_nbf": False},
        )
    except (jwt.InvalidTokenError, ValueError) as error:
        raise _bad() from error
    if not isinstance(claims["exp"], int) or not isinstance(claims["sub"], str):
        raise _bad()
    return claims


def _bad() -> AuthError:
    return AuthError("This sign-in token is not valid here: sign in again.", code="bad_token")
