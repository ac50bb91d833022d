from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest
import structlog

from signaling.settings import Settings, SettingsError, load_settings


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in list(os.environ):
        if name.upper().startswith("PATCHBAY_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def load(monkeypatch: pytest.MonkeyPatch, **values: str) -> Settings:
    for name, value in values.items():
        monkeypatch.setenv(f"PATCHBAY_{name}", value)
    return load_settings()


def test_without_any_setting_it_listens_on_loopback_port_8996_and_is_open() -> None:
    settings = load_settings()

    assert (settings.host, settings.port) == ("127.0.0.1", 8996)
    assert (settings.stt, settings.tts) == ("whisper", "piper")
    assert (settings.ring_timeout, settings.agent_turn_timeout, settings.session_ttl) == (45, 60, 60)
    assert settings.operators == ()
    assert settings.open_surface


def test_database_is_a_file_in_the_data_folder_unless_given(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert load(monkeypatch, DATA_DIR="kept").database == f"sqlite+aiosqlite:///{tmp_path}/kept/patchbay.db"
    assert load(monkeypatch, DATABASE_URL="postgresql+asyncpg://h/d").database == "postgresql+asyncpg://h/d"


def test_env_file_is_read_and_the_environment_wins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PATCHBAY_PORT=9001\nPATCHBAY_RING_TIMEOUT=7\n")

    settings = load(monkeypatch, RING_TIMEOUT="8")

    assert (settings.port, settings.ring_timeout) == (9001, 8)


def test_an_empty_value_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    default = load_settings()

    assert load(monkeypatch, AGENT_TOKEN="", PORT="", OPERATORS="", ICE_SERVERS="", FLOW="") == default


def test_a_misspelled_setting_is_logged(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PATCHBAY_PROT=1\n")

    with structlog.testing.capture_logs() as logs:
        load(monkeypatch, HOSTT="x")

    assert [entry["variable"] for entry in logs] == ["PATCHBAY_HOSTT", "PATCHBAY_PROT"]


BAD = [
    ("HOST", "not a host", "an IP address or a host name"),
    ("PORT", "http", "a whole number from 0 to 65535"),
    ("PORT", "65536", "a whole number from 0 to 65535"),
    ("PUBLIC_URL", "calls.example.com", "an origin such as https://calls.example.com"),
    ("PUBLIC_URL", "https://calls.example.com/path", "without a path"),
    ("PUBLIC_URL", "ftp://calls.example.com", "an origin"),
    ("PUBLIC_URL", "https://calls.example.com:0", "an origin"),
    ("FLOW", "nowhere.json", "there is no such file"),
    ("STT", "vosk", "whisper, deepgram or none"),
    ("LANGUAGE", "English please", "a code such as en, de or pt-BR, or auto"),
    ("TTS", "espeak", "piper or none"),
    ("OPERATOR_CODEC", "g722", "auto, opus, pcmu or pcma"),
    ("LLM_URL", "127.0.0.1:8080", "an http:// or https:// address"),
    ("RING_TIMEOUT", "soon", "a number of seconds above 0 and up to 3600"),
    ("RING_TIMEOUT", "0", "a number of seconds above 0 and up to 3600"),
    ("AGENT_TURN_TIMEOUT", "-1", "a number of seconds above 0 and up to 3600"),
    ("SESSION_TTL", "nan", "a number of seconds above 0 and up to 3600"),
    ("MAX_CALLS", "0", "a whole number from 1 to 10000"),
    ("BACKLOG_MB", "0", "a whole number from 1 to 1000000"),
    ("ALIVE5_URL", "alive5", "such as https://api.alive5.com"),
]


@pytest.mark.parametrize(("name", "value", "allowed"), BAD)
def test_a_bad_value_is_told_with_its_variable_itself_and_what_is_allowed(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, allowed: str
) -> None:
    with pytest.raises(SettingsError) as refused:
        load(monkeypatch, **{name: value})

    assert f'PATCHBAY_{name} is "{value}"' in refused.value.message
    assert allowed in refused.value.message


BAD_SECRETS = [
    ("DATABASE_URL", "postgresql+asyncpg://ann:hunter2@db:port/x", "sqlite+aiosqlite://… or"),
    ("DATABASE_URL", "postgresql+asyncpg://ann:hunter2@db:99999/x", "sqlite+aiosqlite://… or"),
    ("DATABASE_URL", "mysql://ann:hunter2@db/x", "sqlite+aiosqlite://… or postgresql+asyncpg://…"),
    ("OPERATORS", "ann:ok,hunter2", "entry 2 is not name:password"),
    ("OPERATORS", "ann:hunter2,Ann:other", "entry 2 repeats the name Ann"),
    ("OPERATORS", "ann:", "name:password,name:password"),
    ("OPERATORS", f"{'a' * 65}:hunter2", "longer than 64 characters"),
    ("OPERATORS", f"ann:hunter2{'x' * 1024}", "longer than 1024 characters"),
    ("AGENT_TOKEN", "hunter2 with blanks", "a token without blanks"),
    ("DEEPGRAM_KEY", "hunter2 with blanks", "an API key without blanks"),
    ("ICE_SERVERS", '[{"urls": "turn:h", "username": "hunter2"}]', "come together or not at all"),
    ("ICE_SERVERS", '[{"urls": "turn:h", "username": "hunter2", "credential": 1}]', "must be strings"),
    ("ICE_SERVERS", '[{"url": "hunter2"}]', 'each entry needs "urls"'),
    ("ICE_SERVERS", '["hunter2"]', "each entry must be an object"),
    ("ICE_SERVERS", '[{"hunter2"', "it is not valid JSON"),
    ("ICE_SERVERS", "http://hunter2", "turn:host:3478 or stun:host:3478"),
]


@pytest.mark.parametrize(("name", "value", "allowed"), BAD_SECRETS)
def test_a_bad_secret_is_told_without_its_value(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, allowed: str
) -> None:
    with pytest.raises(SettingsError) as refused:
        load(monkeypatch, **{name: value})

    assert f"PATCHBAY_{name} is ***" in refused.value.message
    assert allowed in refused.value.message
    assert "hunter2" not in refused.value.message


def test_every_bad_value_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingsError) as refused:
        load(monkeypatch, PORT="x", TTS="y", MAX_CALLS="z")

    assert [problem.split()[0] for problem in refused.value.problems] == [
        "PATCHBAY_PORT",
        "PATCHBAY_TTS",
        "PATCHBAY_MAX_CALLS",
    ]
    assert refused.value.code == "bad_settings"
    assert refused.value.message.startswith("These settings are wrong:\n  PATCHBAY_PORT")


def test_an_unreadable_env_file_is_told(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"PATCHBAY_PORT=\xff\n")

    with pytest.raises(SettingsError, match=r"\.env cannot be read"):
        load_settings()


@pytest.mark.parametrize("given", [{"ALIVE5_URL": "https://a5.example"}, {"ALIVE5_KEY": "k"}])
def test_half_of_the_alive5_settings_is_refused(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, str]
) -> None:
    with pytest.raises(SettingsError, match="PATCHBAY_ALIVE5_URL and PATCHBAY_ALIVE5_KEY"):
        load(monkeypatch, **given)


def test_deepgram_without_a_key_is_refused_with_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingsError, match="PATCHBAY_DEEPGRAM_KEY"):
        load(monkeypatch, STT="deepgram")
    settings = load(monkeypatch, STT="deepgram", DEEPGRAM_KEY="hunter2", LANGUAGE="auto")
    assert settings.deepgram_key is not None
    assert "hunter2" not in repr(settings)


