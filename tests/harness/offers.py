"""Offers as browsers write them, and ways to spoil them."""

from __future__ import annotations

_FINGERPRINT = ":".join(["7B"] * 32)

CHROMIUM = "\r\n".join(
    [
        "v=0",
        "o=- 4611731400430051336 2 IN IP4 127.0.0.1",
        "s=-",
        "t=0 0",
        "a=group:BUNDLE 0",
        "a=extmap-allow-mixed",
        "a=msid-semantic: WMS 9f3b4b53-2f5c-4f7b-a1b1-6a4be5a7cf11",
        "m=audio 9 UDP/TLS/RTP/SAVPF 111 63 9 0 8 13 110 126",
        "c=IN IP4 0.0.0.0",
        "a=rtcp:9 IN IP4 0.0.0.0",
        "a=candidate:2999745851 1 udp 2113937151 f1c2a3d4-1111-4222-8333-944455556666.local 51472 typ host"
        " generation 0 network-cost 999",
        "a=ice-ufrag:Qr3T",
        "a=ice-pwd:5l0yQ8J0bQ7nZ3QvG5p9aXyZ",
        "a=ice-options:trickle",
        f"a=fingerprint:sha-256 {_FINGERPRINT}",
        "a=setup:actpass",
        "a=mid:0",
        "a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level",
        "a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
        "a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
        "a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid",
        "a=sendrecv",
        "a=msid:9f3b4b53-2f5c-4f7b-a1b1-6a4be5a7cf11 0d6a2b1e-7c1c-4b43-9a0e-3f4d5c6b7a89",
        "a=rtcp-mux",
        "a=rtcp-rsize",
        "a=rtpmap:111 opus/48000/2",
        "a=rtcp-fb:111 transport-cc",
        "a=fmtp:111 minptime=10;useinbandfec=1",
        "a=rtpmap:63 red/48000/2",
        "a=fmtp:63 111/111",
        "a=rtpmap:9 G722/8000",
        "a=rtpmap:0 PCMU/8000",
        "a=rtpmap:8 PCMA/8000",
        "a=rtpmap:13 CN/8000",
        "a=rtpmap:110 telephone-event/48000",
        "a=rtpmap:126 telephone-event/8000",
        "a=ssrc:3570614608 cname:4TOk42mSjXCkVIa6",
        "a=ssrc:3570614608 msid:9f3b4b53-2f5c-4f7b-a1b1-6a4be5a7cf11 0d6a2b1e-7c1c-4b43-9a0e-3f4d5c6b7a89",
        "",
    ]
)
"""Half-trickled, with an mDNS candidate, as a page without camera permission history sends it."""

FIREFOX = "\r\n".join(
    [
        "v=0",
        "o=mozilla...THIS_IS_SDPARTA-99.0 3918273645120938475 0 IN IP4 0.0.0.0",
        "s=-",
        "t=0 0",
        "a=sendrecv",
        f"a=fingerprint:sha-256 {_FINGERPRINT}",
        "a=group:BUNDLE 0",
        "a=ice-options:trickle",
        "a=msid-semantic:WMS *",
        "m=audio 58012 UDP/TLS/RTP/SAVPF 109 9 0 8 101",
        "c=IN IP4 192.0.2.17",
        "a=candidate:0 1 UDP 2122252543 192.0.2.17 58012 typ host",
        "a=candidate:1 1 TCP 2105524479 192.0.2.17 9 typ host tcptype active",
        "a=candidate:0 2 UDP 2122252542 192.0.2.17 40161 typ host",
        "a=candidate:2 1 UDP 1686052863 198.51.100.4 58012 typ srflx raddr 192.0.2.17 rport 58012",
        "a=end-of-candidates",
        "a=sendrecv",
        "a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level",
        "a=extmap:2/recvonly urn:ietf:params:rtp-hdrext:csrc-audio-level",
        "a=extmap:3 urn:ietf:params:rtp-hdrext:sdes:mid",
        "a=fmtp:109 maxplaybackrate=48000;stereo=1;useinbandfec=1",
        "a=fmtp:101 0-15",
        "a=ice-pwd:0f1e2d3c4b5a69788796a5b4c3d2e1f0",
        "a=ice-ufrag:a1b2c3d4",
        "a=mid:0",
        "a=msid:{7d2c1a90-aaaa-4bbb-8ccc-0123456789ab} {1c2d3e4f-dddd-4eee-8fff-ba9876543210}",
        "a=rtcp:40161 IN IP4 192.0.2.17",
        "a=rtcp-mux",
        "a=rtpmap:109 opus/48000/2",
        "a=rtpmap:9 G722/8000/1",
        "a=rtpmap:0 PCMU/8000",
        "a=rtpmap:8 PCMA/8000",
        "a=rtpmap:101 telephone-event/8000/1",
        "a=setup:actpass",
        "a=ssrc:1418224370 cname:{c0ffee00-1234-4567-89ab-cdef01234567}",
        "",
    ]
)
"""Fully gathered, fingerprint at the session level."""


