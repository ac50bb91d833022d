"""The flow that ships with the project: a bakery that takes orders and hands over on request."""

from __future__ import annotations

from importlib import resources

from bridge.flow.nodes import Flow
from bridge.flow.template import parse_template


def demo_flow() -> Flow:
    """The demo flow, read from `demo_flow.json` beside this module."""
    return parse_template(resources.files("bridge.flow").joinpath("demo_flow.json").read_bytes())
