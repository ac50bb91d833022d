"""What goes wrong with a flow."""

from __future__ import annotations

from bridge.errors import BridgeError


class TemplateError(BridgeError):
    """A template that cannot be run; the message names the place in it and what is allowed there."""

    code = "bad_template"

    def __init__(self, place: str, problem: str) -> None:
        super().__init__(f"{shorten(place)}: {problem}")
        self.place = place
        self.problem = problem


class UnknownNode(BridgeError):
    """A node was named that the flow does not have."""

    code = "unknown_node"


def shorten(text: str, limit: int = 240) -> str:
    """`text` with its middle left out where it is longer than `limit` characters."""
    if len(text) <= limit:
        return text
    half = limit // 2 - 1
    return f"{text[:half]}…{text[-half:]}"
