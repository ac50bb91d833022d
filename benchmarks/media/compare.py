"""Both bridges' results side by side: rows of a table, each with what it should reach."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import numpy as np

from benchmarks.media.bridges import OURS, STOCK
from benchmarks.media.capacity import Climb
from benchmarks.media.cost import Cost
from benchmarks.media.weather import Milliseconds, Passage

Unit = Literal["%", "ms", "MOS", "calls"]
_DIGITS: dict[Unit, int] = {"%": 2, "ms": 1, "MOS": 2, "calls": 0}
_LEAST = 1e-9

Values = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """One figure of both bridges; where it has two values, they are the median and the 99th percentile.

    `target`: what each of our values should reach; `more`: larger is better.
    """

    name: str
    unit: Unit
    ours: Values
    stock: Values
    target: Values = ()
    more: bool = False

    @property
    def met(self) -> bool | None:
        """True where each of our values reaches its target; None where there is none."""
        if not self.target:
            return None
        pairs = zip(self.ours, self.target, strict=True)
        return all(value >= aim if self.more else value <= aim for value, aim in pairs)

    @property
    def ratio(self) -> float | None:
        """How many times better our first value is than stock's; None where that means nothing."""
        if self.unit == "MOS" or (self.unit == "%" and self.more) or not self.ours or not self.stock:
            return None
        ours, stock = self.ours[0], self.stock[0]
        better, worse = (ours, stock) if self.more else (stock, ours)
        return better / worse if worse > _LEAST and better >= 0 else None

    def cell(self, values: Values) -> str:
        """Values as text, an en dash for none."""
        return " / ".join(f"{value:.{_DIGITS[self.unit]}f}" for value in values) or "–"

    def view(self) -> dict[str, Any]:
        """As JSON."""
        return {**asdict(self), "ratio": self.ratio, "met": self.met}


@dataclass(slots=True)
class Results:
    """What was measured so far, by bridge."""

    costs: dict[str, list[Cost]] = field(default_factory=dict)
    passages: dict[str, list[Passage]] = field(default_factory=dict)
    climbs: dict[str, Climb] = field(default_factory=dict)

    def rows(self) -> list[Row]:
        """Every figure that was measured on both bridges."""
        return [*_cost_rows(self.costs), *_weather_rows(self.passages), *_capacity_rows(self.climbs)]

    def view(self) -> dict[str, Any]:
        """Everything as JSON: the rows, and what they were made from."""
        return {
            "rows": [row.view() for row in self.rows()],
            "cost": {name: [asdict(cost) for cost in costs] for name, costs in self.costs.items()},
            "weather": {name: [_passage(one) for one in many] for name, many in self.passages.items()},
            "capacity": {name: asdict(one) for name, one in self.climbs.items()},
        }


def spread(delays: Milliseconds) -> Values:
    """Median and 99th percentile; nan where nothing could be told."""
    told = delays[~np.isnan(delays)]
    if not told.size:
        return (float("nan"), float("nan"))
    return float(np.median(told)), float(np.percentile(told, 99))


_CPU_TARGETS = {"opus": (1.2,), "pcmu": (0.7,)}
_CPU_NAMES = {"opus": "Opus", "pcmu": "PCMU"}
_DELAY_TARGETS = {"clean": (25.0, 40.0), "5 % loss, 30 ms jitter": (80.0, 140.0)}
_FILLED_TARGETS = {"5 % loss": (99.5,)}
_OPINION_TARGETS = {"2 % loss": (4.2,), "5 % loss": (4.0,), "10 % loss": (3.6,)}
_CALLS_TARGET = (80.0,)


def _cost_rows(costs: Mapping[str, Sequence[Cost]]) -> list[Row]:
    return [
        Row(
            f"CPU of one core per bridged call, {_CPU_NAMES[ours.codec]}",
            "%",
            (float(np.median(ours.samples)),),
            (float(np.median(stock.samples)),),
            _CPU_TARGETS[ours.codec],
        )
        for ours, stock in zip(costs.get(OURS, ()), costs.get(STOCK, ()), strict=False)
    ]


def _weather_rows(passages: Mapping[str, Sequence[Passage]]) -> list[Row]:
    pairs = list(zip(passages.get(OURS, ()), passages.get(STOCK, ()), strict=False))
    rows = [
        Row(
            f"Delay operator → caller, {ours.case.name}",
            "ms",
            spread(ours.to_caller),
            spread(stock.to_caller),
            _DELAY_TARGETS.get(ours.case.name, ()),
        )
        for ours, stock in pairs
    ]
    rows += [
        Row(
            f"Delay caller → operator, {ours.case.name}",
            "ms",
            spread(ours.to_operator),
            spread(stock.to_operator),
            _DELAY_TARGETS["clean"],
        )
        for ours, stock in pairs
        if ours.case.name.startswith("clean")
    ]
    rows += [
        Row(
            f"20 ms slots filled, {ours.case.name}",
            "%",
            (ours.filled * 100,),
            (stock.filled * 100,),
            _FILLED_TARGETS.get(ours.case.name, ()),
            more=True,
        )
        for ours, stock in pairs
    ]
    rows += [
        Row(
            f"PESQ at the phone, {ours.case.name}",
            "MOS",
            (float(np.median(ours.opinions)),),
            (float(np.median(stock.opinions)),),
            _OPINION_TARGETS.get(ours.case.name, ()),
            more=True,
        )
        for ours, stock in pairs
        if ours.opinions
    ]
    return rows


def _capacity_rows(climbs: Mapping[str, Climb]) -> list[Row]:
    if OURS not in climbs or STOCK not in climbs:
        return []
    ours, stock = (float(climbs[name].carried) for name in (OURS, STOCK))
    # A climb that something else has ended says how many calls are carried at least.
    cut_short = [
        f"{name}: at least, the {climbs[name].limit} gave in" for name in climbs if _cut(climbs[name])
    ]
    name = "; ".join(["Calls that one process carries", *cut_short])
    return [Row(name, "calls", (ours,), (stock,), _CALLS_TARGET, more=True)]


def _cut(climb: Climb) -> bool:
    return climb.limit != "bridge"


def _passage(passage: Passage) -> dict[str, Any]:
    return {
        "case": passage.case.name,
        "codec": passage.case.codec.name,
        "toCallerMs": _percentiles(passage.to_caller),
        "asPlayedMs": _percentiles(passage.as_played),
        "toOperatorMs": _percentiles(passage.to_operator),
        "filled": passage.filled,
        "pesq": [round(one, 3) for one in passage.opinions],
        "generatorLate": passage.late_share,
    }


def _percentiles(delays: Milliseconds) -> dict[str, float]:
    told = delays[~np.isnan(delays)]
    found = {"n": float(told.size)}
    if told.size:
        for percent in (1, 5, 25, 50, 75, 95, 99, 100):
            found[f"p{percent}"] = round(float(np.percentile(told, percent)), 2)
    return found
