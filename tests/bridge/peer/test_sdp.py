"""Session descriptions: what browsers write, what we answer, and what nobody should write."""

from __future__ import annotations

import pytest
from aiortc.sdp import SessionDescription
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.peer import sdp
from bridge.peer.errors import PeerError
from bridge.peer.sdp import AudioCodec
from tests.harness.offers import CHROMIUM, FIREFOX, HOSTILE, with_candidates


def test_chromium() -> None:
    offer = sdp.parse_description(CHROMIUM)
    assert offer.codecs == (
        AudioCodec("opus", 111, 48000),
        AudioCodec("PCMU", 0, 8000),
        AudioCodec("PCMA", 8, 8000),
    )
    assert (offer.mid, offer.direction, offer.setup) == ("0", "sendrecv", "actpass")
    assert (offer.ice.usernameFragment, offer.ice.password) == ("Qr3T", "5l0yQ8J0bQ7nZ3QvG5p9aXyZ")
    assert [candidate.ip[-6:] for candidate in offer.candidates] == [".local"]
    assert not offer.candidates_complete
    assert offer.ssrc == 3570614608


def test_firefox() -> None:
    offer = sdp.parse_description(FIREFOX)
    assert offer.codecs[0] == AudioCodec("opus", 109, 48000)
    assert {codec.name for codec in offer.codecs} == {"opus", "PCMU", "PCMA"}
    assert [fingerprint.algorithm for fingerprint in offer.fingerprints] == ["sha-256"]
    assert all(candidate.component == 1 for candidate in offer.candidates)
    assert "198.51.100.4" in [candidate.ip for candidate in offer.candidates]
    assert offer.candidates_complete


@pytest.mark.parametrize("offer", [CHROMIUM, FIREFOX], ids=["chromium", "firefox"])
@pytest.mark.parametrize("codec", ["opus", "PCMU", "PCMA"])
def test_an_answer_can_be_read_by_others_and_by_us(offer: str, codec: str) -> None:
    offered = sdp.parse_description(offer)
    chosen = next(c for c in offered.codecs if c.name == codec)
    answer = sdp.Description(
        mid=offered.mid,
        direction=sdp.answer_direction(offered.direction),
        setup=sdp.answer_setup(offered.setup),
        codecs=(chosen,),
        ice=offered.ice,
        fingerprints=offered.fingerprints,
        candidates=offered.candidates[-1:],
        candidates_complete=True,
        ssrc=42,
    )
    text = sdp.serialise_description(answer, session_id=7, cname="patchbay")
    assert sdp.parse_description(text) == answer
    theirs = SessionDescription.parse(text)
    assert [media.kind for media in theirs.media] == ["audio"]
    assert [c.payloadType for c in theirs.media[0].rtp.codecs] == [chosen.payload_type]
    assert text.endswith("\r\n")
    assert "\n" not in text.replace("\r\n", "")


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_text_is_refused_with_a_sentence(text: object) -> None:
    with pytest.raises(PeerError) as refused:
        sdp.parse_description(text)
    assert refused.value.code == "bad_sdp"
    assert refused.value.message.endswith(".")
    assert len(refused.value.message) < 200


def test_the_limits_themselves_are_allowed() -> None:
    assert len(sdp.parse_description(with_candidates(CHROMIUM, sdp.MAX_CANDIDATES - 1)).candidates) == 30
    room = sdp.MAX_BYTES - len(CHROMIUM.encode()) - len("a=x:\r\n")
    assert sdp.parse_description(f"{CHROMIUM}a=x:{'y' * room}\r\n").mid == "0"
    with pytest.raises(PeerError):
        sdp.parse_description(f"{CHROMIUM}a=x:{'y' * (room + 1)}\r\n")


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_a_spoiled_offer_is_refused_or_read_and_nothing_else(data: st.DataObject) -> None:
    lines = data.draw(st.sampled_from([CHROMIUM, FIREFOX])).split("\r\n")
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(lines) - 1))
        match data.draw(st.sampled_from(["drop", "double", "swap", "cut", "noise", "digits"])):
            case "drop":
                del lines[at]
            case "double":
                lines.insert(at, lines[at])
            case "swap":
                lines[at], lines[0] = lines[0], lines[at]
            case "cut":
                lines[at] = lines[at][: data.draw(st.integers(0, 40))]
            case "noise":
                lines[at] = lines[at][:2] + data.draw(st.text(max_size=60))
            case "digits":
                lines[at] = lines[at].replace("1", str(data.draw(st.integers(-(10**20), 10**20))))
        if not lines:
            break
    refused: str | None = None
    try:
        description = sdp.parse_description("\r\n".join(lines))
    except PeerError as error:
        refused = error.code
    else:
        assert description.codecs
        assert description.fingerprints
        assert len(description.candidates) <= sdp.MAX_CANDIDATES
        assert all(0 <= codec.payload_type <= 127 for codec in description.codecs)
    assert refused in (None, "bad_sdp")


