"""Why a peer was refused."""

from __future__ import annotations

from bridge.errors import BridgeError


class PeerError(BridgeError):
    """An offer, answer or candidate that cannot be used; `bad_sdp` or `bad_candidate`."""

    code = "bad_sdp"
