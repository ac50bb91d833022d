"""The files that set a server up name real settings, with their real defaults, in valid documents."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from signaling.settings import ENV_PREFIX, Settings, load_settings

ROOT = Path(__file__).parents[1]
SETTINGS = {f"{ENV_PREFIX}{name.upper()}" for name in Settings.model_fields}
NAMED = re.compile(rf"\b{ENV_PREFIX}[A-Z0-9_]+\b")

# The part of the Compose specification that docker-compose.yml uses; anything else is refused.
_TEXT_OR_NUMBER = {"type": ["string", "number", "boolean"]}
_DURATION = {"type": "string", "pattern": r"^(\d+(ms|s|m|h))+$"}
_PORT = {"type": "string", "pattern": r"^(\d{1,3}(\.\d{1,3}){3}:)?\d{1,5}:\d{1,5}(/(udp|tcp))?$"}
_NAME = r"^[a-zA-Z0-9._-]+$"
COMPOSE_SCHEMA = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "required": ["services"],
    "additionalProperties": False,
    "properties": {
        "services": {
            "type": "object",
            "additionalProperties": False,
            "patternProperties": {
                _NAME: {
                    "type": "object",
                    "additionalProperties": False,
                    "anyOf": [{"required": ["image"]}, {"required": ["build"]}],
                    "properties": {
                        "build": {"type": "string"},
                        "image": {"type": "string"},
                        "init": {"type": "boolean"},
                        "restart": {"enum": ["no", "always", "on-failure", "unless-stopped"]},
                        "stop_grace_period": _DURATION,
                        "environment": {
                            "type": "object",
                            "patternProperties": {r"^[A-Z0-9_]+$": _TEXT_OR_NUMBER},
                            "additionalProperties": False,
                        },
                        "command": {"type": "array", "items": {"type": "string"}},
                        "ports": {"type": "array", "items": _PORT, "uniqueItems": True},
                        "volumes": {
                            "type": "array",
                            "items": {"type": "string", "pattern": r"^[\w.-]+:/[\w./-]*(:ro)?$"},
                        },
                        "depends_on": {"type": "array", "items": {"type": "string"}},
                    },
                }
            },
        },
        "volumes": {"type": "object", "patternProperties": {_NAME: {"type": "null"}}},
    },
}


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.fixture
def compose() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(text_of("docker-compose.yml"))
    return document


def test_compose_file_is_valid(compose: dict[str, Any]) -> None:
    jsonschema.validate(compose, COMPOSE_SCHEMA)


def test_compose_file_uses_only_volumes_and_services_that_it_declares(compose: dict[str, Any]) -> None:
    services = compose["services"].values()
    mounted = {mount.split(":")[0] for service in services for mount in service.get("volumes", [])}
    needed = {name for service in services for name in service.get("depends_on", [])}

    assert mounted == set(compose["volumes"])
    assert needed <= set(compose["services"])


def test_compose_file_asks_for_every_secret_and_contains_none(compose: dict[str, Any]) -> None:
    server = compose["services"]["patchbay"]["environment"]
    secrets = {name: value for name, value in server.items() if re.search("TOKEN|SECRET|KEY|OPERATORS", name)}

    assert len(secrets) >= 5
    assert [value for value in secrets.values() if not re.fullmatch(r"\$\{\w+:[-?][^}]*\}", value)] == []
    # Inside a container the server listens on every address, so it does not start without this one.
    assert server["PATCHBAY_AGENT_TOKEN"].startswith("${PATCHBAY_AGENT_TOKEN:?")


def test_coturn_and_the_server_share_one_secret(compose: dict[str, Any]) -> None:
    server = compose["services"]["patchbay"]["environment"]
    (option,) = (word for word in compose["services"]["coturn"]["command"] if "static-auth-secret=" in word)

    assert option.partition("=")[2] == server["PATCHBAY_TURN_SECRET"]
    assert "--use-auth-secret" in compose["services"]["coturn"]["command"]


@pytest.mark.parametrize(
    "name", ["docker-compose.yml", "Dockerfile", ".env.example", "README.md", "CONTRIBUTING.md"]
)
def test_every_variable_that_is_named_is_a_setting(name: str) -> None:
    assert set(NAMED.findall(text_of(name))) - SETTINGS == set()


def defaults_in_example() -> dict[str, str]:
    lines = re.findall(rf"^#({ENV_PREFIX}[A-Z0-9_]+)=(.*)$", text_of(".env.example"), re.MULTILINE)
    return dict(lines)


def test_env_example_names_every_setting_once() -> None:
    named = re.findall(rf"^#({ENV_PREFIX}[A-Z0-9_]+)=", text_of(".env.example"), re.MULTILINE)

    assert sorted(named) == sorted(SETTINGS)


def test_env_example_shows_the_real_defaults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in SETTINGS & set(os.environ):
        monkeypatch.delenv(name)
    uncommented = tmp_path / ".env"
    uncommented.write_text("\n".join(f"{name}={value}" for name, value in defaults_in_example().items()))

    assert load_settings(uncommented) == load_settings(None)


def test_readme_has_every_setting_in_its_table_with_its_default() -> None:
    rows = dict(
        re.findall(rf"^\| `({ENV_PREFIX}[A-Z0-9_]+)` \| (.*?) \|", text_of("README.md"), re.MULTILINE)
    )
    shown = {name: re.fullmatch(r"`(.*)`", cell) for name, cell in rows.items()}

    assert {name: match[1] if match else "" for name, match in shown.items()} == defaults_in_example()
