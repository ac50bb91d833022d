"""Socket.IO namespace `/thread`: a conversation as it grows, for whoever reads it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeGuard

import structlog
from socketio.exceptions import ConnectionRefusedError as Refusal

from bridge.errors import BridgeError
from bridge.ports import Message
from bridge.thread.log import ThreadLog
from bridge.thread.views import message_view
from signaling.access import ProgramAccess
from signaling.emitter import Emitter
from signaling.errors import SignalingError, error_body
from signaling.namespace import Namespace, shown
from signaling.ratelimit import TokenBuckets
from signaling.texts import is_unicode

log = structlog.get_logger()

NAMESPACE = "/thread"
_MOST_THREADS = 50
_LONGEST_ID = 200
_LAST_SEQ = 2**53


@dataclass(slots=True)
class _Subscription:
    """One viewer's place in one thread: which finals it has been given."""

    unsubscribe: Callable[[], None] = lambda: None
    given_up_to: int | None = None
    given: set[int] = field(default_factory=set)
    early: list[Message] = field(default_factory=list)


class ThreadNamespace(Namespace):
    """`subscribe {threadId, afterSeq?}` → ack `{ok, messages}`, then `message` events as they come."""

    def __init__(self, access: ProgramAccess, thread_log: ThreadLog, emitter: Emitter) -> None:
        super().__init__(NAMESPACE)
        self._access = access
        self._log = thread_log
        self._emitter = emitter
        self._buckets = TokenBuckets(capacity=50, refill_s=0.1)
        self._viewers: dict[str, dict[str, _Subscription]] = {}
        self._only: dict[str, str] = {}
        """Socket → the one thread that its viewer's token is for."""
        self.unknown = 0

    async def trigger_event(self, event: object, *args: Any) -> Any:
        """Dispatch a client's event; unknown ones are counted and answered with an error."""
        sid = args[0]
        if self.begins(event, known=sid in self._viewers):
            return self._connect(*args)
        if self.ends(event, sid):
            self._only.pop(sid, None)
            for subscription in self._viewers.pop(sid, {}).values():
                subscription.unsubscribe()
            return None
        if event not in ("subscribe", "unsubscribe") or sid not in self._viewers:
            self.unknown += 1
            return {"ok": False, **error_body("unknown_event", f"There is no event {shown(event)} here.")}
        if self._buckets.take(sid, time.time()):
            return {"ok": False, **error_body("too_many_requests", "Too many events at once: wait a moment.")}
        payload = args[1] if len(args) > 1 else None
        try:
            return await self._subscribe(sid, payload, wanted=event == "subscribe")
        except BridgeError as error:
            return {"ok": False, **error_body(error.code, error.message)}

    def _connect(self, sid: str, environ: Mapping[str, Any], auth: Any = None) -> None:
        token = auth.get("token") if isinstance(auth, Mapping) else None
        try:
            only = self._access.check_reader(
                token, origin=environ.get("HTTP_ORIGIN"), host=environ.get("HTTP_HOST")
            )
        except SignalingError as error:
            raise Refusal(error.message, error_body(error.code, error.message)) from None
        self._viewers[sid] = {}
        if only is not None:
            self._only[sid] = only

    async def _subscribe(self, sid: str, payload: Any, *, wanted: bool) -> dict[str, object]:
        thread_id = payload.get("threadId") if isinstance(payload, Mapping) else None
        after = payload.get("afterSeq", 0) if isinstance(payload, Mapping) else 0
        if not _is_id(thread_id) or not _is_seq(after):
            raise BridgeError("`threadId` must be a text and `afterSeq` a number from 0.", code="bad_request")
        if self._only.get(sid, thread_id) != thread_id:
            raise BridgeError("This link is for another conversation.", code="other_thread")
        viewer = self._viewers[sid]
        old = viewer.pop(thread_id, None)
        if old is not None:
            old.unsubscribe()
        if not wanted:
            return {"ok": True}
        if len(viewer) >= _MOST_THREADS:
            raise BridgeError(f"At most {_MOST_THREADS} threads at once.", code="too_many_threads")
        subscription = viewer[thread_id] = _Subscription()
        # First listen, then read: what is committed in between comes by both ways and is told once.
        subscription.unsubscribe = self._log.subscribe(
            thread_id, lambda message: self._told(sid, subscription, message)
        )
        try:
            messages = await self._log.store.messages(thread_id, after_seq=after)
        except BaseException:
            subscription.unsubscribe()
            viewer.pop(thread_id, None)
            raise
        if sid not in self._viewers:
            subscription.unsubscribe()
        found = messages or []
        subscription.given_up_to = found[-1].seq if found else after
        early, subscription.early = subscription.early, []
        for message in early:
            self._told(sid, subscription, message)
        return {"ok": True, "messages": [message_view(message) for message in found]}

    def _told(self, sid: str, subscription: _Subscription, message: Message) -> None:
        if subscription.given_up_to is None:
            subscription.early.append(message)
            return
        if message.final:
            if message.seq <= subscription.given_up_to or message.seq in subscription.given:
                self._emit(sid, "delivery", _delivery(message))
                return
            subscription.given.add(message.seq)
            while subscription.given_up_to + 1 in subscription.given:
                subscription.given_up_to += 1
                subscription.given.discard(subscription.given_up_to)
        self._emit(sid, "message", message_view(message))

    def _emit(self, sid: str, event: str, data: object) -> None:
        self._emitter.emit(event, data, room=sid, namespace=NAMESPACE)


def _is_id(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and 0 < len(value) <= _LONGEST_ID and is_unicode(value)


def _is_seq(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _LAST_SEQ


def _delivery(message: Message) -> dict[str, object]:
    return {
        "threadId": message.thread_id,
        "id": message.id,
        "seq": message.seq,
        "delivery": message.delivery,
    }
