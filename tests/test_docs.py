"""What docs/protocol.md draws and lists is what the code does."""

from __future__ import annotations

from pathlib import Path

from bridge.call.states import Event, draw, ends
from signaling.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
PROTOCOL = (ROOT / "docs" / "protocol.md").read_text(encoding="utf-8")


def test_the_state_diagram_is_the_table_s() -> None:
    assert f"```mermaid\n{draw()}\n```" in PROTOCOL


def test_every_end_reason_is_described() -> None:
    assert [event.value for event in Event if ends(event) and f"`{event.value}`" not in PROTOCOL] == []


def test_readme_lists_every_setting() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    missing = [name for name in Settings.model_fields if f"PATCHBAY_{name.upper()}" not in readme]
    assert missing == []
