"""Messages and threads as JSON, the way the outside is promised them."""

from __future__ import annotations

from datetime import UTC, datetime

from bridge.ports import Message, ThreadSummary


def iso_utc(moment: datetime) -> str:
    """`moment` (aware) as ISO 8601 UTC with milliseconds: "2026-11-21T21:15:00.123Z"."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def message_view(message: Message) -> dict[str, object]:
    """The contract's Message: camelCase keys, JSON-ready values."""
    return {
        "id": message.id,
        "threadId": message.thread_id,
        "callId": message.call_id,
        "seq": message.seq,
        "speaker": message.speaker,
        "name": message.name,
        "text": message.text,
        "final": message.final,
        "startedAt": iso_utc(message.started_at),
        "endedAt": iso_utc(message.ended_at),
        "delivery": message.delivery,
        "late": message.late,
        "deliveryNote": message.delivery_note,
    }


def summary_view(row: ThreadSummary) -> dict[str, object]:
    """A row of the list of threads as JSON."""
    return {
        "threadId": row.thread_id,
        "crmId": row.crm_id,
        "channelId": row.channel_id,
        "number": row.number,
        "name": row.name,
        "lastAt": iso_utc(row.last_at),
        "messageCount": row.message_count,
    }
