"""The operator's part in a call: the claim, its audio, and what happens when that stays away."""

from __future__ import annotations

import time
from collections.abc import Callable

from bridge.call.deadline import Deadline
from bridge.call.ear import Ear
from bridge.call.operator import OperatorLeg
from bridge.call.patch import Patch
from bridge.call.services import Timing
from bridge.call.timeline import Timeline
from bridge.directory import Claim
from bridge.media.dtmf import KeyPress

_MEDIA_WATCHDOG = 2.0


class OperatorSide:
    """Who holds the call, if anybody does."""

    def __init__(
        self,
        patch: Patch,
        timeline: Timeline,
        timing: Timing,
        *,
        make_ear: Callable[[Claim], Ear],
        on_key: Callable[[KeyPress], None],
        on_lost: Callable[[], None],
        on_lapsed: Callable[[], object],
    ) -> None:
        self._patch, self._timeline, self._timing = patch, timeline, timing
        self._make_ear, self._on_key = make_ear, on_key
        self._on_lost, self._on_lapsed = on_lost, on_lapsed
        self._deadline = Deadline()
        self._waiting_since = 0.0
        self.leg: OperatorLeg | None = None
        self.claim: Claim | None = None

    @property
    def dead(self) -> bool:
        """True where nothing has come from the operator for so long that nobody can be there."""
        return self.leg is not None and self.leg.silent_for > _MEDIA_WATCHDOG

    def take(self, leg: OperatorLeg, claim: Claim) -> None:
        """Note who has won the call; `attach` follows."""
        self.leg, self.claim = leg, claim

    def attach(self) -> None:
        """Listen for the operator's audio."""
        leg, claim = self.leg, self.claim
        assert leg is not None
        assert claim is not None
        leg.on_gone, leg.on_key = self._on_lost, self._on_key
        leg.on_connected = lambda: self._timeline.mark("operator_audio_connected")
        if leg.connected:
            leg.on_connected()
        leg.serve(self._patch.line.codec)
        self._patch.attach(leg, self._make_ear(claim))

    def await_audio(self) -> None:
        """Let the claim lapse if the operator cannot be heard in time."""
        self._waiting_since = time.monotonic()
        self._deadline.set(self._timing.claim, self._due)

    def heard(self) -> None:
        """The operator can be heard; nothing lapses any more."""
        self._deadline.cancel()

    def detach(self) -> Claim | None:
        """End the operator's part; returns the claim that is to be dropped."""
        self._deadline.cancel()
        self._patch.detach()
        leg, claim = self.leg, self.claim
        self.leg = self.claim = None
        if leg is not None:
            leg.on_gone = leg.on_connected = leg.on_key = None
            leg.serve(None)
        return claim

    def _due(self) -> None:
        """A microphone that sends, but only silence, gets longer before the claim lapses."""
        waited = time.monotonic() - self._waiting_since
        if self.leg is not None and self.leg.flowing and waited < self._timing.silent_claim:
            self._deadline.set(self._timing.claim, self._due)
        else:
            self._on_lapsed()
