"""Messages as the contract shows them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from bridge.ports import Message
from bridge.thread.views import iso_utc, message_view


def test_a_message_has_exactly_the_contracts_fields() -> None:
    start = datetime(2026, 11, 21, 12, 0, 0, 5_999, tzinfo=UTC)
    message = Message("m", "t", "c", 3, "human", "Ada", "Hi", True, start, start, "pending")
    assert message_view(message) == {
        "id": "m",
        "threadId": "t",
        "callId": "c",
        "seq": 3,
        "speaker": "human",
        "name": "Ada",
        "text": "Hi",
        "final": True,
        "startedAt": "2026-11-21T12:00:00.005Z",
        "endedAt": "2026-11-21T12:00:00.005Z",
        "delivery": "pending",
        "late": False,
        "deliveryNote": None,
    }


def test_times_are_utc_with_milliseconds_whatever_zone_they_came_in() -> None:
    berlin = timezone(timedelta(hours=1))
    assert iso_utc(datetime(2026, 1, 1, 0, 30, tzinfo=berlin)) == "2025-12-31T23:30:00.000Z"
