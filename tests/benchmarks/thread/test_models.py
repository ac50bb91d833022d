from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.thread.models import base_model

PARTS = ("patchbay_test_model_1", "patchbay_test_model_2")


@pytest.fixture
def packages(tmp_path: Path) -> Iterator[None]:
    """Two packages with half a model each."""
    for number, name in enumerate(PARTS, start=1):
        data = tmp_path / "packages" / name / "data"
        data.mkdir(parents=True)
        data.with_name("__init__.py").touch()
        (data / f"model.bin.part{number}").write_bytes(b"ab" if number == 1 else b"c")
    (tmp_path / "packages" / PARTS[1] / "data" / "config.json").write_text("{}")
    sys.path.insert(0, str(tmp_path / "packages"))
    yield
    sys.path.remove(str(tmp_path / "packages"))


@pytest.mark.usefixtures("packages")
def test_the_halves_of_a_model_are_put_together_with_what_goes_with_them(tmp_path: Path) -> None:
    found = base_model(tmp_path / "whole", PARTS)
    assert found is not None
    assert (found / "model.bin").read_bytes() == b"abc"
    assert (found / "config.json").read_text() == "{}"


def test_without_its_packages_there_is_no_model(tmp_path: Path) -> None:
    assert base_model(tmp_path, ("no_such_package_1", "no_such_package_2")) is None
