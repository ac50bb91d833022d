"""Puts the built web app into the wheel, beside the package that serves it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

BUILT = "web/dist/web/browser"


class WebApp(BuildHookInterface):  # type: ignore[type-arg]
    """`make wheel` builds the app first; a wheel without it serves a page that says so."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Include the app; an editable installation serves it from where it was built."""
        if version == "editable":
            return
        if (Path(self.root) / BUILT / "index.html").is_file():
            build_data["force_include"][BUILT] = "signaling/webapp"
        else:
            self.app.display_warning(f"{BUILT} is not built: this wheel has no web app (make wheel has).")