def without(offer: str, *beginnings: str) -> str:
    """The offer less every line that begins so."""
    lines = [line for line in offer.split("\r\n") if not line.startswith(beginnings)]
    return "\r\n".join(lines)


def with_candidates(offer: str, count: int) -> str:
    """The offer with that many host candidates more."""
    lines = "".join(
        f"a=candidate:{n} 1 udp 2113937151 192.0.2.{n % 250 + 1} {20000 + n} typ host\r\n"
        for n in range(count)
    )
    return offer + lines


def with_sections(offer: str, count: int) -> str:
    """The offer with its audio section that many times."""
    head, _, section = offer.partition("m=audio")
    return head + ("m=audio" + section) * count


HOSTILE: dict[str, object] = {
    "nothing": None,
    "a number": 5,
    "a list": ["v=0"],
    "empty": "",
    "blank": " \r\n ",
    "garbage": "\x00\xff\ufffe" * 100,
    "half a surrogate": CHROMIUM.replace("s=-", "s=\ud800"),
    "huge": CHROMIUM + "a=x:" + "y" * 20_000,
    "100 kB": "v=0\r\n" * 20_000,
    "60 sections": with_sections(CHROMIUM, 60),
    "two sections": with_sections(CHROMIUM, 2),
    "video only": CHROMIUM.replace("m=audio", "m=video"),
    "data only": CHROMIUM.replace("m=audio 9 UDP/TLS/RTP/SAVPF", "m=application 9 UDP/DTLS/SCTP"),
    "no section": CHROMIUM.partition("m=audio")[0],
    "no fingerprint": without(CHROMIUM, "a=fingerprint"),
    "an unknown fingerprint": CHROMIUM.replace("a=fingerprint:sha-256 7B", "a=fingerprint:md2 7B"),
    "no ICE": without(CHROMIUM, "a=ice-"),
    "no password": without(CHROMIUM, "a=ice-pwd"),
    "no codec of ours": CHROMIUM.replace("111 63 9 0 8 13 110 126", "9 13 126"),
    "no codec at all": CHROMIUM.replace(" 111 63 9 0 8 13 110 126", ""),
    "payload types out of range": CHROMIUM.replace("111 63 9 0 8 13 110 126", "999 -1 70000"),
    "100 candidates": with_candidates(CHROMIUM, 100),
    "a broken candidate": CHROMIUM + "a=candidate:x y z\r\n",
    "a candidate without a port": CHROMIUM + "a=candidate:1 1 udp 1 192.0.2.1 port typ host\r\n",
    "a broken rtpmap": CHROMIUM.replace("opus/48000/2", "opus/fast"),
    "a broken m-line": CHROMIUM.replace("m=audio 9 ", "m=audio nine "),
    "every line an m-line": "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\n" * 400,
}
"""What must be refused with a sentence, by what is wrong with it."""
