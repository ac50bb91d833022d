"""The one base class of this package's errors."""

from __future__ import annotations


class TelephonyError(Exception):
    """A refusal with a machine code and a sentence that a person understands.

    `code`: snake_case, stable, part of the outside contract; `message`: one sentence.
    """

    code = "telephony_error"

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        if code is not None:
            self.code = code


class MalformedPayload(TelephonyError):
    """Audio that cannot be a whole number of samples."""

    code = "malformed_payload"


class CallRejected(TelephonyError):
    """The server answered a simulated call with a refusal instead of a stream."""

    code = "call_rejected"


class LineClosed(TelephonyError):
    """The simulated line ended before what was waited for had happened."""

    code = "line_closed"
