"""RTP and RTCP on the wire (RFC 3550), sans-IO: bytes in, values out."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Literal, NamedTuple

_HEADER = struct.Struct("!BBHII")
_RTCP_HEADER = struct.Struct("!BBH")
_REPORT = struct.Struct("!IIIIII")
_NTP_EPOCH = 2_208_988_800

SENDER_REPORT, RECEIVER_REPORT, SOURCE_DESCRIPTION, BYE = 200, 201, 202, 203


class RtpPacket(NamedTuple):
    """One RTP packet; `payload` is without header, extensions and padding.

    A tuple, since every frame makes one and a frozen dataclass takes four times as long.
    """

    payload_type: int
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes
    marker: bool = False


@dataclass(frozen=True, slots=True)
class ReportBlock:
    """What a receiver saw of one source: loss as a fraction of 256, jitter in clock units."""

    ssrc: int
    fraction_lost: int
    packets_lost: int
    highest_sequence: int
    jitter: int
    last_sr: int
    delay_since_last_sr: int


@dataclass(frozen=True, slots=True)
class SenderReport:
    """A sender's clock pair and counts; `ntp` is the 64-bit NTP time."""

    ssrc: int
    ntp: int
    rtp_timestamp: int
    packets: int
    octets: int
    reports: tuple[ReportBlock, ...] = ()


@dataclass(frozen=True, slots=True)
class ReceiverReport:
    """Report blocks of somebody who does not send."""

    ssrc: int
    reports: tuple[ReportBlock, ...] = ()


@dataclass(frozen=True, slots=True)
class Bye:
    """The sources that have left."""

    ssrcs: tuple[int, ...]


RtcpPacket = SenderReport | ReceiverReport | Bye


def is_rtcp(data: bytes) -> bool:
    """True where a packet on an rtcp-mux port is RTCP (RFC 5761: payload types 64-95)."""
    return len(data) > 1 and 64 <= data[1] & 0x7F <= 95


def parse_rtp(data: bytes) -> RtpPacket | None:
    """The packet, or None where `data` is not well-formed RTP."""
    if len(data) < 12 or data[0] >> 6 != 2:
        return None
    first, second, sequence, timestamp, ssrc = _HEADER.unpack_from(data)
    if first == 0x80:  # neither padding, extensions nor contributing sources, as browsers mostly send it
        return RtpPacket(second & 0x7F, sequence, timestamp, ssrc, data[12:], second > 0x7F)
    start = 12 + 4 * (first & 0x0F)
    if first & 0x10:
        if len(data) < start + 4:
            return None
        start += 4 + 4 * int.from_bytes(data[start + 2 : start + 4], "big")
    end = len(data)
    if first & 0x20 and end:
        padding = data[-1]
        if padding == 0:
            return None
        end -= padding
    if start > end:
        return None
    return RtpPacket(second & 0x7F, sequence, timestamp, ssrc, data[start:end], bool(second & 0x80))


def serialise_rtp(packet: RtpPacket) -> bytes:
    """The bytes of `packet`, with neither contributing sources nor extensions."""
    kind, sequence, timestamp, ssrc, payload, marker = packet
    return _HEADER.pack(0x80, kind | 0x80 if marker else kind, sequence, timestamp, ssrc) + payload


def parse_rtcp(data: bytes) -> list[RtcpPacket] | None:
    """The reports and goodbyes of a compound packet, or None where it is malformed.

    Packet types that this project does not use (feedback, application, extended) are stepped over.
    """
    packets: list[RtcpPacket] = []
    position = 0
    while position < len(data):
        if len(data) - position < 4:
            return None
        first, kind, words = _RTCP_HEADER.unpack_from(data, position)
        end = position + 4 + 4 * words
        if first >> 6 != 2 or end > len(data):
            return None
        packet = _parse_one(kind, first & 0x1F, data[position + 4 : end])
        if packet is False:
            return None
        if packet is not None:
            packets.append(packet)
        position = end
    return packets


def _parse_one(kind: int, count: int, body: bytes) -> RtcpPacket | Literal[False] | None:
    """A packet; None for a type that is stepped over; False where it is malformed."""
    if kind == SENDER_REPORT:
        if len(body) < 24 + 24 * count:
            return False
        ssrc, ntp, timestamp, packets, octets = struct.unpack_from("!IQIII", body)
        return SenderReport(ssrc, ntp, timestamp, packets, octets, _parse_reports(body, 24, count))
    if kind == RECEIVER_REPORT:
        if len(body) < 4 + 24 * count:
            return False
        return ReceiverReport(int.from_bytes(body[:4], "big"), _parse_reports(body, 4, count))
    if kind == BYE:
        if len(body) < 4 * count:
            return False
        return Bye(struct.unpack_from(f"!{count}I", body))
    return None


def _parse_reports(body: bytes, offset: int, count: int) -> tuple[ReportBlock, ...]:
    blocks = []
    for index in range(count):
        ssrc, lost, highest, jitter, lsr, dlsr = _REPORT.unpack_from(body, offset + 24 * index)
        total = lost & 0xFFFFFF
        if total & 0x800000:
            total -= 0x1000000
        blocks.append(ReportBlock(ssrc, lost >> 24, total, highest, jitter, lsr, dlsr))
    return tuple(blocks)


def serialise_rtcp(packet: RtcpPacket) -> bytes:
    """The bytes of one RTCP packet."""
    if isinstance(packet, SenderReport):
        body = struct.pack(
            "!IQIII", packet.ssrc, packet.ntp, packet.rtp_timestamp, packet.packets, packet.octets
        )
        return _with_header(SENDER_REPORT, len(packet.reports), body + _pack_reports(packet.reports))
    if isinstance(packet, ReceiverReport):
        body = packet.ssrc.to_bytes(4, "big")
        return _with_header(RECEIVER_REPORT, len(packet.reports), body + _pack_reports(packet.reports))
    return _with_header(BYE, len(packet.ssrcs), struct.pack(f"!{len(packet.ssrcs)}I", *packet.ssrcs))


def serialise_cname(ssrc: int, cname: str) -> bytes:
    """A source description with one canonical name (at most 255 bytes)."""
    name = cname.encode()[:255]
    chunk = ssrc.to_bytes(4, "big") + bytes((1, len(name))) + name + b"\x00"
    return _with_header(SOURCE_DESCRIPTION, 1, chunk + bytes(-len(chunk) % 4))


def _with_header(kind: int, count: int, body: bytes) -> bytes:
    return _RTCP_HEADER.pack(0x80 | count, kind, len(body) // 4) + body


def _pack_reports(reports: tuple[ReportBlock, ...]) -> bytes:
    return b"".join(
        _REPORT.pack(
            block.ssrc,
            block.fraction_lost << 24 | block.packets_lost & 0xFFFFFF,
            block.highest_sequence,
            block.jitter,
            block.last_sr,
            block.delay_since_last_sr,
        )
        for block in reports
    )


def ntp_time(unix: float) -> int:
    """64-bit NTP time of a Unix time in seconds."""
    return int((unix + _NTP_EPOCH) * (1 << 32)) & 0xFFFF_FFFF_FFFF_FFFF


def middle_ntp(ntp: int) -> int:
    """The middle 32 bits of an NTP time, as report blocks quote it."""
    return ntp >> 16 & 0xFFFF_FFFF
