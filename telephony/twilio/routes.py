"""Twilio's two doors: the voice webhook and the media stream."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog
from aiohttp import web

from bridge.ports import CallAcceptor
from telephony.registry import StreamRegistry
from telephony.tokens import SeenOnce, TokenStore
from telephony.twilio import signature, twiml, wire
from telephony.twilio.session import START_TIMEOUT_S, TwilioSession

log = structlog.get_logger()

VOICE_PATH = "/telephony/twilio/voice"
STREAM_PATH = "/telephony/twilio/stream"
TOKEN_PARAMETER = "token"
_PASSED_THROUGH = ("threadId", "crmId", "channelId", "thread_id", "crm_id", "channel_id", "name", "number")


@dataclass(frozen=True, slots=True)
class TwilioConfig:
    """How far Twilio's requests are trusted.

    `public_url`: the origin that is configured at Twilio, e.g. https://calls.example.com.
    `auth_token`: the account's; with it every request must be signed. `open_surface`: take unsigned
    requests (only ever true for a server on a loopback address). `stream_needs_token`: a signed stream
    must also bring the single-use token of our own webhook's answer; turn it off only where some other
    program writes the TwiML. `start_timeout`: seconds a stream may stay silent about itself.
    """

    public_url: str | None = None
    auth_token: str | None = field(default=None, repr=False)
    open_surface: bool = False
    stream_needs_token: bool = True
    start_timeout: float = START_TIMEOUT_S
    own_origin: Callable[[str], bool] = lambda origin: False
    """Which web pages' origins may use the open surface; phone providers and programs send none."""
    default_channel: str = ""
    """`channelId` of callers who bring none."""


