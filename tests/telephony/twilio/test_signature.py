"""Twilio's signatures, by its own documented example."""

from __future__ import annotations

import pytest

from telephony.twilio import signature

# The example of twilio.com/docs/usage/security and of Twilio's own libraries.
TOKEN = "12345"
URL = "https://mycompany.com/myapp.php?foo=1&bar=2"
FORM = [
    ("CallSid", "CA1234567890ABCDE"),
    ("Caller", "+14158675309"),
    ("Digits", "1234"),
    ("From", "+14158675309"),
    ("To", "+18005551212"),
]
SIGNATURE = "RSOYDt4T1cUTdK1PDd93/VVr8B8="


def test_the_documented_example_is_signed():
    assert signature.sign(TOKEN, URL, FORM) == SIGNATURE
    assert signature.is_signed(TOKEN, URL, FORM, SIGNATURE)


def test_the_order_of_the_fields_does_not_matter():
    assert signature.is_signed(TOKEN, URL, reversed(FORM), SIGNATURE)


@pytest.mark.parametrize("port", [":443", ":1234"])
def test_the_port_may_be_left_out_of_what_is_signed(port):
    assert signature.is_signed(TOKEN, URL.replace(".com", ".com" + port), FORM, SIGNATURE)


def test_the_default_port_may_be_put_into_what_is_signed():
    signed = signature.sign(TOKEN, URL.replace(".com", ".com:443"), FORM)
    assert signature.is_signed(TOKEN, URL, FORM, signed)


@pytest.mark.parametrize(
    ("token", "url", "form", "given"),
    [
        ("12346", URL, FORM, SIGNATURE),
        (TOKEN, URL + "3", FORM, SIGNATURE),
        (TOKEN, URL.replace("https", "http"), FORM, SIGNATURE),
        (TOKEN, URL.replace("mycompany", "yourcompany"), FORM, SIGNATURE),
        (TOKEN, URL, FORM[1:], SIGNATURE),
        (TOKEN, URL, [*FORM, ("More", "1")], SIGNATURE),
        (TOKEN, URL, FORM, ""),
        (TOKEN, URL, FORM, SIGNATURE[:-1]),
        (TOKEN, URL, FORM, SIGNATURE.lower()),
        (TOKEN, URL, FORM, "ünsigned \udc80"),
    ],
)
def test_anything_else_is_not_signed(token, url, form, given):
    assert not signature.is_signed(token, url, form, given)


def test_a_field_that_comes_twice_counts_once_per_value():
    twice = [("a", "2"), ("a", "1"), ("a", "2")]
    assert signature.sign(TOKEN, URL, twice) == signature.sign(TOKEN, URL + "a1a2")


@pytest.mark.parametrize("signed", ["wss://h.example/s", "https://h.example/s", "wss://h.example:443/s"])
def test_an_upgrade_may_be_signed_as_either_scheme(signed):
    given = signature.sign(TOKEN, signed)
    assert signature.is_upgrade_signed(TOKEN, "https://h.example/s", given)
    assert not signature.is_upgrade_signed(TOKEN, "https://h.example/t", given)
