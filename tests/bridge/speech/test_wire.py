from __future__ import annotations

import itertools
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.speech.wire import (
    MAX_HEADER_BYTES,
    MAX_PAYLOAD_BYTES,
    Frame,
    FrameParser,
    MalformedFrame,
    encode,
)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
frames = st.builds(Frame, st.dictionaries(st.text(), json_values, max_size=4), st.binary(max_size=400))


def packed(header: bytes, payload: bytes = b"") -> bytes:
    return struct.pack("!II", len(header), len(payload)) + header + payload


@given(st.lists(frames, max_size=4), st.lists(st.integers(min_value=0, max_value=3000), max_size=12))
def test_frames_survive_any_split_of_the_stream(sent: list[Frame], cuts: list[int]) -> None:
    stream = b"".join(encode(frame) for frame in sent)
    points = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    parser = FrameParser()
    got = [frame for begin, end in itertools.pairwise(points) for frame in parser.feed(stream[begin:end])]
    parser.finish()
    assert got == sent


def test_every_truncation_is_unfinished_and_never_a_frame() -> None:
    stream = encode(Frame({"id": 1, "text": "hé"}, b"\x01\x02\x03"))
    for length in range(1, len(stream)):
        parser = FrameParser()
        assert parser.feed(stream[:length]) == []
        with pytest.raises(MalformedFrame, match="ended"):
            parser.finish()


@pytest.mark.parametrize(
    "stream",
    [
        packed(b"[1]"),
        packed(b"nothing"),
        packed(b"\xff\xfe"),
        packed(b""),
        packed(b"[" * 60_000),
        struct.pack("!II", MAX_HEADER_BYTES + 1, 0),
        struct.pack("!II", 2, MAX_PAYLOAD_BYTES + 1),
        b"\xff" * 64,
    ],
    ids=["list", "not json", "not utf-8", "empty", "nested", "long header", "long payload", "garbage"],
)
def test_what_is_not_a_frame_raises_and_the_stream_stays_broken(stream: bytes) -> None:
    parser = FrameParser()
    with pytest.raises(MalformedFrame):
        parser.feed(stream)
    with pytest.raises(MalformedFrame, match="before"):
        parser.feed(encode(Frame({"id": 1})))


def test_a_frame_before_a_malformed_one_is_not_lost_silently() -> None:
    parser = FrameParser()
    assert parser.feed(encode(Frame({"id": 1}))) == [Frame({"id": 1})]
    with pytest.raises(MalformedFrame):
        parser.feed(packed(b"[]"))


@pytest.mark.parametrize(
    "frame",
    [Frame({"text": "x" * MAX_HEADER_BYTES}), Frame({}, bytes(MAX_PAYLOAD_BYTES + 1))],
    ids=["header", "payload"],
)
def test_a_frame_too_large_to_be_parsed_is_not_encoded(frame: Frame) -> None:
    with pytest.raises(MalformedFrame):
        encode(frame)


@given(st.binary(max_size=200))
def test_any_bytes_are_frames_unfinished_or_malformed(stream: bytes) -> None:
    parser = FrameParser()
    try:
        parsed = parser.feed(stream)
    except MalformedFrame:
        return
    again = FrameParser()
    assert again.feed(b"".join(encode(frame) for frame in parsed)) == parsed
