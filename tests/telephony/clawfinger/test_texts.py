"""Texts that the app would not play or has broken, and the passphrase."""

from __future__ import annotations

import pytest

from telephony.clawfinger.gate import Gate
from telephony.clawfinger.replies import as_sent, playable, restored
from tests.harness.phone_app import suppressed, write_bytes

GREETING = "Grüß Gott — hier ist Łukasz 👋"


@pytest.mark.parametrize(
    "reply",
    [
        "I could not hear that clearly.",
        "I could not hear that clearly. Please try again.",
        "I did not hear you, PLEASE  TRY AGAIN!",
        "Please try again. We hear you now.",
    ],
)
def test_a_reply_that_the_app_would_swallow_is_put_in_other_words(reply: str) -> None:
    assert suppressed(" ".join(reply.split()))
    assert not suppressed(playable(reply))
    assert playable(reply)


@pytest.mark.parametrize("reply", ["Nice to hear from you.", "Please try again tomorrow."])
def test_other_replies_stay_as_they_are(reply: str) -> None:
    assert playable(reply) == reply


def test_the_app_cuts_characters_to_eight_bits() -> None:
    assert as_sent(GREETING) == write_bytes(GREETING)


def test_a_greeting_cut_to_eight_bits_is_recognised() -> None:
    assert restored(write_bytes(GREETING), (GREETING, "Hello"), otherwise="Hello") == GREETING


def test_a_name_that_becomes_plain_letters_is_recognised_too() -> None:
    assert write_bytes("Łódź").isascii() is False
    assert write_bytes("Ł") == b"A"
    assert restored(write_bytes("I am Ł"), ("I am Ł",)) == "I am Ł"


def test_an_outdated_broken_greeting_is_replaced_by_the_configured_one() -> None:
    assert restored(write_bytes("Früher ‒ anders"), (GREETING,), otherwise=GREETING) == GREETING


def test_a_sound_greeting_of_somebody_elses_is_kept() -> None:
    assert restored("Guten Tag, Zoë".encode(), (GREETING,), otherwise=GREETING) == "Guten Tag, Zoë"
    assert restored(b"Hello there", (GREETING,), otherwise=GREETING) == "Hello there"


@pytest.mark.parametrize(
    "heard", ["Blue harvest.", "it is, um, BLUE HARVEST!", "Blueharvest", "the phrase is blue, harvest okay"]
)
def test_the_passphrase_is_taken_however_it_is_written_down(heard: str) -> None:
    gate = Gate()
    assert gate.attempt(heard, "Blue Harvest", 3) == "open"
    assert gate.passed


@pytest.mark.parametrize("heard", ["blue", "harvest blue", "blue harvester", "a true blueharvest ish blue"])
def test_what_only_looks_like_it_is_not(heard: str) -> None:
    gate = Gate()
    verdict = gate.attempt(heard, "blue harvest", 0)
    assert (verdict == "open") == ("blueharvest" in heard.split())


def test_the_last_attempt_closes_the_gate() -> None:
    gate = Gate()
    assert [gate.attempt("no", "blue harvest", 3) for _ in range(3)] == ["again", "again", "closed"]
    assert not gate.passed


def test_without_a_limit_it_never_closes() -> None:
    gate = Gate()
    assert {gate.attempt("no", "blue harvest", 0) for _ in range(50)} == {"again"}
