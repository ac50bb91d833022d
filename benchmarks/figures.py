"""What a benchmark brings home: samples of one figure, and how they compare with its target."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

Unit = Literal["ms", "%", "MB", ""]
Judged = Literal["every", "median"]


@dataclass(frozen=True, slots=True)
class Figure:
    """Samples of one figure in `unit`, smaller being better. `target`: what every sample should be under.

    `note`: what is and is not in the figure, in a few words. `judged`: "median" where only that is held
    against the target. Raises ValueError without a sample.
    """

    name: str
    samples: tuple[float, ...]
    target: float | None = None
    unit: Unit = "ms"
    note: str = ""
    judged: Judged = "every"

    def __post_init__(self) -> None:
        if not self.samples:
            raise ValueError(f"nothing was measured: {self.name}")

    @property
    def median(self) -> float:
        """The sample in the middle."""
        return statistics.median(self.samples)

    @property
    def p95(self) -> float:
        """95 in 100 samples are at most this; the worst one where there are fewer than twenty."""
        return self._percentile(95)

    @property
    def p99(self) -> float:
        """99 in 100 samples are at most this; the worst one where there are fewer than a hundred."""
        return self._percentile(99)

    @property
    def worst(self) -> float:
        """The largest sample."""
        return max(self.samples)

    @property
    def under(self) -> int:
        """Samples under the target; all of them where there is none."""
        return sum(self.target is None or sample < self.target for sample in self.samples)

    @property
    def met(self) -> bool | None:
        """True where every sample, or the median if that is judged, is under the target; None without one."""
        if self.target is None:
            return None
        if self.judged == "median":
            return self.median < self.target
        return self.under == len(self.samples)

    def view(self) -> dict[str, Any]:
        """As JSON."""
        kept = {**asdict(self), "samples": [round(sample, 2) for sample in self.samples]}
        summary = {"median": self.median, "p95": self.p95, "p99": self.p99, "worst": self.worst}
        rounded = {key: round(value, 2) for key, value in summary.items()}
        return {**kept, **rounded, "n": len(self.samples), "met": self.met}

    def _percentile(self, percent: int) -> float:
        ordered = sorted(self.samples)
        return ordered[min(len(ordered) - 1, -(-len(ordered) * percent // 100) - 1)]


def milliseconds(seconds: Sequence[float]) -> tuple[float, ...]:
    """Seconds as ms."""
    return tuple(value * 1000 for value in seconds)
