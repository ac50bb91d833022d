"""Socket.IO namespace `/thread`: a conversation as it grows, for whoever reads it."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any, TypeGuard

import structlog
from socketio.exceptions import ConnectionRefusedError as Refusal

from bridge.errors import BridgeError
from bridge.tasks import TaskOwner
from bridge.thread.log import ThreadLog
from bridge.thread.views import message_view
from signaling.access import ProgramAccess
from signaling.emitter import Emitter
from signaling.errors import SignalingError, error_body
from signaling.namespace import Namespace, shown
from signaling.ratelimit import TokenBuckets
from signaling.texts import is_unicode
from signaling.thread_feed import Feed

log = structlog.get_logger()

NAMESPACE = "/thread"
_MOST_THREADS = 50
_LONGEST_ID = 200
_LAST_SEQ = 2**53
_PATIENCE_S = 5.0


class ThreadNamespace(Namespace):
    """`subscribe {threadId, afterSeq?}` → ack `{ok, messages}`, then `message` events as they come."""

    def __init__(self, access: ProgramAccess, thread_log: ThreadLog, emitter: Emitter) -> None:
        super().__init__(NAMESPACE)
        self._access = access
        self._log = thread_log
        self._emitter = emitter
        self._buckets = TokenBuckets(capacity=50, refill_s=0.1)
        self._tasks = TaskOwner("thread_viewers")
        self._viewers: dict[str, dict[str, Feed]] = {}
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
            for feed in self._viewers.pop(sid, {}).values():
                feed.stop()
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
            old.stop()
        if not wanted:
            return {"ok": True}
        if len(viewer) >= _MOST_THREADS:
            raise BridgeError(f"At most {_MOST_THREADS} threads at once.", code="too_many_threads")
        return {"ok": True, "messages": await self._begin(sid, thread_id, after)}

    async def _begin(self, sid: str, thread_id: str, after: int) -> list[dict[str, object]]:
        """Subscribe a viewer; the messages for its ack. Raises BridgeError, and then it is not subscribed."""
        viewer = self._viewers[sid]
        feed = viewer[thread_id] = Feed(
            self._log,
            thread_id,
            emit=lambda event, data: self._emit(sid, event, data),
            behind=lambda feed: self._help(sid, feed),
        )
        try:
            found = await feed.begin(after)
            if sid in self._only and not feed.exists:
                raise BridgeError("There is no such conversation any more.", code="not_found")
        except BaseException:
            feed.stop()
            # Another subscription of the same socket may have taken its place meanwhile.
            if viewer.get(thread_id) is feed:
                del viewer[thread_id]
            raise
        if self._viewers.get(sid, {}).get(thread_id) is not feed:
            feed.stop()
        return [message_view(message) for message in found]

    def _help(self, sid: str, feed: Feed) -> None:
        """Have a feed that is behind catch up, as fast as its client takes it."""
        feed.task = self._tasks.start(feed.catch_up(lambda: self._drained(sid)), "catch_up")

    async def _drained(self, sid: str) -> None:
        """Return once what was emitted so far has been taken by the client; one that is gone is cancelled."""
        await self._emitter.flush(_PATIENCE_S)
        engine = self.server.eio.sockets.get(self.server.manager.eio_sid_from_sid(sid, NAMESPACE))
        if engine is not None:
            await engine.queue.join()

    def thread_deleted(self, thread_ids: Iterable[str]) -> None:
        """Tell those who read these threads that they are gone; their subscriptions end."""
        for thread_id in thread_ids:
            for sid, viewer in self._viewers.items():
                feed = viewer.pop(thread_id, None)
                if feed is not None:
                    feed.stop()
                    self._emit(sid, "thread_deleted", {"threadId": thread_id})

    @property
    def read(self) -> set[str]:
        """Ids of the threads there are that somebody reads."""
        feeds = (feed for viewer in self._viewers.values() for feed in viewer.values())
        return {feed.thread_id for feed in feeds if feed.exists}

    async def close(self) -> None:
        """End what is still being sent. Idempotent."""
        await self._tasks.close()

    def _emit(self, sid: str, event: str, data: object) -> None:
        self._emitter.emit(event, data, room=sid, namespace=NAMESPACE)


def _is_id(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and 0 < len(value) <= _LONGEST_ID and is_unicode(value)


def _is_seq(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _LAST_SEQ
