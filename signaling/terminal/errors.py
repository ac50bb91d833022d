"""What the terminal's commands tell whoever typed them, as one sentence."""

from __future__ import annotations

from signaling.errors import SignalingError


class TerminalError(SignalingError):
    """The command cannot go on; it prints the sentence and exits 1."""

    code = "terminal_error"
