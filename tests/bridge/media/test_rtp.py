"""RTP and RTCP against vectors, cuts and noise."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.media import rtp
from bridge.media.rtp import Bye, ReceiverReport, ReportBlock, RtpPacket, SenderReport

# RFC 3550 5.1 by hand: version 2, marker, PCMU, sequence 0x1234.
PLAIN = bytes.fromhex("80 80 1234 00000320 deadbeef ff7f")
# Two contributing sources, a one-byte-header extension (RFC 8285) of one word, three bytes of padding.
FULL = bytes.fromhex(
    "b2 6f 0001 00000001 00000002 0000000a 0000000b bede 0001 10aa0000 c0ffee 000003".replace(" ", "")
)

words = st.integers(0, 0xFFFF_FFFF)
packets = st.builds(
    RtpPacket,
    st.integers(0, 127),
    st.integers(0, 0xFFFF),
    words,
    words,
    st.binary(max_size=1400),
    st.booleans(),
)
blocks = st.builds(
    ReportBlock,
    words,
    st.integers(0, 255),
    st.integers(-0x800000, 0x7FFFFF),
    words,
    words,
    words,
    words,
)
some_blocks = st.lists(blocks, max_size=31).map(tuple)
reports = st.one_of(
    st.builds(SenderReport, words, st.integers(0, 2**64 - 1), words, words, words, some_blocks),
    st.builds(ReceiverReport, words, some_blocks),
    st.builds(Bye, st.lists(words, max_size=31).map(tuple)),
)


def test_a_plain_packet() -> None:
    expected = RtpPacket(0, 0x1234, 800, 0xDEADBEEF, b"\xff\x7f", marker=True)
    assert rtp.parse_rtp(PLAIN) == expected
    assert rtp.serialise_rtp(expected) == PLAIN


def test_sources_extensions_and_padding_are_not_payload() -> None:
    assert rtp.parse_rtp(FULL) == RtpPacket(111, 1, 1, 2, b"\xc0\xff\xee")


@pytest.mark.parametrize("whole", [PLAIN, FULL], ids=["plain", "full"])
def test_a_cut_packet_is_refused_or_has_less_payload_and_never_raises(whole: bytes) -> None:
    for size in range(len(whole)):
        found = rtp.parse_rtp(whole[:size])
        assert found is None or len(found.payload) < len(whole)
        if size < 12:
            assert found is None


@pytest.mark.parametrize(
    "data",
    [
        b"",
        bytes([0x40]) + PLAIN[1:],
        bytes([0xC0]) + PLAIN[1:],
        bytes([0xA0]) + PLAIN[1:12] + b"\x00",
        bytes([0xA0]) + PLAIN[1:12] + b"\xff",
        bytes([0x8F]) + PLAIN[1:],
        bytes([0x90]) + PLAIN[1:12] + bytes.fromhex("beed ffff"),
        bytes([0x90]) + PLAIN[1:12] + b"\xbe\xde",
    ],
    ids=["empty", "v1", "v3", "padding 0", "padding 255", "15 sources", "huge extension", "half extension"],
)
def test_what_is_not_well_formed_is_none(data: bytes) -> None:
    assert rtp.parse_rtp(data) is None


@given(packets)
def test_a_packet_survives_the_wire(packet: RtpPacket) -> None:
    assert rtp.parse_rtp(rtp.serialise_rtp(packet)) == packet


@given(reports)
def test_a_report_survives_the_wire(report: SenderReport | ReceiverReport | Bye) -> None:
    assert rtp.parse_rtcp(rtp.serialise_rtcp(report)) == [report]


@given(st.lists(reports, max_size=4), st.integers(0, 0xFFFF_FFFF), st.text(max_size=80))
def test_a_compound_is_read_in_order_and_names_are_stepped_over(
    several: list[SenderReport | ReceiverReport | Bye], ssrc: int, cname: str
) -> None:
    compound = b"".join(rtp.serialise_rtcp(report) for report in several) + rtp.serialise_cname(ssrc, cname)
    assert len(compound) % 4 == 0
    assert rtp.parse_rtcp(compound) == several
    for size in range(0, len(compound), 3):
        found = rtp.parse_rtcp(compound[:size])
        assert found is None or found == several[: len(found)]


def test_feedback_and_unknown_types_are_stepped_over() -> None:
    nack = bytes.fromhex("81cd0003 00000001 00000002 00030000")
    future = bytes.fromhex("80d20000")
    assert rtp.parse_rtcp(nack + future + rtp.serialise_rtcp(Bye((1,)))) == [Bye((1,))]


@pytest.mark.parametrize(
    "data",
    ["80", "80c8", "00c80000", "80c80006", "81c90001 00000001", "80c80001 00000001", "82cb0001 00000001"],
)
def test_a_report_shorter_than_it_says_is_malformed(data: str) -> None:
    assert rtp.parse_rtcp(bytes.fromhex(data)) is None


@given(st.binary(max_size=300))
def test_noise_never_raises(data: bytes) -> None:
    found = rtp.parse_rtp(data)
    assert found is None or len(found.payload) <= len(data) - 12
    reports = rtp.parse_rtcp(data)
    assert reports is None or len(reports) <= len(data) // 4
    assert rtp.is_rtcp(data) is (len(data) > 1 and 64 <= data[1] % 128 <= 95)


@pytest.mark.parametrize(
    ("second", "is_rtcp"),
    [(0, False), (111, False), (0x80 | 111, False), (200, True), (205, True), (0x80, False)],
)
def test_rtcp_is_told_from_rtp_by_its_type(second: int, is_rtcp: bool) -> None:
    assert rtp.is_rtcp(bytes([0x80, second]) + bytes(10)) is is_rtcp


def test_ntp_times() -> None:
    assert rtp.ntp_time(0.0) == 2_208_988_800 << 32
    assert rtp.ntp_time(0.5) & 0xFFFF_FFFF == 0x8000_0000
    assert rtp.middle_ntp(0x1122_3344_5566_7788) == 0x3344_5566
