"""What waits for a slow provider."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from telephony.outbox import Outbox


def drained(outbox):
    return list(iter(outbox.pop, None))


def test_the_oldest_media_go_first_and_control_stays_in_its_place():
    outbox = Outbox(max_media=2, max_control=10)
    dropped = [outbox.put_media(b"1")]
    outbox.put_control(b"mark")
    dropped += [outbox.put_media(payload) for payload in (b"2", b"3", b"4")]
    assert dropped == [0, 0, 1, 1]
    assert drained(outbox) == [b"mark", b"3", b"4"]


def test_dropping_the_media_keeps_the_control_messages_in_order():
    outbox = Outbox(max_media=5, max_control=10)
    for index in range(3):
        outbox.put_media(b"audio")
        outbox.put_control(b"mark %d" % index)
    assert outbox.drop_media() == 3
    assert outbox.drop_media() == 0
    assert drained(outbox) == [b"mark 0", b"mark 1", b"mark 2"]


def test_it_is_full_when_too_many_control_messages_wait():
    outbox = Outbox(max_media=5, max_control=2)
    outbox.put_control(b"a")
    outbox.put_media(b"audio")
    assert not outbox.full
    outbox.put_control(b"b")
    assert outbox.full


@settings(deadline=None)
@given(st.lists(st.sampled_from(["media", "control", "pop", "drop"]), max_size=60))
def test_media_never_exceed_their_limit_and_are_counted_right(steps):
    outbox = Outbox(max_media=3, max_control=1000)
    sent, gone = 0, 0
    for step in steps:
        if step == "media":
            gone += outbox.put_media(b"m%d" % sent)
            sent += 1
        elif step == "control":
            outbox.put_control(b"c")
        elif step == "pop":
            gone += (outbox.pop() or b"").startswith(b"m")
        else:
            gone += outbox.drop_media()
        assert outbox.media <= 3
    left = [message for message in drained(outbox) if message.startswith(b"m")]
    assert len(left) == sent - gone
    assert left == [b"m%d" % index for index in range(sent - len(left), sent)]
    assert (len(outbox), outbox.media) == (0, 0)