class Refused(Exception):
    """A request that is answered with a status and an error body."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


def add_routes(
    app: web.Application,
    acceptor: CallAcceptor,
    config: TwilioConfig,
    *,
    busy: Callable[[], bool] = lambda: False,
) -> StreamRegistry:
    """Serve Twilio on `app`; the registry of its live streams. They are hung up when `app` shuts down.

    `busy`: true when a new call would be refused; the caller then gets a busy tone before any stream.
    """
    doors = _Doors(acceptor, config, busy)
    app.router.add_post(VOICE_PATH, doors.voice)
    app.router.add_get(STREAM_PATH, doors.stream)

    async def close_streams(_: web.Application) -> None:
        await doors.registry.close()

    app.on_shutdown.append(close_streams)
    return doors.registry


class _Doors:
    def __init__(self, acceptor: CallAcceptor, config: TwilioConfig, busy: Callable[[], bool]) -> None:
        self.registry = StreamRegistry()
        self._acceptor = acceptor
        self._config = config
        self._busy = busy
        self._tokens = TokenStore()
        self._seen = SeenOnce()

    async def voice(self, request: web.Request) -> web.Response:
        """POST: the TwiML that connects the call to our stream, or a busy tone."""
        try:
            form = await _form(request)
            self._check_webhook(request, form)
        except Refused as refused:
            return _refusal(request, refused)
        if self._busy():
            log.warning("twilio_call_rejected", reason="busy")
            return _twiml(twiml.reject_busy())
        fields = dict(request.query) | dict(form)
        parameters = {name: fields[name] for name in _PASSED_THROUGH if fields.get(name)}
        parameters.setdefault("number", fields.get("From", ""))
        parameters.setdefault("name", fields.get("CallerName", ""))
        if self._config.auth_token is not None:
            parameters[TOKEN_PARAMETER] = self._tokens.mint(fields.get("CallSid", ""), time.monotonic())
        return _twiml(twiml.connect_stream(self._stream_url(request), parameters))

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """WebSocket: one call's audio, both ways."""
        try:
            self._check_upgrade(request)
        except Refused as refused:
            return _refusal(request, refused)
        session = TwilioSession(
            request,
            self._acceptor,
            self.registry,
            check_start=self._check_start,
            start_timeout=self._config.start_timeout,
            default_channel=self._config.default_channel,
        )
        try:
            return await session.run()
        except Exception:
            # The outer boundary of one call's task: nobody else may notice.
            log.exception("twilio_stream_failed")
            self.registry.counters["failed"] += 1
            return session.socket

    def _check_webhook(self, request: web.Request, form: list[tuple[str, str]]) -> None:
        if self._open(request):
            return
        token, url = self._required()
        given = request.headers.get(signature.HEADER, "")
        path = request.raw_path
        if not path.startswith("/") or not signature.is_signed(token, url + path, form, given):
            raise Refused(403, "bad_signature", "This request is not signed by Twilio.")
        if not self._seen.is_new(given, time.monotonic()):
            raise Refused(403, "replayed_request", "This request has been answered before.")

    def _check_upgrade(self, request: web.Request) -> None:
        if not self._open(request):
            token, url = self._required()
            given = request.headers.get(signature.HEADER, "")
            if not signature.is_upgrade_signed(token, url + STREAM_PATH, given):
                raise Refused(403, "bad_signature", "This request is not signed by Twilio.")
        if not web.WebSocketResponse().can_prepare(request):
            raise Refused(400, "not_a_websocket", "This address is for Twilio's media streams.")

    def _check_start(self, start: wire.Start) -> str | None:
        if self._config.auth_token is None or not self._config.stream_needs_token:
            return None
        token = start.parameters.get(TOKEN_PARAMETER, "")
        if self._tokens.redeem(token, start.call_sid, time.monotonic()):
            return None
        return "the token is missing, used or expired"

    def _open(self, request: web.Request) -> bool:
        """True where nobody has to prove anything; raises Refused for a page of somebody else's site."""
        if not self._config.open_surface or self._config.auth_token is not None:
            return False
        origin = request.headers.get("Origin")
        if origin is not None and not self._config.own_origin(origin):
            raise Refused(403, "foreign_origin", "Web pages of other sites may not use this server.")
        return True

    def _required(self) -> tuple[str, str]:
        """The auth token and the public origin, without which nobody can be trusted."""
        token, url = self._config.auth_token, self._config.public_url
        if not token:
            raise Refused(403, "signature_required", "Set PATCHBAY_TWILIO_AUTH_TOKEN to take Twilio's calls.")
        if not url:
            raise Refused(403, "public_url_required", "Set PATCHBAY_PUBLIC_URL to check Twilio's signatures.")
        return token, url.rstrip("/")

    def _stream_url(self, request: web.Request) -> str:
        origin = self._config.public_url
        if origin is None:
            # Only on the open loopback surface: a tunnel in front of it says how it was reached.
            scheme = request.headers.get("X-Forwarded-Proto", request.scheme)
            origin = f"{'https' if scheme == 'https' else 'http'}://{request.host}"
        return "ws" + origin.rstrip("/").removeprefix("http") + STREAM_PATH


async def _form(request: web.Request) -> list[tuple[str, str]]:
    """The fields of a form as Twilio sends it; another content type has none."""
    if request.content_type != "application/x-www-form-urlencoded":
        return []
    try:
        form = await request.post()
    except (ValueError, LookupError) as error:  # broken encodings, unknown charsets, too many fields
        raise Refused(400, "bad_form", "The form cannot be read.") from error
    except web.HTTPRequestEntityTooLarge as error:
        raise Refused(413, "form_too_large", "The form is too large.") from error
    return [(name, value) for name, value in form.items() if isinstance(value, str)]


def _twiml(body: bytes) -> web.Response:
    return web.Response(body=body, content_type="text/xml", charset="utf-8")


def _refusal(request: web.Request, refused: Refused) -> web.Response:
    log.warning("twilio_request_refused", path=request.path, error=refused.code, remote=request.remote)
    body = {"error": {"code": refused.code, "message": refused.message}}
    return web.json_response(body, status=refused.status)
