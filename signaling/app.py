"""The composition root: makes every part, hands each what it needs, and ends them in order."""

from __future__ import annotations

import asyncio
import gc
import socket
import time
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, datetime

import socketio
import structlog
from aiohttp import web

from bridge.bot import phrases
from bridge.bot.context import GlobalInstructions
from bridge.bot.llm import LanguageModel
from bridge.call.late import LateTranscription
from bridge.call.services import Services, Timing
from bridge.call.switchboard import Switchboard
from bridge.directory import MemoryDirectory
from bridge.flow.demo import demo_flow
from bridge.flow.nodes import Flow
from bridge.flow.template import parse_template
from bridge.media.clock import MediaClock
from bridge.speech.engines import DeepgramAccess, RecogniserEngine, build_stt, build_tts
from bridge.tasks import TaskOwner
from bridge.thread.alive5 import Alive5Client, Alive5Config
from bridge.thread.backlog import Backlog
from bridge.thread.erasure import Erasure
from bridge.thread.log import ThreadLog
from bridge.thread.outbox import OutboxPump
from bridge.thread.retention import Retention
from bridge.thread.store import SqlThreadStore
from signaling import rest
from signaling.access import ProgramAccess
from signaling.addresses import asked_from_here
from signaling.agents.dialer import NoPhone, device_view
from signaling.agents.hub import AgentHub
from signaling.agents.rest import add_agents
from signaling.agents.sessions import Sessions
from signaling.auth import OperatorBook
from signaling.call_counts import CallCounts
from signaling.call_news import CallNews
from signaling.emitter import Emitter
from signaling.farewells import Farewells
from signaling.metrics import Metrics, add_metrics
from signaling.operator_namespace import OperatorNamespace
from signaling.operators import Operators
from signaling.process import Stop, parting, say
from signaling.settings import Settings
from signaling.softphone_namespace import SoftphoneNamespace
from signaling.softphones import Softphones
from signaling.thread_namespace import ThreadNamespace
from signaling.web import add_web
from telephony.adb.phones import Phones
from telephony.clawfinger.config import CallConfig
from telephony.clawfinger.desk import Desk
from telephony.clawfinger.phone_app import PhoneApp
from telephony.clawfinger.routes import add_routes as add_phone_app
from telephony.clawfinger.transcripts import Transcripts
from telephony.twilio.routes import TwilioConfig
from telephony.twilio.routes import add_routes as add_twilio

log = structlog.get_logger()

_HTTP_BUFFER = 256 * 1024
_FLUSH_S = 1.0
_LINE_RATE = 8000


