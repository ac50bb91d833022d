"""When PCMU and when Opus."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.peer.codec_policy import CodecPolicy, Preference
from bridge.ports import Codec


def run(policy: CodecPolicy, losses: list[float], start: float = 0.0) -> list[str]:
    """What is preferred after each second with these losses."""
    preferred = []
    for second, loss in enumerate(losses, 1):
        policy.note(loss, start + second)
        preferred.append(policy.prefer(Codec.PCMU, start + second))
    return preferred


@pytest.mark.parametrize(
    ("line", "codec"),
    [
        (None, "PCMU"),
        (Codec.PCMU, "PCMU"),
        (Codec.PCMA, "PCMA"),
        (Codec.L16_8K, "opus"),
        (Codec.L16_16K, "opus"),
    ],
)
def test_a_clean_link_gets_the_lines_own_codec_and_a_wide_line_opus(line: Codec | None, codec: str) -> None:
    assert CodecPolicy().prefer(line, 0.0) == codec


@pytest.mark.parametrize(("setting", "codec"), [("opus", "opus"), ("pcmu", "PCMU"), ("pcma", "PCMA")])
def test_a_setting_is_kept_to_whatever_the_link_is_like(setting: Preference, codec: str) -> None:
    policy = CodecPolicy(setting)
    assert set(run(policy, [0.0, 0.5, 0.5, 0.5, *[0.0] * 200])) == {codec}
    assert policy.prefer(Codec.L16_8K, 500.0) == codec


def test_loss_leads_to_opus_within_seconds() -> None:
    assert run(CodecPolicy(), [0.0] * 30 + [0.02] * 4)[-1] == "opus"
    assert "opus" in run(CodecPolicy(), [0.05, 0.05, 0.05])


def test_one_bad_second_is_an_accident() -> None:
    assert set(run(CodecPolicy(), [0.0] * 10 + [0.2] + [0.0] * 10)) == {"PCMU"}


def test_a_little_loss_is_none() -> None:
    assert set(run(CodecPolicy(), [0.02, 0.0, 0.0, 0.0, 0.0, 0.0] * 20)) == {"PCMU"}


def test_only_a_long_clean_time_leads_back_and_each_relapse_makes_it_longer() -> None:
    policy = CodecPolicy()
    bad = [0.03] * 5
    first = run(policy, [*bad, *[0.0] * 100])
    assert first[4 + 59] == "opus"
    assert first[-1] == "PCMU"
    second = run(policy, [*bad, *[0.0] * 200], 105.0)
    assert second[4 + 119] == "opus"
    assert second[-1] == "PCMU"


def test_a_relapse_after_an_hour_counts_as_the_first() -> None:
    policy = CodecPolicy()
    run(policy, [0.03] * 5 + [0.0] * 3600)
    again = run(policy, [0.03] * 5 + [0.0] * 100, 3605.0)
    assert again[5] == "opus"
    assert again[-1] == "PCMU"


def test_a_bad_link_is_remembered_for_minutes_without_a_connection() -> None:
    policy = CodecPolicy()
    run(policy, [0.05] * 5)
    assert policy.prefer(None, 5.0 + 300) == "opus"
    assert policy.prefer(None, 5.0 + 601) == "PCMU"


@settings(max_examples=200, deadline=None)
@given(st.lists(st.floats(0.0, 1.0), max_size=400))
def test_it_never_flaps(losses: list[float]) -> None:
    preferred = run(CodecPolicy(), losses)
    back = [at for at in range(1, len(preferred)) if preferred[at - 1 : at + 1] == ["opus", "PCMU"]]
    for at in back:
        assert sum(losses[at - 60 : at]) <= 0.003 * 5 * 60, "a minute before it was clean"
        assert preferred[at - 59 : at] == ["opus"] * 59
