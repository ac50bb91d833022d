"""Frames of 20 ms from payloads of any length."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.ports import Codec
from telephony.errors import MalformedPayload
from telephony.framer import Framer


@settings(deadline=None)
@given(st.sampled_from(list(Codec)), st.lists(st.binary(max_size=1000), max_size=12))
def test_every_byte_comes_out_once_in_order_in_whole_frames(codec, payloads):
    if codec.encoding == "l16":
        payloads = [payload * 2 for payload in payloads]
    framer = Framer(codec)
    frames = [frame for payload in payloads for frame in framer.push(payload)]
    assert all(len(frame) == codec.frame_bytes for frame in frames)
    assert framer.held < codec.frame_bytes
    data = b"".join(payloads)
    last = framer.flush()
    assert (b"".join(frames) + (last or b""))[: len(data)] == data
    assert framer.held == 0


@pytest.mark.parametrize(
    ("codec", "silence"), [(Codec.PCMU, b"\xff"), (Codec.PCMA, b"\xd5"), (Codec.L16_16K, b"\x00")]
)
def test_the_last_frame_is_padded_with_the_codecs_silence(codec, silence):
    framer = Framer(codec)
    assert framer.push(b"\x01\x02") == []
    assert framer.flush() == b"\x01\x02" + silence * (codec.frame_bytes - 2)
    assert framer.flush() is None


def test_odd_sized_linear_audio_is_refused_and_changes_nothing():
    framer = Framer(Codec.L16_8K)
    framer.push(b"\x01\x02")
    with pytest.raises(MalformedPayload):
        framer.push(b"\x03")
    assert framer.push(bytes(318)) == [b"\x01\x02" + bytes(318)]
