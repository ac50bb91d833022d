from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.media import tables
from benchmarks.media.capacity import Climb, Rung, blame, late_share
from benchmarks.media.compare import Results, Row, spread
from benchmarks.media.cost import Cost

MACHINE = {"processor": "Abacus 3", "cores": 2, "system": "Linux-6.1", "python": "3.11.7", "load": [0.0]}


def test_less_is_better_for_delays_and_more_for_calls() -> None:
    delay = Row("delay", "ms", (4.0, 41.0), (80.0, 90.0), (25.0, 40.0))
    calls = Row("calls", "calls", (80.0,), (20.0,), (80.0,), more=True)
    assert (delay.met, delay.ratio) == (False, 20.0)
    assert (calls.met, calls.ratio) == (True, 4.0)
    assert Row("delay", "ms", (4.0, 40.0), (80.0, 90.0), (25.0, 40.0)).met is True


def test_a_ratio_that_means_nothing_is_not_given() -> None:
    assert Row("PESQ", "MOS", (4.0,), (2.0,), more=True).ratio is None
    assert Row("calls", "calls", (5.0,), (0.0,), more=True).ratio is None


def test_the_spread_leaves_out_what_could_not_be_told() -> None:
    delays = np.array([np.nan, *range(1, 101)])
    assert spread(delays) == pytest.approx((50.5, 99.01))
    assert np.isnan(spread(np.array([np.nan]))).all()


def test_missing_frames_and_late_ones_both_count() -> None:
    delays = np.array([1.0] * 90 + [25.0] * 10)
    assert late_share(delays, 0.0, usual=1.0) == pytest.approx(0.10)
    assert late_share(delays, 0.0, usual=5.0) == 0.0
    assert late_share(delays, 0.5, usual=1.0) == pytest.approx(0.55)


@pytest.mark.parametrize(
    ("cpu", "others", "generator_late", "who"),
    [
        (0.5, 0.0, 0.0, "bridge"),
        (0.95, 1.0, 0.1, "bridge"),
        (0.5, 0.6, 0.1, "machine"),
        (0.5, 0.1, 0.1, "generator"),
    ],
)
def test_a_bridge_is_blamed_where_it_had_its_core(
    cpu: float, others: float, generator_late: float, who: str
) -> None:
    assert blame(Rung(40, 0.5, 1.0, 60.0, generator_late, cpu, 0.2, others)) == who


def results() -> Results:
    """Costs and capacities of both bridges."""
    found = Results()
    found.costs = {
        "ours": [Cost("opus", (1.0, 1.1, 1.3), 0.2)],
        "stock": [Cost("opus", (4.4, 4.0, 4.5), 0.0)],
    }
    found.climbs = {"ours": Climb(100, "bridge"), "stock": Climb(20, "bridge")}
    return found


def test_each_figure_is_a_row_and_what_was_not_measured_is_none() -> None:
    cpu, calls = results().rows()
    assert (cpu.ours, cpu.stock, cpu.met, cpu.ratio) == ((1.1,), (4.4,), True, pytest.approx(4.0))
    assert (calls.ours, calls.stock, calls.met) == ((100.0,), (20.0,), True)
    assert Results().rows() == []


def test_a_climb_that_the_machine_has_ended_is_said_to_be_one() -> None:
    found = results()
    found.climbs["ours"] = Climb(40, "machine")
    assert found.rows()[-1].name == "Calls that one process carries; ours: at least, the machine gave in"


def test_the_table_goes_between_the_markers_and_nothing_else_changes(tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text("before\n<!-- bench -->\nold\n<!-- /bench -->\nafter\n")
    text = tables.markdown(results().rows(), MACHINE)
    tables.into(readme, text)
    once = readme.read_text()
    tables.into(readme, text)
    assert readme.read_text() == once
    assert once.startswith("before\n<!-- bench -->\n")
    assert once.endswith("<!-- /bench -->\nafter\n")
    assert "old" not in once
    assert "| **1.10** | 4.40 | 4.0 × | ≤ 1.2 |" in once
    assert "Abacus 3, 2 cores" in once


def test_a_file_without_markers_is_refused(tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text("no markers")
    with pytest.raises(ValueError, match="<!-- bench -->"):
        tables.into(readme, "text")
