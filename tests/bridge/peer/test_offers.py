"""The answer to each offer that today's browsers make."""

from __future__ import annotations

import pytest
from aiortc.sdp import SessionDescription

from bridge.media.frame import Frame
from bridge.peer import sdp
from bridge.peer.peer import Peer
from bridge.ports import Codec
from tests.harness.offers import BROWSERS

PREFERENCES = {"opus": "audio/opus", "PCMU": "audio/pcmu", "PCMA": "audio/pcma"}
KEYS = "audio/telephone-event"


async def answer_to(offer: str, prefer: str) -> str:
    """What a peer of ours answers."""
    peer = Peer(on_frame=lambda frame: None, prefer=prefer)
    try:
        answer = await peer.answer(offer)
        assert peer.codec is not None
        assert not peer.send(Frame(Codec.PCMU, bytes(160))), "nothing is sent before there is a connection"
        return answer
    finally:
        await peer.close()


@pytest.mark.parametrize("prefer", PREFERENCES)
@pytest.mark.parametrize("offer", BROWSERS.values(), ids=BROWSERS.keys())
async def test_the_answer_is_part_of_the_offer(offer: str, prefer: str) -> None:
    text = await answer_to(offer, prefer)
    theirs, ours = SessionDescription.parse(offer), SessionDescription.parse(text)
    assert len(ours.media) == 1
    asked, answered = theirs.media[0], ours.media[0]
    known = {0: ("audio/pcmu", 8000), 8: ("audio/pcma", 8000)}
    known |= {codec.payloadType: (codec.mimeType.lower(), codec.clockRate) for codec in asked.rtp.codecs}
    offered = {known[number] for number in asked.fmt if number in known}
    numbers = [codec.payloadType for codec in answered.rtp.codecs]
    assert len(set(numbers)) == len(numbers) > 0
    assert set(answered.fmt) == set(numbers) <= set(asked.fmt)
    names = [known[number] for number in answered.fmt]
    assert names == [(codec.mimeType.lower(), codec.clockRate) for codec in answered.rtp.codecs]
    sounding = [(name, clock) for name, clock in names if name != KEYS]
    events = names[len(sounding) :]
    assert set(sounding) == offered & {("audio/opus", 48000), ("audio/pcmu", 8000), ("audio/pcma", 8000)}
    assert set(events) == offered & {(KEYS, clock) for _, clock in sounding}, "keys come last"
    if PREFERENCES[prefer] in {name for name, _ in offered}:
        assert sounding[0][0] == PREFERENCES[prefer]
    if (KEYS, sounding[0][1]) in offered:
        assert events[0] == (KEYS, sounding[0][1])


@pytest.mark.parametrize("offer", BROWSERS.values(), ids=BROWSERS.keys())
async def test_the_rest_of_the_answer_fits_the_offer(offer: str) -> None:
    text = await answer_to(offer, "PCMU")
    lines = text.split("\r\n")
    theirs, ours = SessionDescription.parse(offer), SessionDescription.parse(text)
    asked, answered = theirs.media[0], ours.media[0]
    assert answered.rtp.muxId == asked.rtp.muxId
    bundled = [line for line in offer.split("\r\n") if line.startswith("a=group:BUNDLE")]
    assert [line for line in lines if line.startswith("a=group")] == bundled
    assert answered.profile == asked.profile
    assert answered.rtcp_mux
    assert answered.direction == sdp.answer_direction(asked.direction)
    assert answered.dtls is not None
    assert answered.dtls.role == "client", "no browser insists on being active"
    assert [fingerprint.algorithm for fingerprint in answered.dtls.fingerprints] == ["sha-256"]
    assert answered.ice.usernameFragment
    assert answered.ice.usernameFragment != asked.ice.usernameFragment
    assert all(candidate.protocol == "udp" for candidate in answered.ice_candidates)
    for word in ("extmap", "red/", "CN/", "G722", "rtcp-fb", "rsize", "rtcp-xr", "usedtx"):
        assert word not in text, "nothing is promised that is not kept"


def test_of_a_browsers_candidates_only_udp_ones_for_rtp_are_used() -> None:
    found = sdp.parse_description(BROWSERS["Firefox 153"])
    assert [(c.protocol.lower(), c.component) for c in found.candidates] == [("udp", 1)] * 2
