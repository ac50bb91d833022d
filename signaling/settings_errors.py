"""How a refused setting is told: the variable, the value (secrets masked) and what is allowed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from signaling.errors import SignalingError
from signaling.log import MASK, mask_text

_SECRET_FIELDS = frozenset(
    {
        "agent_token",
        "alive5_key",
        "database_url",
        "deepgram_key",
        "ice_servers",
        "llm_key",
        "operators",
        "turn_secret",
        "twilio_auth_token",
    }
)


class SettingsError(SignalingError):
    """The process cannot start as it is set up. `message` is ready to print; the command exits 2."""

    code = "bad_settings"

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(["These settings are wrong:", *_indented(self.problems)]))


def _indented(lines: Iterable[str]) -> list[str]:
    return [f"  {line}" for line in lines]


def problems_in(error: ValidationError, fields: Mapping[str, FieldInfo], prefix: str) -> list[str]:
    """One sentence for each setting that `error` is about."""
    sentences: dict[str, None] = {}
    for detail in error.errors(include_url=False):
        sentences[_sentence(detail, fields, prefix)] = None
    return list(sentences)


def _sentence(detail: ErrorDetails, fields: Mapping[str, FieldInfo], prefix: str) -> str:
    reason = str(detail.get("ctx", {}).get("error", ""))
    if not detail["loc"]:
        return f"{reason}."
    name = str(detail["loc"][0])
    extra = fields[name].json_schema_extra
    allowed = extra.get("allowed") if isinstance(extra, dict) else None
    why = f" ({reason})" if reason else ""
    return f"{prefix}{name.upper()} is {_shown(name, detail['input'])}{why}: it must be {allowed}."


def _shown(name: str, value: object) -> str:
    if name in _SECRET_FIELDS:
        return MASK
    text = mask_text(str(value))
    return f'"{text[:80]}…"' if len(text) > 80 else f'"{text}"'
