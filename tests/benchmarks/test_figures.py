from __future__ import annotations

import pytest

from benchmarks.figures import Figure, milliseconds


def test_a_target_is_met_only_where_every_sample_is_under_it() -> None:
    assert Figure("a", (10.0, 39.9), 40).met is True
    assert Figure("a", (10.0, 40.0), 40).met is False
    assert Figure("a", (10.0, 40.0), 40).under == 1
    assert Figure("a", (10.0,)).met is None


def test_the_99th_percentile_leaves_out_one_sample_in_a_hundred() -> None:
    assert Figure("a", tuple(float(n) for n in range(1, 101))).p99 == 99
    assert Figure("a", (3.0, 1.0, 2.0)).p99 == 3


def test_a_figure_without_samples_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing was measured"):
        Figure("a", ())


def test_the_json_view_names_the_summary_and_keeps_the_samples() -> None:
    view = Figure("a", milliseconds([0.001, 0.003, 0.0025]), 4).view()
    assert view["samples"] == [1.0, 3.0, 2.5]
    assert (view["median"], view["worst"], view["n"], view["met"]) == (2.5, 3.0, 3, True)


def test_where_the_median_is_judged_one_slow_sample_does_not_miss_the_target() -> None:
    assert Figure("a", (10.0, 20.0, 90.0), 40, judged="median").met is True
    assert Figure("a", (10.0, 40.0, 90.0), 40, judged="median").met is False


def test_the_95th_percentile_leaves_out_one_sample_in_twenty() -> None:
    assert Figure("a", tuple(float(n) for n in range(1, 21))).p95 == 19
