"""A call as the outside sees it: contract names, JSON-ready."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from bridge.call.states import State, ended_by
from bridge.thread.views import iso_utc as iso
from bridge.thread.views import message_view

if TYPE_CHECKING:
    from bridge.call.call import Call
    from bridge.call.handoff import Handoff
    from bridge.call.operator import OperatorLeg

_SPEAKERS = {State.BOT: "bot", State.BRIDGED: "human"}
_TRANSCRIPT_MOST = 20
_LIVE_S = 2.0
"""A text that takes no longer than this counts as live."""


@dataclass(slots=True)
class Times:
    """Wall-clock times of a call, aware UTC."""

    started: datetime
    handoff: datetime | None = None
    claimed: datetime | None = None
    bridged: datetime | None = None
    ended: datetime | None = None


def call_view(call: Call) -> dict[str, object]:
    """CallView."""
    times, holder = call.times, call.claim.holder if call.claim else call.last_holder
    operator = holder if holder and holder.kind == "human" else None
    agent = holder if holder and holder.kind == "agent" else None
    return {
        "callId": call.caller.call_id,
        "threadId": call.caller.thread_id,
        "crmId": call.caller.crm_id,
        "channelId": call.caller.channel_id,
        "provider": call.caller.provider,
        "caller": caller_view(call),
        "state": call.state.value,
        "speaker": _speaker(call),
        "line": "lost" if call.caller_side.lost else "up",
        "queue": call.handoff.queue if call.handoff else None,
        "reason": call.thread.clean(call.handoff.wish.reason) if call.handoff else None,
        "summary": call.thread.clean(call.handoff.summary or "") if call.handoff else None,
        "operator": {"id": operator.id, "name": operator.name} if operator else None,
        "agent": {"id": agent.id, "name": agent.name} if agent else None,
        "startedAt": iso(times.started),
        "handoffAt": iso(times.handoff) if times.handoff else None,
        "claimedAt": iso(times.claimed) if times.claimed else None,
        "bridgedAt": iso(times.bridged) if times.bridged else None,
        "endedAt": iso(times.ended) if times.ended else None,
        "endReason": call.end.value if call.end else None,
        "endedBy": ended_by(call.end) if call.end else None,
        "transcript": "paused" if call.privacy.paused else "on",
    }


def _speaker(call: Call) -> str:
    if call.state is State.BOT and call.agent.link is not None:
        return "agent"
    return _SPEAKERS.get(call.state, "hold" if call.state is not State.ENDED else "bot")


def caller_view(call: Call) -> dict[str, object]:
    """`{number, name?, provider}`."""
    view: dict[str, object] = {"number": call.caller.number, "provider": call.caller.provider}
    if call.caller.name:
        view["name"] = call.caller.name
    return view


def incoming_view(call: Call, handoff: Handoff) -> dict[str, object]:
    """IncomingCall; only while `handoff` has an offer."""
    assert handoff.offer is not None
    return {
        "callId": call.caller.call_id,
        "threadId": call.caller.thread_id,
        "crmId": call.caller.crm_id,
        "channelId": call.caller.channel_id,
        "caller": caller_view(call),
        "queue": handoff.queue,
        "reason": call.thread.clean(handoff.wish.reason),
        "summary": call.thread.clean(handoff.summary or ""),
        "transcript": [message_view(message) for message in call.thread.recent(_TRANSCRIPT_MOST)],
        "requestedAt": iso(handoff.offer.requested_at),
        "expiresAt": iso(handoff.offer.expires_at),
    }


def quality_view(call: Call, leg: OperatorLeg) -> dict[str, object]:
    """The `quality` event."""
    quality = leg.quality
    rtt = quality.rtt_ms if quality else None
    caller_level, operator_level = call.patch.read_levels()
    return {
        "callId": call.caller.call_id,
        "at": iso(datetime.now(UTC)),
        "rttMs": None if rtt is None else round(rtt, 1),
        "jitterMs": round(quality.jitter_ms, 1) if quality else 0.0,
        "lossPct": round(quality.loss_pct, 1) if quality else 0.0,
        "bufferMs": quality.buffer_ms if quality else 0,
        "callerLevel": caller_level,
        "operatorLevel": operator_level,
        "transcriptBehindS": _behind(call.thread.behind_s),
    }


def _behind(seconds: float) -> float:
    return round(seconds, 1) if seconds > _LIVE_S else 0
