"""The comparison as a picture: delay and speech quality as the road gets worse."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np

from benchmarks.media.bridges import OURS, STOCK
from benchmarks.media.compare import spread
from benchmarks.media.weather import Passage

mpl.use("svg")

from matplotlib import pyplot
from matplotlib.axes import Axes

LOSSES = (("clean", 0), ("2 % loss", 2), ("5 % loss", 5), ("10 % loss", 10))
_NAMES = {OURS: "Patchbay", STOCK: "stock aiortc"}
_COLOURS = {OURS: "#1f77d0", STOCK: "#d9730d"}
_INK, _RULE, _PAPER = "#3b4252", "#d8dce3", "#fbfbfc"
_STYLE: dict[Any, object] = {
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "text.color": _INK,
    "axes.edgecolor": _RULE,
    "axes.labelcolor": _INK,
    "axes.facecolor": _PAPER,
    "figure.facecolor": _PAPER,
    "savefig.facecolor": _PAPER,
    "xtick.color": _INK,
    "ytick.color": _INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "grid.color": _RULE,
    "svg.hashsalt": "patchbay",
}


def draw(passages: Mapping[str, Sequence[Passage]], path: Path) -> None:
    """Draw both bridges at 0 to 10 % loss. Its own light paper is readable on light and dark pages."""
    with mpl.rc_context(_STYLE):
        figure, (left, right) = pyplot.subplots(1, 2, figsize=(9.6, 3.8), layout="constrained")
        for name in (STOCK, OURS):
            found = {passage.case.name: passage for passage in passages[name]}
            known = [(loss, found[case]) for case, loss in LOSSES if case in found]
            _delay(left, name, known)
            _opinion(right, name, known)
        left.set(
            title="Added delay, operator → caller", xlabel="packets lost (%)", ylabel="ms", ylim=(0, None)
        )
        right.set(
            title="Speech as the phone plays it", xlabel="packets lost (%)", ylabel="PESQ", ylim=(1, 4.6)
        )
        for axes in (left, right):
            axes.set_xticks([loss for _, loss in LOSSES])
            axes.tick_params(length=0)
        left.legend(frameon=False, loc="center right")
        figure.savefig(path, metadata={"Date": None})
        pyplot.close(figure)


def _delay(axes: Axes, name: str, known: Sequence[tuple[int, Passage]]) -> None:
    losses = [loss for loss, _ in known]
    medians, p99s = np.array([spread(passage.to_caller) for _, passage in known]).T
    axes.plot(losses, medians, "o-", color=_COLOURS[name], linewidth=2, label=f"{_NAMES[name]}, median")
    axes.fill_between(
        losses, medians, p99s, color=_COLOURS[name], alpha=0.18, linewidth=0, label="to the 99th percentile"
    )


def _opinion(axes: Axes, name: str, known: Sequence[tuple[int, Passage]]) -> None:
    scored = [(loss, passage.opinions) for loss, passage in known if passage.opinions]
    losses = [loss for loss, _ in scored]
    axes.plot(losses, [np.median(scores) for _, scores in scored], "o-", color=_COLOURS[name], linewidth=2)
    for loss, scores in scored:
        axes.plot([loss] * len(scores), scores, ".", color=_COLOURS[name], alpha=0.35, markersize=5)
