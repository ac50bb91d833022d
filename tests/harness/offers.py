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
        "a=rtcp-xr:rcvr-rtt=all",
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


FIREFOX_153 = "\r\n".join(
    [
        "v=0",
        "o=mozilla...THIS_IS_SDPARTA-99.0 7632903226899542303 0 IN IP4 0.0.0.0",
        "s=-",
        "t=0 0",
        "a=sendrecv",
        f"a=fingerprint:sha-256 {_FINGERPRINT}",
        "a=group:BUNDLE 0",
        "a=ice-options:trickle",
        "a=msid-semantic:WMS *",
        "m=audio 9 UDP/TLS/RTP/SAVPF 109 9 0 8 101",
        "c=IN IP4 0.0.0.0",
        "a=candidate:0 1 UDP 2122187007 4db2cf41-6d4d-4f15-8071-104ac9c08191.local 59016 typ host",
        "a=candidate:1 1 UDP 2122252543 b88d7993-c44f-4709-975c-3811da04b54b.local 55625 typ host",
        "a=candidate:2 1 TCP 2105458943 4db2cf41-6d4d-4f15-8071-104ac9c08191.local 9 typ host tcptype active",
        "a=candidate:3 1 TCP 2105524479 b88d7993-c44f-4709-975c-3811da04b54b.local 9 typ host tcptype active",
        "a=candidate:0 2 UDP 2122187006 4db2cf41-6d4d-4f15-8071-104ac9c08191.local 35730 typ host",
        "a=candidate:1 2 UDP 2122252542 b88d7993-c44f-4709-975c-3811da04b54b.local 49360 typ host",
        "a=candidate:2 2 TCP 2105458942 4db2cf41-6d4d-4f15-8071-104ac9c08191.local 9 typ host tcptype active",
        "a=candidate:3 2 TCP 2105524478 b88d7993-c44f-4709-975c-3811da04b54b.local 9 typ host tcptype active",
        "a=sendrecv",
        "a=end-of-candidates",
        "a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level",
        "a=extmap:2/recvonly urn:ietf:params:rtp-hdrext:csrc-audio-level",
        "a=extmap:3 urn:ietf:params:rtp-hdrext:sdes:mid",
        "a=extmap:7 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
        "a=extmap-allow-mixed",
        "a=fmtp:109 maxplaybackrate=48000;stereo=1;useinbandfec=1",
        "a=fmtp:101 0-15",
        "a=ice-pwd:27a29ffd489c0e160f41ab01445aacd7",
        "a=ice-ufrag:07882e48",
        "a=mid:0",
        "a=msid:{29f4c487-5dd4-471b-b4be-e5cef6079bc6} {3e4e7b5b-02c7-4e8a-ad77-798d2a208c81}",
        "a=rtcp:35730 IN IP4 4db2cf41-6d4d-4f15-8071-104ac9c08191.local",
        *(f"a=rtcp-fb:{number} transport-cc" for number in (109, 9, 0, 8)),
        "a=rtcp-mux",
        "a=rtpmap:109 opus/48000/2",
        "a=rtpmap:9 G722/8000/1",
        "a=rtpmap:0 PCMU/8000",
        "a=rtpmap:8 PCMA/8000",
        "a=rtpmap:101 telephone-event/8000",
        "a=setup:actpass",
        "a=ssrc:1316295620 cname:{d41bd8c3-9bee-4844-9cd2-df772db13f4c}",
        "",
    ]
)
"""Captured, all gathered: names for addresses, TCP and RTCP candidates, keys at 8 kHz only."""


def with_codecs(offer: str, order: str, *lines: str) -> str:
    """The offer with these payload types in its m-line, and these lines more."""
    head, _, numbers = offer.partition("UDP/TLS/RTP/SAVPF ")
    return (
        f"{head}UDP/TLS/RTP/SAVPF {order}\r\n"
        + numbers.partition("\r\n")[2]
        + "".join(f"{line}\r\n" for line in lines)
    )


SAFARI = with_codecs(
    CHROMIUM.replace("a=rtcp-xr:rcvr-rtt=all\r\n", ""),
    "111 63 103 9 102 0 8 105 13 110 113 126",
    "a=rtpmap:103 ISAC/16000",
    "a=rtpmap:102 ILBC/8000",
    "a=rtpmap:105 CN/16000",
    "a=rtpmap:113 telephone-event/16000",
)
"""From what is known of it, with the codecs that older ones had."""

BROWSERS: dict[str, str] = {
    "Chromium": CHROMIUM,
    "Chromium, RED first": with_codecs(CHROMIUM, "63 111 9 0 8 13 110 126"),
    "Chromium, PCMU first": with_codecs(CHROMIUM, "0 8 111 63 9 13 110 126"),
    "Chromium, DTX": CHROMIUM.replace("useinbandfec=1", "useinbandfec=1;usedtx=1"),
    "Chromium, five channels": with_codecs(
        CHROMIUM,
        "112 111 63 9 0 8 13 110 126",
        "a=rtpmap:112 multiopus/48000/6",
        "a=fmtp:112 channel_mapping=0,4,1,2,3,5;coupled_streams=2;num_streams=4",
    ),
    "Chromium, high extension ids": CHROMIUM.replace("a=extmap:4 ", "a=extmap:15 ").replace(
        "a=sendrecv", "a=extmap:200 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id\r\na=sendrecv"
    ),
    "Chromium, listening only": CHROMIUM.replace("a=sendrecv", "a=recvonly"),
    "Chromium, speaking only": CHROMIUM.replace("a=sendrecv", "a=sendonly"),
    "Chromium, neither": CHROMIUM.replace("a=sendrecv", "a=inactive"),
    "Chromium, Opus only": with_codecs(CHROMIUM, "111"),
    "Chromium, G.711 by number only": "\r\n".join(
        line for line in with_codecs(CHROMIUM, "0 8").split("\r\n") if "PCM" not in line
    ),
    "Firefox": FIREFOX,
    "Firefox 153": FIREFOX_153,
    "Safari": SAFARI,
    "a named section": CHROMIUM.replace("a=mid:0", "a=mid:audio").replace("BUNDLE 0", "BUNDLE audio"),
    "no bundle": CHROMIUM.replace("a=group:BUNDLE 0\r\n", ""),
    "two fingerprints": CHROMIUM.replace(
        "a=setup", f"a=fingerprint:sha-512 {':'.join(['A1'] * 64)}\r\na=setup"
    ),
    "the passive end": CHROMIUM.replace("a=setup:actpass", "a=setup:passive"),
}
"""What today's browsers offer; each is to be answered properly."""


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
    "no rtcp-mux": without(CHROMIUM, "a=rtcp-mux"),
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
