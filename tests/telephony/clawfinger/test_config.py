"""The call configuration: what is kept, what is refused, and who may call."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bridge.errors import BridgeError
from telephony.clawfinger.config import CallConfig
from telephony.clawfinger.policy import KEYS, PEOPLE_ONLY

APP_READS = {
    "auto_answer",
    "auto_answer_delay_ms",
    "caller_allowlist",
    "caller_blocklist",
    "unknown_callers_allowed",
    "greeting_incoming",
    "greeting_outgoing",
    "max_duration_sec",
    "max_duration_message",
}


@pytest.fixture
def config(tmp_path: Path) -> CallConfig:
    return CallConfig(tmp_path / "call-config.json")


def test_a_new_config_has_every_key_that_the_app_reads(config: CallConfig) -> None:
    assert set(config.view()) >= APP_READS
    json.dumps(config.view())


def test_every_default_would_be_accepted(config: CallConfig) -> None:
    config.update({name: key.default for name, key in KEYS.items()})


def test_what_was_changed_is_there_after_a_restart(config: CallConfig, tmp_path: Path) -> None:
    changed = config.update(
        {"greeting_owner": "Zoë", "max_duration_sec": 600, "auth_passphrase": "blue harvest"}
    )
    again = CallConfig(tmp_path / "call-config.json")
    assert again.view() == changed
    assert again.passphrase == "blue harvest"
    assert again.greeting("incoming") == "Hello, this is Zoë's assistant."


def test_the_file_is_for_its_owner_only(config: CallConfig, tmp_path: Path) -> None:
    config.update({"auth_passphrase": "blue harvest"})
    assert (tmp_path / "call-config.json").stat().st_mode & 0o777 == 0o600


def test_the_passphrase_is_never_shown(config: CallConfig) -> None:
    view = config.update({"auth_passphrase": "blue harvest"})
    assert view["auth_required"] is True
    assert "blue harvest" not in json.dumps(view)
    with pytest.raises(BridgeError) as refused:
        config.update({"auth_passphrase": "blue\nharvest"})
    assert "harvest" not in refused.value.message


def test_the_reference_gateways_names_are_understood(config: CallConfig) -> None:
    view = config.update({"call_auto_answer": False, "call_auto_answer_delay_ms": 20})
    assert view["auto_answer"] is False
    assert view["auto_answer_delay_ms"] == 20


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("auto_answer", "yes"),
        ("auto_answer_delay_ms", -1),
        ("auto_answer_delay_ms", True),
        ("max_duration_sec", 0),
        ("max_duration_sec", 1.5),
        ("caller_allowlist", "+49123"),
        ("caller_blocklist", ["+49123", "; rm -rf"]),
        ("greeting_incoming", ""),
        ("greeting_incoming", "x" * 1001),
        ("auth_max_attempts", 101),
    ],
)
def test_a_bad_value_is_named_and_changes_nothing(config: CallConfig, key: str, value: object) -> None:
    before = config.view()
    with pytest.raises(BridgeError) as refused:
        config.update({"greeting_owner": "Ann", key: value})
    assert refused.value.code == "bad_config"
    assert key in refused.value.message
    assert "must be" in refused.value.message
    assert config.view() == before


def test_what_is_no_key_is_left_out(config: CallConfig, tmp_path: Path) -> None:
    config.update({"ring_tone": "x", "greeting_owner": "Ann"})
    assert config.view()["greeting_owner"] == "Ann"
    assert "ring_tone" not in (tmp_path / "call-config.json").read_text()


def test_what_was_shown_can_be_sent_back_with_a_change_in_it(config: CallConfig) -> None:
    shown = config.update({"greeting_owner": "Ann", "auth_passphrase": "blue harvest"})
    assert config.update({**shown, "max_duration_sec": 99}) == {**shown, "max_duration_sec": 99}
    assert config.passphrase == "blue harvest"


def test_every_change_is_told_and_no_refusal(config: CallConfig) -> None:
    told: list[dict[str, object]] = []
    config.on_change = told.append
    view = config.update({"greeting_owner": "Ann"})
    with pytest.raises(BridgeError):
        config.update({"greeting_owner": ""})
    assert told == [view]


def test_a_broken_file_is_said_plainly(tmp_path: Path) -> None:
    path = tmp_path / "call-config.json"
    path.write_text("{")
    with pytest.raises(BridgeError, match="cannot be read"):
        CallConfig(path)


def test_numbers_are_compared_without_what_people_put_between_digits(config: CallConfig) -> None:
    config.update({"caller_blocklist": ["+49 (30) 123-45"]})
    assert config.view()["caller_blocklist"] == ["+493012345"]
    assert config.refusal("+49 30 12345") == "blocklisted"
    assert config.refusal("+49 30 12346") is None


def test_an_allow_list_refuses_all_others_but_not_hidden_numbers(config: CallConfig) -> None:
    config.update({"caller_allowlist": ["+491234"]})
    assert config.refusal("+491234") is None
    assert config.refusal("+499999") == "not_allowlisted"
    assert config.refusal("") is None
    config.update({"unknown_callers_allowed": False})
    assert config.refusal("") == "unknown_caller"


def test_what_only_people_may_change_is_there() -> None:
    assert set(KEYS) > PEOPLE_ONLY