@settings(max_examples=200, deadline=None)
@given(st.one_of(st.text(), st.none(), st.integers(), st.binary(), st.lists(st.text())))
def test_anything_at_all_is_refused(text: object) -> None:
    with pytest.raises(PeerError):
        sdp.parse_description(text)


GOOD = "candidate:842163049 1 udp 1677729535 203.0.113.7 46154 typ srflx raddr 0.0.0.0 rport 0 ufrag Qr3T"


def test_candidates_as_browsers_send_them() -> None:
    for text in (GOOD, "a=" + GOOD, GOOD.replace("udp", "UDP")):
        found = sdp.parse_candidate({"candidate": text, "sdpMid": "0", "sdpMLineIndex": 0})
        assert found is not None
        assert (found.ip, found.port, found.type) == ("203.0.113.7", 46154, "srflx")
    assert sdp.parse_candidate(None) is None
    assert sdp.parse_candidate({"candidate": "", "sdpMid": "0"}) is None


@pytest.mark.parametrize("text", [GOOD.replace(" 1 udp", " 2 udp"), GOOD.replace("udp", "tcp")])
def test_candidates_that_nothing_here_can_use_are_no_fault(text: str) -> None:
    found = sdp.parse_candidate({"candidate": text})
    assert found is not None
    assert not sdp.is_usable(found)


def test_our_candidates_are_read_back_as_they_were() -> None:
    found = sdp.parse_candidate({"candidate": GOOD})
    assert found is not None
    view = sdp.candidate_view(found, "0")
    assert view["sdpMid"] == "0"
    assert sdp.parse_candidate(view) == found


@pytest.mark.parametrize(
    "candidate",
    [
        5, "text", [], {}, {"candidate": 5}, {"candidate": "x"}, {"candidate": "candidate:"},
        {"candidate": GOOD.replace("46154", "port")}, {"candidate": GOOD + " " * 2000},
        {"candidate": GOOD.replace("203.0.113.7", "\ud800")}, {"candidate": GOOD.replace("46154", "99999")},
        {"candidate": GOOD.replace("46154", "-1")}, {"candidate": GOOD.replace("1677729535", "many")},
    ],
)  # fmt: skip
def test_bad_candidates_are_refused_with_a_sentence(candidate: object) -> None:
    with pytest.raises(PeerError) as refused:
        sdp.parse_candidate(candidate)
    assert refused.value.code == "bad_candidate"
    assert refused.value.message.endswith(".")


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=120), st.integers(0, len(GOOD)))
def test_a_spoiled_candidate_is_refused_or_read_and_nothing_else(noise: str, at: int) -> None:
    for text in (noise, GOOD[:at] + noise, GOOD[:at] + noise + GOOD[at:]):
        try:
            found = sdp.parse_candidate({"candidate": text})
        except PeerError as error:
            found, refused = None, error.code
            assert refused == "bad_candidate"
        assert found is None or 0 < found.port <= 65535


@pytest.mark.parametrize(
    ("offered", "answered"),
    [("sendrecv", "sendrecv"), ("sendonly", "recvonly"), ("recvonly", "sendonly"), ("inactive", "inactive")],
)
def test_directions_answer_each_other(offered: str, answered: str) -> None:
    assert sdp.answer_direction(offered) == answered
    assert sdp.parse_description(CHROMIUM.replace("a=sendrecv", f"a={offered}")).direction == offered


@pytest.mark.parametrize(
    ("offered", "answered"), [("actpass", "active"), ("passive", "active"), ("active", "passive")]
)
def test_dtls_roles_answer_each_other(offered: str, answered: str) -> None:
    assert sdp.answer_setup(offered) == answered
    assert sdp.parse_description(CHROMIUM.replace("a=setup:actpass", f"a=setup:{offered}")).setup == offered
