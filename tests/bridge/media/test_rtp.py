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

# RFC 3550 6.4 and 6.5 by hand, as a browser sends them together: a sender report with one block (loss
# 3/256, 2 lost in all), and a source description with the name "a@b" and its padding to whole words.
SENDER = bytes.fromhex(
    "81 c8 000c 11111111 e9b2c3d4 80000000 0003e800 00000032 00001f40"
    "22222222 03 000002 00010abc 00000045 c3d48000 00018000"
)
NAME = bytes.fromhex("81 ca 0003 11111111 0103614062 000000")
# A receiver report of two sources, the second with more packets received than expected (-1 lost).
RECEIVER = bytes.fromhex(
    "82 c9 000d 33333333"
    "44444444 00 000000 0000ffff 00000000 00000000 00000000"
    "55555555 ff ffffff 7fffffff 00000010 12345678 0000ffff"
)
LEAVING = bytes.fromhex("82 cb 0002 33333333 44444444")
REPORTS: dict[str, tuple[bytes, SenderReport | ReceiverReport | Bye]] = {
    "sender report": (
        SENDER,
        SenderReport(
            0x11111111,
            0xE9B2C3D4_80000000,
            256_000,
            50,
            8000,
            (ReportBlock(0x22222222, 3, 2, 0x10ABC, 69, 0xC3D48000, 0x18000),),
        ),
    ),
    "receiver report": (
        RECEIVER,
        ReceiverReport(
            0x33333333,
            (
                ReportBlock(0x44444444, 0, 0, 0xFFFF, 0, 0, 0),
                ReportBlock(0x55555555, 255, -1, 0x7FFF_FFFF, 16, 0x12345678, 0xFFFF),
            ),
        ),
    ),
    "empty receiver report": (bytes.fromhex("80 c9 0001 33333333"), ReceiverReport(0x33333333)),
    "goodbye": (LEAVING, Bye((0x33333333, 0x44444444))),
}
PACKETS: dict[str, tuple[bytes, RtpPacket]] = {
    "PCMU": (bytes.fromhex("80 00 0001 000000a0 00000001 ffff"), RtpPacket(0, 1, 160, 1, b"\xff\xff")),
    "marker": (bytes.fromhex("80 88 0001 000000a0 00000001 d5"), RtpPacket(8, 1, 160, 1, b"\xd5", True)),
    "last of its range": (
        bytes.fromhex("80 ff ffff ffffffff ffffffff 00"),
        RtpPacket(127, 0xFFFF, 0xFFFF_FFFF, 0xFFFF_FFFF, b"\0", True),
    ),
    "no payload": (bytes.fromhex("80 6f 0001 00000000 00000001"), RtpPacket(111, 1, 0, 1, b"")),
}
# What is not payload is read over, and what we send has none of it: the plain packet is what stays.
DRESSED = {
    "padding": "a0 6f 0001 000003c0 00000001 c0ffee 000000 00 05",
    "one source": "81 6f 0001 000003c0 00000001 0000000a c0ffee",
    "15 sources": "8f 6f 0001 000003c0 00000001" + "0000000a" * 15 + "c0ffee",
    "one-byte extensions": "90 6f 0001 000003c0 00000001 bede 0002 10 aa 32 010203 00 00 c0ffee",
    "two-byte extensions": "90 6f 0001 000003c0 00000001 1000 0001 01 01 aa 00 c0ffee",
    "an empty extension": "90 6f 0001 000003c0 00000001 bede 0000 c0ffee",
    "a browser's: level, send time, transport number, mid": (
        "90 6f 0001 000003c0 00000001 bede 0004 10 81 22 a1b2c3 31 0001 40 30 000000 0000 c0ffee"
    ),
    "all at once": "b1 6f 0001 000003c0 00000001 0000000a bede 0001 10 aa 0000 c0ffee 01",
}

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


@pytest.mark.parametrize(("wire", "packet"), PACKETS.values(), ids=PACKETS)
def test_a_packet_is_read_and_written_byte_for_byte(wire: bytes, packet: RtpPacket) -> None:
    assert rtp.parse_rtp(wire) == packet
    assert rtp.serialise_rtp(packet) == wire


@pytest.mark.parametrize("wire", DRESSED.values(), ids=DRESSED)
def test_only_the_payload_of_a_dressed_packet_is_kept(wire: str) -> None:
    plain = bytes.fromhex("80 6f 0001 000003c0 00000001 c0ffee")
    found = rtp.parse_rtp(bytes.fromhex(wire))
    assert found == RtpPacket(111, 1, 960, 1, b"\xc0\xff\xee")
    assert rtp.serialise_rtp(found) == plain


@pytest.mark.parametrize(("wire", "report"), REPORTS.values(), ids=REPORTS)
def test_a_report_is_read_and_written_byte_for_byte(
    wire: bytes, report: SenderReport | ReceiverReport | Bye
) -> None:
    assert rtp.parse_rtcp(wire) == [report]
    assert rtp.serialise_rtcp(report) == wire


def test_a_name_is_written_as_the_rfc_draws_it() -> None:
    assert rtp.serialise_cname(0x11111111, "a@b") == NAME


def test_a_compound_of_everything_is_read_and_written_byte_for_byte() -> None:
    wire = SENDER + NAME + RECEIVER + LEAVING
    found = rtp.parse_rtcp(wire)
    assert found == [REPORTS[kind][1] for kind in ("sender report", "receiver report", "goodbye")]
    sender, receiver, leaving = map(rtp.serialise_rtcp, found)
    assert sender + rtp.serialise_cname(0x11111111, "a@b") + receiver + leaving == wire
    for size in range(len(wire)):
        cut = rtp.parse_rtcp(wire[:size])
        assert cut is None or cut == found[: len(cut)]


def test_a_reason_for_leaving_is_read_over() -> None:
    wire = bytes.fromhex("81 cb 0003 33333333 06 746972656421 00")
    assert rtp.parse_rtcp(wire) == [Bye((0x33333333,))]


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
