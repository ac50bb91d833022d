"""What a benchmark brings home: samples of one figure, and how they compare with its target."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

Unit = Literal["ms", "%", "MB", ""]


@dataclass(frozen=True, slots=True)
class Figure:
    """Samples of one figure in `unit`, smaller being better. `target`: what every sample should be under.

    `note`: what is and is not in the figure, in a few words. Raises ValueError without a sample.
    """

    name: str
    samples: tuple[float, ...]
    target: float | None = None
    unit: Unit = "ms"
    note: str = ""

    def __post_init__(self) -> None:
        if not self.samples:
            raise ValueError(f"nothing was measured: {self.name}")

    @property
    def median(self) -> float:
        """The sample in the middle."""
        return statistics.median(self.samples)

    @property
    def p99(self) -> float:
        """99 in 100 samples are at most this; the worst one where there are fewer than a hundred."""
        ordered = sorted(self.samples)
        return ordered[min(len(ordered) - 1, -(-len(ordered) * 99 // 100) - 1)]

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
        """True where every sample is under the target; None where there is no target."""
        return None if self.target is None else self.under == len(self.samples)

    def view(self) -> dict[str, Any]:
        """As JSON."""
        kept = {**asdict(self), "samples": [round(sample, 2) for sample in self.samples]}
        summary = {"median": self.median, "p99": self.p99, "worst": self.worst}
        rounded = {key: round(value, 2) for key, value in summary.items()}
        return {**kept, **rounded, "n": len(self.samples), "met": self.met}


def milliseconds(seconds: Sequence[float]) -> tuple[float, ...]:
    """Seconds as ms."""
    return tuple(value * 1000 for value in seconds)