class Runtime:
    """Every part of the running server. Made before anything is opened; `start` opens, `close` ends."""

    def __init__(self, settings: Settings, book: OperatorBook) -> None:
        self.settings = settings
        self.book = book
        self.access = ProgramAccess(settings, book)
        self.store = SqlThreadStore(settings.database, outbox=settings.alive5_url is not None)
        self.log = ThreadLog(self.store, mask_cards=settings.mask_cards)
        self.backlog = Backlog(self.store.backlog, self.log, limit_bytes=settings.backlog_mb * 1_000_000)
        self.clock = MediaClock()
        self.stt = _recogniser(settings)
        self.tts = build_tts(settings.tts, voice=settings.piper_voice)
        self.flow = load_flow(settings)
        self.llm = _language_model(settings)
        self.instructions = GlobalInstructions()
        self.pump = self._alive5_pump()
        self._farewells = Farewells(self.store, self.pump) if self.pump is not None else None
        self.sockets = socketio.AsyncServer(
            async_mode="aiohttp",
            namespaces=["/operator", "/thread", "/softphone"],
            cors_allowed_origins=_origins(settings),
            max_http_buffer_size=_HTTP_BUFFER,
            logger=False,
            engineio_logger=False,
        )
        self.emitter = Emitter(self.sockets)
        self.call_counts = CallCounts()
        directory = MemoryDirectory()
        self.operators = Operators(settings, directory, self.emitter)
        self.softphones = Softphones(settings, self.clock, self.emitter)
        self.agents = AgentHub(patience=settings.agent_turn_timeout)
        self.call_config = CallConfig(settings.data_dir / "call-config.json")
        self.call_config.on_change = lambda view: self.agents.publish("config.call_updated", view)
        services = Services(
            clock=self.clock,
            directory=directory,
            stt=self.stt,
            tts=self.tts,
            llm=self.llm,
            flow=self.flow,
            log=self.log,
            store=self.store,
            events=CallNews((self.operators, self.agents), self.softphones.call_changed, self.call_counts),
            timing=Timing(ring=settings.ring_timeout),
            deferred=self.backlog,
            farewell=self._farewells.of_call if self._farewells is not None else None,
            keep_answer=self._farewells.keep_answer if self._farewells is not None else None,
            instructions=self.instructions,
        )
        self.switchboard = Switchboard(services, max_calls=settings.max_calls)
        self.operators.switchboard = self.softphones.switchboard = self.switchboard
        self.agents.switchboard = self.switchboard
        self.phones: Phones | None = None
        self.phone_app = self._make_phone_app()
        self.sessions = Sessions(self.agents, self.switchboard, NoPhone(), self.instructions, self.phone_app)
        self._tasks = TaskOwner("server")
        self._closed = False
        self.viewers = ThreadNamespace(self.access, self.log, self.emitter)
        self.erasure = Erasure(
            self.store.database,
            busy=lambda: self.switchboard.threads | self.backlog.unsaved_threads,
            told=self._threads_gone,
        )
        self._retention = Retention(
            self.erasure,
            settings.retention_days,
            known=lambda: self.viewers.read | self.switchboard.past_threads,
            told=self._threads_gone,
        )
        self._namespaces: list[OperatorNamespace | ThreadNamespace | SoftphoneNamespace] = []
        self._streams: Callable[[], Mapping[str, int]] = dict
        self.metrics = Metrics(self)

    def engine_problems(self) -> dict[str, str | None]:
        """What keeps each speech engine from answering, None where nothing does."""
        return {
            "stt": None if self.stt.ready else self.stt.problem or "The recogniser is not loaded yet.",
            "tts": None if self.tts.ready else self.tts.problem or "The voice is not loaded yet.",
        }

    def _clean(self, text: str) -> str:
        """What people said, as it may be stored."""
        return self.log.clean(text, heard=True)

    def counts(self) -> dict[str, int]:
        """What went wrong since the start and was only counted."""
        return {
            "loopBlocked": self.clock.blocked,
            "eventsDropped": self.emitter.dropped,
            "keysDropped": self.operators.keys_dropped,
            "unknownEvents": sum(namespace.unknown for namespace in self._namespaces),
            **{f"twilio_{name}": number for name, number in self._streams().items()},
        }

    async def start(self) -> None:
        """Open the database, start the engines and the owned tasks. Raises StoreUnavailable."""
        await self.store.start()
        left_open = await self.store.reconcile_calls(datetime.now(UTC))
        if left_open:
            log.warning("calls_reconciled", calls=left_open)
        if self._farewells is not None:
            await self._farewells.of_the_dead()
        await self.stt.start()
        await self.tts.start()
        self.tts.prepare([*phrases.CANNED, *self.flow.texts], _LINE_RATE)
        self.log.subscribe(None, self.operators.message)
        self.log.subscribe(None, self.agents.message)
        self._tasks.start(self.clock.run(), "clock")
        self._tasks.start(self.emitter.run(), "emitter")
        self._tasks.start(self.backlog.run(), "backlog")
        if self.settings.stt != "none":
            # An engine that hears nothing would empty the backlog.
            self._tasks.start(LateTranscription(self.backlog, self.stt, clean=self._clean).run(), "late")
        self._tasks.start(self._retention.run(), "retention")
        self._tasks.start(self.phone_app.run(), "phone_app")
        if self.pump is not None:
            self._tasks.start(self.pump.run(), "outbox")

    async def close(self) -> None:
        """End calls, then operators, then engines, then the database. Idempotent."""
        if self._closed:
            return
        self._closed = True
        await self.switchboard.close(deadline=self.settings.shutdown_grace)
        await self.softphones.close()
        if self.phones is not None:
            await self.phones.close()
        await self.operators.close()
        await self.sockets.shutdown()
        await self.backlog.close()
        await self.viewers.close()
        await self._retention.close()
        if self._farewells is not None:
            await self._farewells.close()
        if self.pump is not None:
            await self.pump.close()
        await self._tasks.close()
        await self.stt.close()
        await self.tts.close()
        if self.llm is not None:
            await self.llm.close()
        await self.store.close()

    def application(self) -> web.Application:
        """The HTTP and WebSocket surface."""
        app = web.Application()
        rest.add_routes(app, self)
        add_metrics(app, self)
        add_agents(app, self)
        add_phone_app(app, self.phone_app, self.access.check_request, self._health)
        secret = self.settings.twilio_auth_token
        twilio = add_twilio(
            app,
            self.switchboard.accept,
            TwilioConfig(
                public_url=self.settings.public_url,
                auth_token=secret.get_secret_value() if secret else None,
                open_surface=self.settings.open_surface,
                own_origin=lambda origin: asked_from_here(origin, None),
                default_channel=self.settings.alive5_channel or "",
            ),
            busy=lambda: self.switchboard.full,
        )
        self._streams = lambda: twilio.counters
        self._namespaces = [
            OperatorNamespace(
                self.settings,
                self.book,
                self.operators,
                self.switchboard,
                self.emitter,
                self.flow.resume_points,
            ),
            self.viewers,
            SoftphoneNamespace(self.settings, self.access, self.softphones, self.emitter),
        ]
        for namespace in self._namespaces:
            self.sockets.register_namespace(namespace)
        self.sockets.attach(app)
        add_web(app)
        app.on_shutdown.append(self._close_sockets)
        app.cleanup_ctx.append(self._lifecycle)
        return app

    def watch_phones(self, port: int) -> None:
        """Look for phones on cables, whose phone app is led to `port`, where this server listens."""
        self.phones = Phones(port=port, serial=self.settings.phone_serial, on_change=self._phones_changed)
        self.sessions.dialer = self.phones
        self.phones.start()

    def _phones_changed(self) -> None:
        if self.phones is not None:
            devices = [device_view(device) for device in self.phones.devices]
            self.agents.publish("phone.changed", {"devices": devices, "detail": self.phones.status or ""})

    async def _close_sockets(self, app: web.Application) -> None:
        """Tell clients the last events and let them go, so that aiohttp need not wait for them."""
        await self.agents.close()
        await self.emitter.flush(_FLUSH_S)
        requests = [environ["aiohttp.request"] for environ in self.sockets.environ.values()]
        if self.sockets.eio.sockets:
            try:
                async with asyncio.timeout(_FLUSH_S):
                    await self.sockets.eio.disconnect()
            except TimeoutError:
                # Engine.IO waits for the queue of a client that is already gone to be emptied.
                log.info("clients_gone", count=len(requests))
        # Engine.IO leaves it to the client to close the WebSocket, and not every client does.
        for request in requests:
            if request.transport is not None:
                request.transport.close()

    async def _lifecycle(self, app: web.Application) -> AsyncIterator[None]:
        await self.start()
        yield
        await self.close()

    def _threads_gone(self, thread_ids: list[str]) -> None:
        """Conversations were deleted: nobody reads them any more, and nothing is remembered of them."""
        self.viewers.thread_deleted(thread_ids)
        self.switchboard.forget(thread_ids)

    def _make_phone_app(self) -> PhoneApp:
        channel = self.settings.alive5_channel or ""
        transcripts = Transcripts(self.stt)
        desk = Desk(
            self.switchboard,
            self.call_config,
            transcripts,
            self.tts,
            self.clock,
            self.store,
            channel,
            tell=self.agents.publish,
        )
        return PhoneApp(desk, ttl=self.settings.session_ttl)

    def _health(self) -> dict[str, object]:
        return {name: problem or "ready" for name, problem in self.engine_problems().items()}

    def _alive5_pump(self) -> OutboxPump | None:
        url, key = self.settings.alive5_url, self.settings.alive5_key
        if url is None or key is None:
            return None
        config = Alive5Config(
            url, key.get_secret_value(), self.settings.alive5_org or "", self.settings.alive5_channel or ""
        )
        return OutboxPump(
            self.store,
            self.log,
            lambda thread_id, crm_id, channel_id: Alive5Client(config, thread_id, crm_id, channel_id),
        )


