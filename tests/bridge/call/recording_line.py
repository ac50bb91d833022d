"""A line that writes down what it is given, for tests of what goes out."""

from __future__ import annotations

from bridge.ports import Codec


class RecordingLine:
    """`said` has every frame, and None for each clear."""

    paced = True

    def __init__(self, codec: Codec = Codec.PCMU) -> None:
        self.codec = codec
        self.said: list[bytes | None] = []
        self.marks: list[str] = []

    def send_audio(self, payload: bytes) -> None:
        """See Line."""
        assert len(payload) == self.codec.frame_bytes
        self.said.append(payload)

    def clear(self) -> None:
        """See Line."""
        self.said.append(None)

    def mark(self, name: str) -> None:
        """See Line."""
        self.marks.append(name)

    async def hang_up(self) -> None:
        """See Line."""

    @property
    def frames(self) -> list[bytes]:
        """The frames alone."""
        return [payload for payload in self.said if payload is not None]
