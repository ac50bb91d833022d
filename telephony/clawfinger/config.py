"""What the phone app is to do with calls, as it is told and as people set it; kept in the data folder."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal, cast

import structlog

from bridge.errors import BridgeError
from bridge.private_files import write_private
from telephony.clawfinger import policy

log = structlog.get_logger()

Direction = Literal["incoming", "outgoing"]


class CallConfig:
    """The call configuration, read from `path` if it is there and written there on every change.

    Raises BridgeError `bad_config` where the file is not what we wrote.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.on_change: Callable[[dict[str, object]], None] = lambda view: None
        """Called with the new view after every change, whoever made it."""
        self._values = {name: key.default for name, key in policy.KEYS.items()} | self._load()

    def view(self) -> dict[str, object]:
        """Every key that clients may see, JSON-ready; of the passphrase only whether there is one.

        Greetings have the owner's name put in; their templates stand beside them.
        """
        shown = {name: value for name, value in self._values.items() if name != "auth_passphrase"}
        for name in ("greeting_incoming", "greeting_outgoing"):
            shown[f"{name}_template"] = self._values[name]
            shown[name] = self._with_owner(name)
        return {**shown, "auth_required": bool(self.passphrase)}

    def update(self, changes: Mapping[str, object]) -> dict[str, object]:
        """Change some keys, all or none, and keep them; returns the new view.

        Raises BridgeError: `bad_config` names the key, its value and what is allowed; `config_not_kept`
        where it cannot be written.
        """
        checked = policy.checked(changes)
        values = self._values | checked
        try:
            write_private(self._path, json.dumps(values, ensure_ascii=False, indent=2) + "\n")
        except OSError as error:
            message = f"The call configuration cannot be written: {error.strerror}."
            raise BridgeError(message, code="config_not_kept") from error
        self._values = values
        log.info("call_config_changed", keys=sorted(checked))
        view = self.view()
        self.on_change(view)
        return view

    def greeting(self, direction: Direction) -> str:
        """What a caller (incoming) or somebody whom the phone has called (outgoing) hears first."""
        return self._with_owner(f"greeting_{direction}")

    def refusal(self, number: str) -> str | None:
        """Why `number` ("" where it is hidden) may not call, in the app's own word; None where it may."""
        plain = policy.plain_number(number)
        if plain and plain in cast("list[str]", self._values["caller_blocklist"]):
            return "blocklisted"
        allowed = cast("list[str]", self._values["caller_allowlist"])
        if plain and allowed and plain not in allowed:
            return "not_allowlisted"
        if not plain and not self._values["unknown_callers_allowed"]:
            return "unknown_caller"
        return None

    @property
    def passphrase(self) -> str:
        """What a caller has to say first, "" for nothing."""
        return cast("str", self._values["auth_passphrase"])

    @property
    def max_attempts(self) -> int:
        """How often the passphrase may be tried, 0 for ever."""
        return cast("int", self._values["auth_max_attempts"])

    @property
    def reject_message(self) -> str:
        """What a caller who may not talk with the bot is told."""
        return cast("str", self._values["auth_reject_message"])

    @property
    def max_duration(self) -> int:
        """Seconds that a call may take."""
        return cast("int", self._values["max_duration_sec"])

    @property
    def max_duration_message(self) -> str:
        """What a caller is told when that is over."""
        return cast("str", self._values["max_duration_message"])

    @property
    def keep_history(self) -> bool:
        """Whether a number that calls again goes on in its thread."""
        return cast("bool", self._values["keep_history"])

    def _with_owner(self, name: str) -> str:
        owner = cast("str", self._values["greeting_owner"])
        return cast("str", self._values[name]).replace("{owner}", owner)

    def _load(self) -> dict[str, object]:
        try:
            kept = json.loads(self._path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise BridgeError(f"{self._path} cannot be read: {error}.", code="bad_config") from error
        if not isinstance(kept, dict):
            raise BridgeError(f"{self._path} must hold one JSON object.", code="bad_config")
        return policy.checked(kept)