def load_flow(settings: Settings) -> Flow:
    """The configured flow, or the demo one. Raises TemplateError."""
    return parse_template(settings.flow.read_bytes()) if settings.flow else demo_flow()


def _recogniser(settings: Settings) -> RecogniserEngine:
    key, model, url = settings.deepgram_key, settings.deepgram_model, settings.deepgram_url
    return build_stt(
        settings.stt,
        model=settings.whisper_model,
        language=settings.language,
        deepgram=DeepgramAccess(key.get_secret_value(), model, url) if key else None,
    )


def _language_model(settings: Settings) -> LanguageModel | None:
    if settings.llm_url is None:
        return None
    key = settings.llm_key.get_secret_value() if settings.llm_key else None
    return LanguageModel(
        settings.llm_url, key, settings.llm_model or "default", patience=settings.llm_patience
    )


def _origins(settings: Settings) -> list[str] | None:
    """Origins whose pages may open our sockets; None means the pages that this server itself serves."""
    if settings.public_url is None:
        return None
    return [settings.public_url, *(f"http://{host}:{settings.port}" for host in ("127.0.0.1", "localhost"))]


async def make_runtime(settings: Settings, announce: Callable[[str, str], None]) -> Runtime:
    """Open the accounts in the data folder and compose the server. Raises SignalingError, TemplateError."""
    book = await OperatorBook.open(settings.operators, settings.data_dir, announce=announce)
    return Runtime(settings, book)


