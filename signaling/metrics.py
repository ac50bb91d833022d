"""`GET /metrics`: the process's figures in Prometheus's text format, read when they are asked for.

Nothing is counted for this page alone: each part keeps plain numbers of its own, and a scrape reads them.
A part that has more to say is given to `Metrics.gauge` or `Metrics.counter` where it is made. Of a speech
engine, these are read where it has them: `waiting(urgency)` (how many, and the oldest's age in seconds) or
`queued`, `shed_count`, `restarts`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from aiohttp import web
from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from bridge.call.states import State
from bridge.ports import Urgency
from bridge.speech.engines import RecogniserEngine, VoiceEngine
from bridge.thread.errors import StoreUnavailable
from bridge.thread.outbox_reports import OutboxFigures

if TYPE_CHECKING:
    from signaling.app import Runtime

CONTENT_TYPE = "text/plain; version=0.0.4"

_UNSENT = ("pending", "sending", "failed", "uncertain", "dropped")
_OUTCOMES = ("delivered", "failed", "uncertain")
_KEPT_OUTCOMES = ("kept", "written", "given_up", "dropped")

Read = Callable[[], float]


def add_metrics(app: web.Application, runtime: Runtime) -> None:
    """Serve `runtime.metrics` on `app`, to whoever may use the REST for programs."""

    async def metrics(request: web.Request) -> web.Response:
        runtime.access.check_request(request)
        body = await runtime.metrics.scrape()
        return web.Response(body=body, headers={"Content-Type": f"{CONTENT_TYPE}; charset=utf-8"})

    app.router.add_get("/metrics", metrics)


class Metrics(Collector):
    """The figures of one process."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._outbox: OutboxFigures | None = None
        self._given: list[tuple[str, str, Read, bool]] = []
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self)
        ProcessCollector(registry=self._registry)

    def gauge(self, name: str, meaning: str, read: Read) -> None:
        """Show what `read` returns at each scrape as `patchbay_<name>`."""
        self._given.append((name, meaning, read, False))

    def counter(self, name: str, meaning: str, read: Read) -> None:
        """Show what `read` returns, which never falls, as `patchbay_<name>_total`."""
        self._given.append((name, meaning, read, True))

    async def scrape(self) -> bytes:
        """Everything as it is now, as text."""
        try:
            self._outbox = await self._runtime.store.outbox_figures()
        except StoreUnavailable:
            self._outbox = None
        return generate_latest(self._registry)

    def collect(self) -> Iterator[Metric]:
        """See prometheus_client."""
        yield from self._calls()
        yield from self._delivery()
        yield from self._speech()
        yield from self._backlog()
        yield from self._thread()
        for name, number in self._runtime.counts().items():
            yield _counter(_snake(name), "Counted since the start; also in /readyz.", number)
        for name, meaning, read, rises in self._given:
            yield (_counter if rises else _gauge)(name, meaning, read())

    def _calls(self) -> Iterator[Metric]:
        states = dict.fromkeys((state.value for state in State if state is not State.ENDED), 0)
        for call in self._runtime.switchboard.live:
            states[call.state.value] += 1
        counts = self._runtime.call_counts
        yield _gauges("calls", "Live calls.", "state", states)
        yield _counter("calls_started", "Calls that began.", counts.started)
        yield _counters("calls_ended", "Calls that ended.", "reason", counts.ended)
        yield _counter("handoffs", "Times that a person was asked for.", counts.handoffs)
        yield _counter("offers", "Rounds of ringing; a claim that lapses leads to another.", counts.offers)
        yield _counter("claims", "Times that a person took a call.", counts.claims)
        yield _counters("offers_withdrawn", "Offers that nobody took.", "reason", counts.withdrawn)

    def _delivery(self) -> Iterator[Metric]:
        yield _gauge("database_up", "1 where the database answered this scrape.", self._outbox is not None)
        if self._outbox is not None:
            rows = {state: self._outbox.rows.get(state, 0) for state in _UNSENT}
            yield _gauges("outbox_rows", "Deliveries to alive5 that are not delivered.", "state", rows)
            yield _gauge(
                "outbox_oldest_seconds", "Age of the oldest delivery that waits.", self._outbox.oldest_s
            )
        pump = self._runtime.pump
        if pump is not None:
            outcomes = {outcome: pump.outcomes[outcome] for outcome in _OUTCOMES}
            yield _counters("outbox_deliveries", "Deliveries by what became of them.", "outcome", outcomes)
            yield _gauge("alive5_connections", "Threads served, or kept connected.", pump.connections)

    def _speech(self) -> Iterator[Metric]:
        engines: dict[str, RecogniserEngine | VoiceEngine]
        engines = {"stt": self._runtime.stt, "tts": self._runtime.tts}
        ready = {name: float(engine.ready) for name, engine in engines.items()}
        yield _gauges("speech_ready", "1 where the engine answers.", "engine", ready)
        yield _counters("speech_restarts", "Times that a worker died.", "engine", _each(engines, "restarts"))
        yield _counters("speech_shed", "Partials dropped under load.", "engine", _each(engines, "shed_count"))
        labels = ["engine", "urgency"]
        queued = GaugeMetricFamily("patchbay_speech_queued", "Jobs that wait for the worker.", labels=labels)
        oldest = GaugeMetricFamily(
            "patchbay_speech_oldest_seconds", "How long the oldest of them waits.", labels=labels
        )
        for name, engine in engines.items():
            for urgency, (number, seconds) in _waiting(engine).items():
                queued.add_metric([name, urgency], number)
                oldest.add_metric([name, urgency], seconds)
        yield queued
        yield oldest

    def _backlog(self) -> Iterator[Metric]:
        backlog = self._runtime.backlog
        yield _gauge("backlog_rows", "Utterances that are kept until there is time.", backlog.rows)
        yield _gauge("backlog_seconds", "How long they are together.", backlog.seconds)
        yield _gauge("backlog_oldest_seconds", "How long the oldest of them waits.", backlog.oldest_s)
        outcomes = {outcome: float(getattr(backlog, outcome)) for outcome in _KEPT_OUTCOMES}
        yield _counters(
            "backlog_utterances",
            "Utterances that were kept, and those of them that came to their end: written, "
            "given_up (the engine fails on them), dropped (no room).",
            "outcome",
            outcomes,
        )
        meaning = "Seconds of speech that were given up or dropped."
        yield _counter("backlog_given_up_seconds", meaning, backlog.given_up_s)

    def _thread(self) -> Iterator[Metric]:
        thread_log = self._runtime.log
        unsaved = sum(call.thread.unsaved for call in self._runtime.switchboard.unfinished)
        yield _gauge("thread_unsaved", "Messages that are known and not committed yet.", unsaved)
        yield _counter(
            "thread_commit_failures", "Commits that the database refused.", thread_log.commit_failures
        )
        yield _counter("thread_dropped", "Messages given up for lack of a database.", thread_log.dropped)


def _each(parts: Mapping[str, object], name: str) -> dict[str, float]:
    """The figure `name` of those parts that have it."""
    found: dict[str, Any] = {key: getattr(part, name, None) for key, part in parts.items()}
    return {key: float(value) for key, value in found.items() if value is not None}


def _waiting(engine: object) -> dict[str, tuple[int, float]]:
    """How many jobs wait for `engine`, and for how many seconds the oldest has, by urgency where it knows."""
    waiting = getattr(engine, "waiting", None)
    if waiting is None:
        return {"all": (getattr(engine, "queued", 0), 0.0)}
    return {urgency.name.lower(): waiting(urgency) for urgency in Urgency}


def _gauge(name: str, meaning: str, value: float) -> Metric:
    return GaugeMetricFamily(f"patchbay_{name}", meaning, value=float(value))


def _counter(name: str, meaning: str, value: float) -> Metric:
    return CounterMetricFamily(f"patchbay_{name}", meaning, value=float(value))


def _gauges(name: str, meaning: str, label: str, values: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(f"patchbay_{name}", meaning, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family


def _counters(name: str, meaning: str, label: str, values: Mapping[str, float]) -> Metric:
    family = CounterMetricFamily(f"patchbay_{name}", meaning, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()
