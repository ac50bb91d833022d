"""Who hears whom on one call: the live audio path, and the swap."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from bridge.call.ear import Ear
from bridge.call.hold import hold_frames
from bridge.call.keys import KeyTones
from bridge.call.operator import OperatorLeg
from bridge.call.playout import Playout
from bridge.call.timeline import Timeline
from bridge.media.clock import MediaClock
from bridge.media.dtmf import KeyPress
from bridge.media.frame import Frame
from bridge.media.level import SILENCE_DBFS
from bridge.ports import Line

Mode = Literal["apart", "waiting", "bridged", "held"]


class Patch:
    """Routes frames between the caller's line and the operator's leg. Nothing here awaits or queues.

    apart: the two do not hear each other. waiting: apart until the operator can be heard, then
    `on_operator_audio` is called in that frame's slot. bridged: both ways, each frame as it arrives.
    held: the caller has hold audio, the operator nothing.
    """

    def __init__(
        self,
        line: Line,
        clock: MediaClock,
        timeline: Timeline,
        *,
        caller_ear: Ear,
        on_operator_audio: Callable[[], None],
    ) -> None:
        self.line = line
        self.playout = Playout(line, clock)
        self._keys = KeyTones(
            clock, line.codec, lambda payload: self.line.send_audio(payload), lambda: self.playout.active
        )
        self.mode: Mode = "apart"
        self._timeline = timeline
        self._caller_ear = caller_ear
        self._operator_ear: Ear | None = None
        self._on_operator_audio = on_operator_audio
        self._leg: OperatorLeg | None = None
        self._pending: Frame | None = None
        self._swap_on_next = False
        self._first_caller_due = False
        self._clears = 0

    def attach(self, leg: OperatorLeg, ear: Ear) -> None:
        """Wait for the operator's audio."""
        self._leg, self._operator_ear = leg, ear
        leg.on_frame = self.from_operator
        self.mode = "waiting"

    def detach(self) -> None:
        """The operator has no part in the call any more."""
        if self._leg is not None:
            self._leg.on_frame = None
        if self._operator_ear is not None:
            self._operator_ear.close()
        self._leg = self._operator_ear = None
        self._swap_on_next = False
        self._keys.stop()
        self.mode = "apart"

    def adopt(self, line: Line) -> None:
        """Carry on with the caller on another stream in the same encoding."""
        self.line = line
        self.playout.adopt(line)

    def play_hold(self, mode: Mode) -> None:
        """Hold audio to the caller from this slot on."""
        self.mode = mode
        self._swap_on_next = False
        self._keys.stop()
        self.playout.hold(hold_frames(self.line.codec))

    def unhold(self) -> None:
        """Bridge again in the slot of the operator's next frame; hold audio plays until then."""
        self._swap_on_next = True

    def swap(self) -> None:
        """Flush what the caller hears and let the operator's pending frame follow in the same slot."""
        timeline, playout = self._timeline, self.playout
        if playout.last_sent is not None:
            timeline.mark("bot_last_frame", playout.last_sent)
        if not playout.cut():
            self.line.clear()
        self._clears += 1
        self.line.mark(f"clear-{self._clears}")
        timeline.mark("provider_clear_sent")
        self.mode, self._first_caller_due, self._swap_on_next = "bridged", True, False
        pending, self._pending = self._pending, None
        if pending is not None:
            self._to_caller(pending)
        timeline.mark("first_operator_frame")

    def from_caller(self, payload: bytes) -> None:
        """One 20 ms frame in the line's codec."""
        frame = Frame(self.line.codec, payload)
        bridged = self.mode == "bridged"
        if bridged and self._leg is not None and self._leg.send(frame) and self._first_caller_due:
            self._first_caller_due = False
            self._timeline.mark("first_caller_frame")
        self._caller_ear.push(frame, at_once=not bridged)

    def tell_operator(self, payload: bytes) -> None:
        """As `from_caller`, for words whose text is known: the operator hears them, and no recogniser."""
        if self.mode == "bridged" and self._leg is not None:
            self._leg.send(Frame(self.line.codec, payload))

    def from_operator(self, frame: Frame) -> None:
        """One frame in order from the operator."""
        if self.mode == "waiting":
            if frame.audible:
                self._pending = frame
                self._on_operator_audio()
        elif self._swap_on_next:
            self._pending = frame
            self.swap()
        elif self.mode == "bridged":
            self._to_caller(frame)
        if self.mode == "bridged" and self._operator_ear is not None:
            self._operator_ear.push(frame, at_once=False)

    def read_levels(self) -> tuple[float, float]:
        """Loudest 100 ms of the caller and of the operator since this was last read, in dBFS."""
        operator = self._operator_ear
        return self._caller_ear.meter.read(), operator.meter.read() if operator else SILENCE_DBFS

    @property
    def room_for_keys(self) -> int:
        """How many keys of the operator's may be pressed now; 0 where the caller does not hear them."""
        return self._keys.room if self.mode == "bridged" else 0

    def key(self, press: KeyPress) -> bool:
        """A key of the operator's, as its tones; False where the caller does not hear the operator."""
        return self.mode == "bridged" and self._keys.press(press)

    def marked(self, name: str) -> None:
        """The provider has played or dropped everything before our mark."""
        if name.startswith("clear-"):
            self._timeline.mark("provider_clear_confirmed")

    def _to_caller(self, frame: Frame) -> None:
        if self.playout.sounding:
            self.playout.mix_in(frame)
        elif not self._keys.sounding:
            self.line.send_audio(frame.to(self.line.codec))
