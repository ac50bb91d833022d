"""TwiML stays TwiML, whatever the caller is called."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telephony.errors import CallRejected
from telephony.twilio import dialer, twiml

URL = "wss://calls.example.com/telephony/twilio/stream"


def test_a_call_is_connected_to_the_stream_with_its_parameters():
    body = twiml.connect_stream(URL, {"number": "+15550100", "token": "abc"})
    assert body == (
        b"<?xml version='1.0' encoding='utf-8'?>\n"
        b'<Response><Connect><Stream url="wss://calls.example.com/telephony/twilio/stream">'
        b'<Parameter name="number" value="+15550100" /><Parameter name="token" value="abc" />'
        b"</Stream></Connect></Response>"
    )


@pytest.mark.parametrize(
    "value",
    [
        '"/></Stream></Connect><Dial>+1900</Dial><Connect><Stream url="x',
        "<Dial>+1900</Dial>",
        "&amp;&lt;&#0;",
        "]]><!--",
        'O\'Brien & "Söhne" 電話',
    ],
)
def test_a_hostile_value_stays_a_value(value):
    target = dialer.read_twiml(twiml.connect_stream(URL, {"name": value}).decode())
    assert (target.url, target.parameters) == (URL, {"name": value})


@settings(deadline=None)
@given(st.dictionaries(st.text(), st.text(), max_size=5))
def test_every_answer_is_well_formed(parameters):
    response = ElementTree.fromstring(twiml.connect_stream(URL, parameters))
    assert [child.tag for child in response] == ["Connect"]
    assert {child.tag for child in response.iterfind("Connect/Stream/*")} <= {"Parameter"}


def test_what_xml_cannot_carry_is_removed():
    target = dialer.read_twiml(twiml.connect_stream(URL, {"name": "A\x00n\x1bn\ud800\ufffe"}).decode())
    assert target.parameters == {"name": "Ann"}


def test_values_that_are_empty_or_too_long_for_twilio_are_left_out():
    body = twiml.connect_stream(URL, {"a": "", "b": "x" * 499, "c": "x" * 500})
    assert dialer.read_twiml(body.decode()).parameters == {"b": "x" * 499}


def test_a_call_is_rejected_as_busy():
    root = ElementTree.fromstring(twiml.reject_busy())
    assert [(child.tag, child.attrib) for child in root] == [("Reject", {"reason": "busy"})]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ('<Response><Reject reason="busy"/></Response>', "busy"),
        ("<Response><Say>Hello</Say></Response>", "bad_twiml"),
        ("not xml", "bad_twiml"),
    ],
)
def test_the_dialer_says_why_there_is_no_stream(body, code):
    with pytest.raises(CallRejected) as rejected:
        dialer.read_twiml(body)
    assert rejected.value.code == code
