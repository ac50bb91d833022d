"""Session descriptions of one audio connection, sans-IO: text in, frozen descriptions out and back.

Hostile text is refused by size and shape before aiortc's parser sees it, and whatever that parser
raises on the rest becomes one error.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from aiortc.rtcdtlstransport import RTCDtlsFingerprint
from aiortc.rtcicetransport import RTCIceCandidate, RTCIceParameters
from aiortc.sdp import MediaDescription, SessionDescription, candidate_from_sdp, candidate_to_sdp

from bridge.peer.errors import PeerError

MAX_BYTES = 16 * 1024
MAX_CANDIDATES = 30
_HASHES = frozenset({"sha-256", "sha-384", "sha-512"})
_CODEC_NAMES = {"opus": "opus", "pcmu": "PCMU", "pcma": "PCMA"}
_EVENT = "telephone-event"
_OPUS_BITRATE = 32_000
_STATIC = {0: ("PCMU", 8000), 8: ("PCMA", 8000)}


@dataclass(frozen=True, slots=True)
class AudioCodec:
    """A codec as SDP numbers it: `name` is opus, PCMU, PCMA or telephone-event; `clock` in Hz."""

    name: str
    payload_type: int
    clock: int


@dataclass(frozen=True, slots=True)
class Description:
    """What one side says of its audio connection. `setup` is actpass, active or passive.

    `codecs`: those that sound, the preferred one first; `events`: telephone-event, for keys. `opus_rate`: Hz
    beyond which this side plays nothing of Opus.
    """

    mid: str
    direction: str
    setup: str
    codecs: tuple[AudioCodec, ...]
    ice: RTCIceParameters
    fingerprints: tuple[RTCDtlsFingerprint, ...]
    candidates: tuple[RTCIceCandidate, ...] = ()
    candidates_complete: bool = False
    ssrc: int | None = None
    events: tuple[AudioCodec, ...] = ()
    bundled: bool = True
    opus_rate: int = 48000


def parse_description(sdp: object) -> Description:
    """The description in `sdp`; raises PeerError with a sentence where it cannot be used."""
    if not isinstance(sdp, str) or not sdp.strip():
        raise PeerError("The session description must be a non-empty text.")
    if _size(sdp) > MAX_BYTES:
        raise PeerError(f"The session description is larger than {MAX_BYTES} bytes.")
    lines = sdp.splitlines()
    media = [line for line in lines if line.startswith("m=")]
    if len(media) != 1 or not media[0].startswith("m=audio "):
        raise PeerError("The session description must have exactly one audio m-line and no other.")
    if sum(line.startswith("a=candidate:") for line in lines) > MAX_CANDIDATES:
        raise PeerError(f"The session description has more than {MAX_CANDIDATES} candidates.")
    try:
        session = SessionDescription.parse(sdp)
        audio = session.media[0]
    except Exception as error:  # aiortc's parser raises whatever its first false assumption raises
        raise PeerError("The session description does not parse.") from error
    return _describe(audio, lines)


def _size(text: str) -> int:
    """Bytes of UTF-8; raises PeerError for half a surrogate pair, which JSON can carry."""
    try:
        return len(text.encode())
    except UnicodeEncodeError:
        raise PeerError("The session description is not valid Unicode.") from None


def _describe(audio: MediaDescription, lines: list[str]) -> Description:
    ice, dtls = audio.ice, audio.dtls
    if ice is None or not ice.usernameFragment or not ice.password:
        raise PeerError("The session description has no ICE user fragment and password.")
    fingerprints = tuple(f for f in dtls.fingerprints if f.algorithm.lower() in _HASHES) if dtls else ()
    if dtls is None or not fingerprints:
        raise PeerError("The session description has no usable DTLS fingerprint; only DTLS-SRTP is spoken.")
    if not audio.rtcp_mux:
        raise PeerError("The session description has no rtcp-mux; RTCP has no port of its own here.")
    codecs = _codecs(audio)
    if not codecs:
        raise PeerError("None of the offered codecs is spoken here; Opus, PCMU and PCMA are.")
    setup = {"client": "active", "server": "passive"}.get(dtls.role, "actpass")
    return Description(
        mid=audio.rtp.muxId or "0",
        direction=audio.direction or "sendrecv",
        setup=setup,
        codecs=codecs,
        ice=ice,
        fingerprints=fingerprints,
        candidates=tuple(c for c in audio.ice_candidates if is_usable(c)),
        candidates_complete="a=end-of-candidates" in lines,
        ssrc=audio.ssrc[0].ssrc if audio.ssrc else None,
        events=_events(audio, codecs),
        bundled=any(line.startswith("a=group:BUNDLE") for line in lines),
    )


def _codecs(audio: MediaDescription) -> tuple[AudioCodec, ...]:
    found: dict[int, AudioCodec] = {}
    for codec in audio.rtp.codecs:
        if codec.payloadType is None or not 0 <= codec.payloadType <= 127:
            continue
        name = _CODEC_NAMES.get(codec.mimeType.partition("/")[2].lower())
        if name is not None and codec.clockRate == (48000 if name == "opus" else 8000):
            found[codec.payloadType] = AudioCodec(name, codec.payloadType, codec.clockRate)
    for number in audio.fmt:
        if number in _STATIC and number not in found:
            found[int(number)] = AudioCodec(_STATIC[number][0], int(number), _STATIC[number][1])
    wanted = [number for number in audio.fmt if number in found]
    return tuple(found[number] for number in wanted)


def _events(audio: MediaDescription, codecs: tuple[AudioCodec, ...]) -> tuple[AudioCodec, ...]:
    """telephone-event as offered, for the clocks of the codecs: a key and speech share one timeline."""
    clocks = {codec.clock for codec in codecs}
    found: dict[int, AudioCodec] = {}
    for codec in audio.rtp.codecs:
        number, clock = codec.payloadType, codec.clockRate
        known = codec.mimeType.lower() == f"audio/{_EVENT}" and clock in clocks and number in audio.fmt
        if known and number is not None and 0 <= number <= 127:
            found.setdefault(clock, AudioCodec(_EVENT, number, clock))
    return tuple(found.values())


def ordered(offered: Description, preferred: str) -> Description:
    """The same, in an answer's order: the preferred codec, Opus, the rest; events of the first's clock.

    A browser sends what the answer names first, and may send any of the others at any time.
    """
    codecs = sorted(offered.codecs, key=lambda codec: (codec.name != preferred, codec.name != "opus"))
    events = sorted(offered.events, key=lambda event: event.clock != codecs[0].clock)
    return replace(offered, codecs=tuple(codecs), events=tuple(events))


def _is_port(number: int) -> bool:
    return 0 < number <= 0xFFFF


def is_usable(candidate: RTCIceCandidate) -> bool:
    """False for what browsers name and nothing here can use: TCP, and a port for RTCP alone."""
    return candidate.component == 1 and candidate.protocol.lower() == "udp" and _is_port(candidate.port)


def parse_candidate(candidate: object) -> RTCIceCandidate | None:
    """A browser's candidate object; None for the end of candidates; raises PeerError.

    Takes `{candidate, sdpMid, sdpMLineIndex}` or null; an empty candidate text also means the end. Whether
    it `is_usable` is another question.
    """
    if candidate is None:
        return None
    text = candidate.get("candidate") if isinstance(candidate, dict) else None
    if text == "":
        return None
    if not isinstance(text, str) or len(text) > 1024 or not text.isascii():
        raise PeerError(
            "A candidate must be null or have a text of at most 1024 ASCII characters.", code="bad_candidate"
        )
    try:
        parsed = candidate_from_sdp(re.sub(r"^(a=)?candidate:", "", text.strip()))
    except (ValueError, AssertionError, IndexError) as error:
        raise PeerError("The candidate does not parse.", code="bad_candidate") from error
    if not _is_port(parsed.port):
        raise PeerError("The candidate's port is none.", code="bad_candidate")
    return parsed


def candidate_view(candidate: RTCIceCandidate, mid: str) -> dict[str, object]:
    """A candidate of ours as browsers take it."""
    return {"candidate": f"candidate:{candidate_to_sdp(candidate)}", "sdpMid": mid, "sdpMLineIndex": 0}


def serialise_description(description: Description, *, session_id: int, cname: str) -> str:
    """The SDP text of a description of ours; one audio m-line, BUNDLE, rtcp-mux."""
    d = description
    numbers = " ".join(str(codec.payload_type) for codec in (*d.codecs, *d.events))
    default = next((c for c in d.candidates if ":" not in c.ip), None)
    lines = [
        "v=0",
        f"o=- {session_id} 2 IN IP4 127.0.0.1",
        "s=-",
        "t=0 0",
        *([f"a=group:BUNDLE {d.mid}"] if d.bundled else []),
        "a=msid-semantic: WMS patchbay",
        f"m=audio {default.port if default else 9} UDP/TLS/RTP/SAVPF {numbers}",
        f"c=IN IP4 {default.ip if default else '0.0.0.0'}",
        f"a=mid:{d.mid}",
        f"a={d.direction}",
        "a=rtcp-mux",
    ]
    for codec in d.codecs:
        channels = "/2" if codec.name == "opus" else ""
        lines.append(f"a=rtpmap:{codec.payload_type} {codec.name}/{codec.clock}{channels}")
        if codec.name == "opus":
            # Without a bit rate browsers take 12 kb/s for 8 kHz, too few for FEC beside the speech.
            lines.append(
                f"a=fmtp:{codec.payload_type} minptime=20;useinbandfec=1;stereo=0;"
                f"maxplaybackrate={d.opus_rate};maxaveragebitrate={_OPUS_BITRATE}"
            )
    for event in d.events:
        lines.append(f"a=rtpmap:{event.payload_type} {_EVENT}/{event.clock}")
        lines.append(f"a=fmtp:{event.payload_type} 0-15")
    lines += ["a=ptime:20", "a=maxptime:60"]
    if d.ssrc is not None:
        lines += [f"a=ssrc:{d.ssrc} cname:{cname}", f"a=ssrc:{d.ssrc} msid:patchbay audio"]
    lines += [f"a=ice-ufrag:{d.ice.usernameFragment}", f"a=ice-pwd:{d.ice.password}", "a=ice-options:trickle"]
    lines += [f"a=candidate:{candidate_to_sdp(candidate)}" for candidate in d.candidates]
    if d.candidates_complete:
        lines.append("a=end-of-candidates")
    lines += [f"a=fingerprint:{f.algorithm} {f.value}" for f in d.fingerprints if f.algorithm == "sha-256"]
    lines.append(f"a=setup:{d.setup}")
    return "\r\n".join(lines) + "\r\n"


def answer_direction(offered: str) -> str:
    """The direction that answers `offered`, as seen from the answering side."""
    return {"sendonly": "recvonly", "recvonly": "sendonly", "inactive": "inactive"}.get(offered, "sendrecv")


def answer_setup(offered: str) -> str:
    """The DTLS role that answers `offered`: active unless the other side insists on it."""
    return "passive" if offered == "active" else "active"
