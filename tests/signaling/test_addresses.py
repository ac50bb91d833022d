from __future__ import annotations

import pytest

from signaling.addresses import asked_from_here


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        (None, "127.0.0.1:8996"),
        (None, "localhost:8996"),
        (None, None),
        ("http://127.0.0.1:8996", "127.0.0.1:8996"),
        ("http://localhost:4200", "localhost:8996"),
        ("http://[::1]:8996", "[::1]:8996"),
    ],
)
def test_programs_and_pages_of_this_machine_are_from_here(origin: str | None, host: str | None) -> None:
    assert asked_from_here(origin, host)


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("https://evil.example", "127.0.0.1:8996"),
        ("null", "127.0.0.1:8996"),
        ("", "127.0.0.1:8996"),
        ("http://localhost.evil.example", "127.0.0.1:8996"),
        ("http://evil.example:8996", "evil.example:8996"),
        (None, "evil.example:8996"),
        (None, "127.0.0.1:8996@evil.example"),
        (None, "not a host"),
    ],
)
def test_a_page_of_another_site_is_not_from_here(origin: str | None, host: str | None) -> None:
    assert not asked_from_here(origin, host)
