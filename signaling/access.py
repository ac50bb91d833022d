"""Who may use the surface for bots and programs."""

from __future__ import annotations

import secrets
import time

from aiohttp import web

from signaling.addresses import asked_from_here
from signaling.auth import OperatorBook
from signaling.errors import SignalingError, error_body
from signaling.settings import Settings
from signaling.tokens import AuthError


class Refused(SignalingError):
    """A request without the right to what it asks."""

    code = "unauthorized"


class OtherThread(SignalingError):
    """A viewer's token was used for a thread that it is not for."""

    code = "other_thread"
    status = 403

    def __init__(self) -> None:
        super().__init__("This link is for another conversation.")


class ProgramAccess:
    """Bearer token, an operator's token, or the open loopback surface (contract, section 2)."""

    def __init__(self, settings: Settings, book: OperatorBook) -> None:
        self._settings = settings
        self._book = book
        token = settings.agent_token
        self._token = token.get_secret_value() if token else None

    def check(self, token: object, *, origin: str | None, host: str | None) -> None:
        """Raise Refused or AuthError unless `token`, or the open surface, gives the right."""
        if isinstance(token, str) and self._token is not None:
            given = token.encode(errors="replace")
            if secrets.compare_digest(given, self._token.encode()):
                return
        if self._settings.open_surface and asked_from_here(origin, host):
            return
        if not token:
            raise Refused("This needs a bearer token (PATCHBAY_AGENT_TOKEN, or an operator's).")
        self._book.verify_token(token, time.time())

    def check_reader(self, token: object, *, origin: str | None, host: str | None) -> str | None:
        """The id of the one thread that a viewer's token is for; None for whoever may read any.

        Raises Refused or AuthError for everybody else. A viewer's token opens its own thread and no other,
        also where no token at all would open all of them.
        """
        try:
            return self._book.verify_viewer_token(token, time.time())
        except AuthError as error:
            no_viewer = error
        try:
            self.check(token, origin=origin, host=host)
        except AuthError:
            if no_viewer.code == "expired_token":
                raise no_viewer from None
            raise
        return None

    def check_reading(self, request: web.Request, thread_id: str) -> None:
        """As `check_reader`, for an HTTP request for one thread."""
        only = self.check_reader(
            bearer(request), origin=request.headers.get("Origin"), host=request.headers.get("Host")
        )
        if only not in (None, thread_id):
            raise OtherThread

    def who(self, request: web.Request) -> str:
        """Who asks, for the audit; only of a request that `check_request` has let in."""
        token = bearer(request)
        try:
            return f"operator {self._book.verify_token(token, time.time()).name}"
        except AuthError:
            return "program" if token else "this machine"

    def check_request(self, request: web.Request) -> None:
        """As `check`, for an HTTP request's `Authorization` header or `?token=`."""
        self.check(bearer(request), origin=request.headers.get("Origin"), host=request.headers.get("Host"))


def bearer(request: web.Request) -> str | None:
    """The request's token, or None."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        return token.strip()
    return request.query.get("token")


def refusal(error: SignalingError) -> web.Response:
    """The answer to a request that was not let in."""
    status = error.status if isinstance(error, AuthError | OtherThread) else 401
    return web.json_response(error_body(error.code, error.message), status=status)