async def serve(
    runtime: Runtime, listener: socket.socket, stop: Stop, *, on_listening: Callable[[str, int], None]
) -> None:
    """Serve on `listener` until `stop` is wanted, then end in order."""
    runner = web.AppRunner(runtime.application(), handle_signals=False, shutdown_timeout=5.0, access_log=None)
    await runner.setup()
    try:
        await web.SockSite(runner, listener).start()
        # What was loaded so far stays: a full collection would look at all of it, 35 ms in which no
        # frame leaves.
        gc.collect()
        gc.freeze()
        host, port = runner.addresses[0][:2]
        runtime.watch_phones(port)
        on_listening(host, port)
        await stop.wanted.wait()
        await _part(runtime, stop)
    finally:
        await runner.cleanup()


async def _part(runtime: Runtime, stop: Stop) -> None:
    """Take no more calls, and let the live ones end: in order, or at once where that is wanted."""
    began, grace = time.monotonic(), runtime.settings.shutdown_grace
    if runtime.switchboard.live:
        say(parting(len(runtime.switchboard.live), grace))
    async with asyncio.TaskGroup() as group:
        hurry = group.create_task(_hurry(runtime, stop))
        await runtime.switchboard.close(deadline=grace)
        hurry.cancel()
    log.info("calls_ended", seconds=round(time.monotonic() - began, 1))


async def _hurry(runtime: Runtime, stop: Stop) -> None:
    await stop.at_once.wait()
    runtime.switchboard.end_all()
