"""Who calls, by the parameters of a stream."""

from __future__ import annotations

import uuid

import pytest

from telephony.identity import identify


def test_the_parameters_name_the_caller_in_either_spelling():
    for names in (("threadId", "crmId", "channelId"), ("thread_id", "crm_id", "channel_id")):
        given = dict(zip(names, ("t", "c", "h"), strict=True)) | {"number": "+1", "name": "Ann"}
        caller, notes = identify(given, provider="twilio")
        assert (caller.thread_id, caller.crm_id, caller.channel_id) == ("t", "c", "h")
        assert (caller.number, caller.name, caller.provider, notes) == ("+1", "Ann", "twilio", ())


def test_what_is_missing_is_generated_anew_for_every_call():
    callers = [identify({"threadId": "  ", "name": ""}, provider="twilio")[0] for _ in range(2)]
    ids = {text for c in callers for text in (c.call_id, c.thread_id, c.crm_id, c.channel_id)}
    assert len(ids) == 8
    assert {uuid.UUID(text).version for text in ids} == {4}
    assert [(caller.number, caller.name) for caller in callers] == [("", None)] * 2


@pytest.mark.parametrize(
    ("value", "note"),
    [
        ("x" * 201, "threadId is longer than 200 characters"),
        ("a\x00b", "threadId is not printable"),
        ("..", "threadId is '..', which no address can have in it"),
    ],
)
def test_a_value_that_cannot_be_used_is_replaced_with_a_note(value, note):
    caller, notes = identify({"threadId": value}, provider="twilio")
    assert notes == (note,)
    assert uuid.UUID(caller.thread_id).version == 4


def test_a_bad_value_in_one_spelling_does_not_hide_the_other():
    caller, notes = identify({"threadId": "\x7f", "thread_id": "t"}, provider="twilio")
    assert (caller.thread_id, len(notes)) == ("t", 1)


def test_a_later_stream_of_the_same_call_inherits_what_it_does_not_say():
    older, _ = identify({"number": "+1", "name": "Ann"}, provider="twilio")
    newer, _ = identify({"crmId": "c"}, provider="twilio", previous=older)
    assert (newer.thread_id, newer.channel_id) == (older.thread_id, older.channel_id)
    assert (newer.crm_id, newer.number, newer.name) == ("c", "+1", "Ann")
    assert newer.call_id == older.call_id