@pytest.mark.parametrize("given", [{"LANGUAGE": "de"}, {"LANGUAGE": "auto", "WHISPER_MODEL": "base.en"}])
def test_a_language_that_the_model_cannot_know_is_refused(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, str]
) -> None:
    with pytest.raises(SettingsError, match="knows English only"):
        load(monkeypatch, **given)


@pytest.mark.parametrize("given", [{"LANGUAGE": "en-GB"}, {"LANGUAGE": "de", "WHISPER_MODEL": "small"}])
def test_a_language_that_the_model_may_know_is_taken(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, str]
) -> None:
    assert load(monkeypatch, **given).language == given["LANGUAGE"]


def test_secrets_do_not_show_when_settings_are_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(
        monkeypatch,
        AGENT_TOKEN="hunter2",
        OPERATORS="ann:hunter2",
        LLM_KEY="hunter2",
        TURN_SECRET="hunter2",
        DATABASE_URL="postgresql+asyncpg://u:hunter2@h/d",
        ICE_SERVERS='[{"urls": "turn:h", "username": "u", "credential": "hunter2"}]',
    )

    assert "hunter2" not in repr(settings)
    assert settings.operators[0].password == "hunter2"


@pytest.mark.parametrize(
    ("host", "closing", "is_open"),
    [
        ("127.0.0.1", {}, True),
        ("127.8.8.8", {}, True),
        ("::1", {}, True),
        ("localhost", {}, True),
        ("127.0.0.1", {"PUBLIC_URL": "https://calls.example.com"}, False),
        ("127.0.0.1", {"AGENT_TOKEN": "t"}, False),
        ("0.0.0.0", {"AGENT_TOKEN": "t"}, False),
        ("calls.example.com", {"AGENT_TOKEN": "t"}, False),
    ],
)
def test_surface_is_open_on_loopback_only_without_public_url_and_token(
    monkeypatch: pytest.MonkeyPatch, host: str, closing: dict[str, str], is_open: bool
) -> None:
    settings = load(monkeypatch, HOST=host, **closing)

    settings.check_exposure()
    assert settings.open_surface is is_open


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "calls.example.com", "127.0.0.1.example.com"])
def test_listening_elsewhere_without_a_token_is_refused_with_the_reason(
    monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    settings = load(monkeypatch, HOST=host)

    assert not settings.open_surface
    with pytest.raises(SettingsError, match="PATCHBAY_AGENT_TOKEN") as refused:
        settings.check_exposure()
    assert f'PATCHBAY_HOST is "{host}"' in refused.value.message


def test_data_folder_is_made_for_its_owner_only(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    made = load(monkeypatch, DATA_DIR=str(tmp_path / "deep" / "data")).prepare_data_dir()

    assert stat.S_IMODE(made.stat().st_mode) == 0o700


def test_a_data_folder_that_cannot_be_made_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    settings = load(monkeypatch, DATA_DIR=str(tmp_path / "taken"))

    with pytest.raises(SettingsError, match="PATCHBAY_DATA_DIR"):
        settings.prepare_data_dir()


def test_ice_servers_are_none_by_default() -> None:
    assert load_settings().ice_servers_for("op_1", 0) == []


def test_a_coturn_url_gets_credentials_as_coturn_computes_them(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(monkeypatch, ICE_SERVERS="turn:turn.example.com:3478?transport=udp", TURN_SECRET="north")

    # By hand: printf 1700043200:op_1 | openssl dgst -sha1 -hmac north -binary | base64
    assert settings.ice_servers_for("op_1", 1_700_000_000.9) == [
        {
            "urls": ["turn:turn.example.com:3478?transport=udp"],
            "username": "1700043200:op_1",
            "credential": "8Qhyhu5isd82WiVyoeVWwgATT8w=",
        }
    ]


def test_a_json_list_keeps_its_own_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    entries = [
        {"urls": "stun:stun.example.com"},
        {"urls": ["turn:a.example.com", "turns:[2001:db8::1]:5349"], "username": "u", "credential": "c"},
    ]
    settings = load(monkeypatch, ICE_SERVERS=json.dumps(entries), TURN_SECRET="unused here")

    assert settings.ice_servers_for("op_1", 0) == [
        {"urls": ["stun:stun.example.com"]},
        {"urls": ["turn:a.example.com", "turns:[2001:db8::1]:5349"], "username": "u", "credential": "c"},
    ]


def test_a_turn_server_without_any_credential_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingsError, match="set PATCHBAY_TURN_SECRET"):
        load(monkeypatch, ICE_SERVERS="turn:turn.example.com:3478")
