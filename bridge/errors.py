"""The one base class of this package's errors."""

from __future__ import annotations


class BridgeError(Exception):
    """A refusal with a machine code and a sentence that a person understands.

    `code`: snake_case, stable, part of the outside contract; `message`: one sentence.
    """

    code = "bridge_error"

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        if code is not None:
            self.code = code
