"""Twilio's messages as its documentation shows them, and everything that is not one."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telephony.twilio import wire

AUDIO = bytes(range(160))
CONNECTED = '{"event":"connected","protocol":"Call","version":"1.0.0"}'
START = (
    '{"event":"start","sequenceNumber":"1","streamSid":"MZ1","start":{"accountSid":"AC1","streamSid":"MZ1",'
    '"callSid":"CA1","tracks":["inbound"],"mediaFormat":{"encoding":"audio/x-mulaw","sampleRate":8000,'
    '"channels":1},"customParameters":{"threadId":"t1","crmId":"c1"}}}'
)
MEDIA = (
    '{"event":"media","sequenceNumber":"4","streamSid":"MZ1","media":{"track":"inbound","chunk":"2",'
    '"timestamp":"5","payload":"' + base64.b64encode(AUDIO).decode() + '"}}'
)
DTMF = '{"event":"dtmf","streamSid":"MZ1","sequenceNumber":"5","dtmf":{"track":"inbound_track","digit":"1"}}'
MARK = '{"event":"mark","sequenceNumber":"4","streamSid":"MZ1","mark":{"name":"m1"}}'
STOP = '{"event":"stop","sequenceNumber":"5","streamSid":"MZ1","stop":{"accountSid":"AC1","callSid":"CA1"}}'
VECTORS = {
    CONNECTED: wire.Connected("Call", "1.0.0"),
    START: wire.Start("MZ1", "CA1", "AC1", parameters={"threadId": "t1", "crmId": "c1"}),
    MEDIA: wire.Media("MZ1", AUDIO, "inbound"),
    DTMF: wire.Dtmf("MZ1", "1"),
    MARK: wire.Mark("MZ1", "m1"),
    STOP: wire.Stop("MZ1", "CA1"),
}


@pytest.mark.parametrize(("message", "event"), VECTORS.items(), ids=lambda item: str(item)[:20])
def test_each_documented_message_is_understood(message, event):
    assert wire.parse(message) == event
    assert wire.parse(message.encode()) == event


@pytest.mark.parametrize("message", VECTORS, ids=lambda item: item[:20])
def test_every_truncation_is_malformed(message):
    for length in range(len(message)):
        assert wire.parse(message[:length]) == wire.Malformed("not JSON")


@pytest.mark.parametrize("message", VECTORS, ids=lambda item: item[:20])
def test_no_field_of_the_wrong_type_raises(message):
    document = json.loads(message)
    places = [(document, key) for key in document]
    for inner in document.values():
        if isinstance(inner, dict):
            places += [(inner, key) for key in inner]
    for place, key in places:
        right = place[key]
        for wrong in (None, 7, -1, 1.5, True, "", "x", [], {}, [[]], "9" * 5000, "²"):
            place[key] = wrong
            assert isinstance(
                wire.parse(json.dumps(document)), wire.Event | wire.Malformed | wire.Unsupported
            )
        place[key] = right


@settings(deadline=None)
@given(st.binary() | st.text())
def test_nothing_that_arrives_raises(message):
    assert isinstance(wire.parse(message), wire.Malformed | wire.Unsupported)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)
FIELDS = ["streamSid", "callSid", "accountSid", "mediaFormat", "encoding", "sampleRate", "channels"]
FIELDS += ["customParameters", "track", "chunk", "timestamp", "payload", "digit", "name"]
BODY = st.dictionaries(st.sampled_from(FIELDS), JSON | st.text(max_size=5))
EVENTS = ["connected", "start", "media", "dtmf", "mark", "stop"]


@settings(deadline=None)
@given(st.sampled_from(EVENTS), BODY, JSON)
def test_no_json_raises(event, body, stream_sid):
    document = {"event": event, event: body, "streamSid": stream_sid}
    parsed = wire.parse(json.dumps(document))
    assert isinstance(parsed, wire.Event | wire.Malformed)


def changed(message, path, value):
    document = json.loads(message)
    place = document
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return json.dumps(document)


@pytest.mark.parametrize(
    ("message", "path", "value", "reason"),
    [
        (MEDIA, ["media", "payload"], "AAA", "media: payload is not base64"),
        (MEDIA, ["media", "payload"], "AA AA===", "media: payload is not base64"),
        (MEDIA, ["media", "payload"], "é" * 4, "media: payload is not base64"),
        (MEDIA, ["media", "payload"], 5, "media: no payload"),
        (MEDIA, ["media"], None, "media: media is not an object"),
        (DTMF, ["dtmf", "digit"], "11", "dtmf: not a key of a telephone"),
        (DTMF, ["dtmf", "digit"], "", "dtmf: not a key of a telephone"),
        (MARK, ["mark", "name"], 3, "mark: name is not text"),
        (START, ["streamSid"], "", "start: streamSid is empty, too long or not printable"),
        (START, ["start", "callSid"], "C" * 201, "start: callSid is empty, too long or not printable"),
        (START, ["start", "callSid"], "C\n", "start: callSid is empty, too long or not printable"),
        (START, ["start", "mediaFormat"], "pcmu", "start: mediaFormat is not an object"),
        (START, ["start", "mediaFormat", "sampleRate"], "fast", "start: sampleRate is not a number"),
        (START, ["start", "customParameters"], ["t1"], "start: customParameters is not an object"),
        (STOP, ["stop"], 1, "stop: stop is not an object"),
        (STOP, ["event"], 1, "no event"),
    ],
)
def test_the_reason_names_what_is_wrong(message, path, value, reason):
    assert wire.parse(changed(message, path, value)) == wire.Malformed(reason)


def test_an_unknown_event_is_unsupported_and_not_malformed():
    assert wire.parse('{"event":"weather"}') == wire.Unsupported("weather")


@pytest.mark.parametrize("depth", [1000, 5000, 30_000])
def test_deep_nesting_is_malformed(depth):
    nested = '{"event":"stop","stop":' + "[" * depth + "]" * depth + "}"
    assert isinstance(wire.parse(nested), wire.Malformed)


def test_numbers_are_taken_as_text_and_as_numbers():
    as_text = changed(START, ["start", "mediaFormat", "sampleRate"], "8000")
    assert wire.parse(as_text) == VECTORS[START]
    as_number = changed(START, ["start", "mediaFormat", "sampleRate"], 8000)
    assert wire.parse(as_number) == VECTORS[START]


def test_a_parameter_may_be_a_number_and_nothing_deeper():
    parameters = {"crmId": 42, "name": "Ann", "flag": True, "list": [1], "none": None}
    start = wire.parse(changed(START, ["start", "customParameters"], parameters))
    assert isinstance(start, wire.Start)
    assert start.parameters == {"crmId": "42", "name": "Ann"}


def test_a_payload_may_have_any_length():
    for length in (0, 1, 159, 161, 3200):
        payload = bytes(length)
        parsed = wire.parse(changed(MEDIA, ["media", "payload"], base64.b64encode(payload).decode()))
        assert isinstance(parsed, wire.Media)
        assert parsed.payload == payload


def test_our_messages_are_what_twilio_documents():
    assert wire.mark("MZ1", "m1") == b'{"event":"mark","streamSid":"MZ1","mark":{"name":"m1"}}'
    assert wire.clear("MZ1") == b'{"event":"clear","streamSid":"MZ1"}'
    assert wire.media("MZ1", b"\xff\x7f") == (
        b'{"event":"media","streamSid":"MZ1","media":{"payload":"/38="}}'
    )


@settings(deadline=None)
@given(st.binary(max_size=400))
def test_our_media_survive_a_round_trip(payload):
    parsed = wire.parse(wire.media("MZ1", payload))
    assert parsed == wire.Media("MZ1", payload, "inbound")
