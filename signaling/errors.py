"""The one base class of this package's errors, and the shape in which a refusal leaves the process."""

from __future__ import annotations


class SignalingError(Exception):
    """A refusal with a machine code and a sentence that a person understands.

    `code`: snake_case, stable, part of the outside contract; `message`: one sentence.
    """

    code = "signaling_error"

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        if code is not None:
            self.code = code


def error_body(code: str, message: str) -> dict[str, dict[str, str]]:
    """The JSON body of every refused request: `{"error": {"code", "message"}}`."""
    return {"error": {"code": code, "message": message}}
