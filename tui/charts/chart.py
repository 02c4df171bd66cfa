"""A chart as a value: what is to be seen, not yet where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tui.series import Series

CurveStyle = Literal["dots", "line", "ghost", "marks"]
"""dots: the raw points; line: connected; ghost: a dotted line; marks: connected, points marked."""


@dataclass(frozen=True, slots=True)
class Curve:
    """A named series; `role` is its colour, `value` what the legend shows behind the name.

    `smoothing` in [0, 1) draws the exponential moving average with that weight per point in place
    of the points. Dots lie lowest, then ghosts, lines and marks; of one style the last is on top.
    """

    name: str
    series: Series
    style: CurveStyle = "line"
    role: str = "loss"
    smoothing: float = 0.0
    value: str = ""


@dataclass(frozen=True, slots=True)
class VerticalMark:
    """Something that happened at x, e.g. "lr 0.1 → 0.01"."""

    x: float
    label: str
    role: str = "mark"


@dataclass(frozen=True, slots=True)
class Chart:
    """Curves on one pair of axes.

    `x_range` is best fixed to all steps that are planned, so that the axis stands still.
    `y_range` of None takes what the curves need, rounded outwards to ticks; `log` is for the y
    axis, on which values ≤ 0 lie at the lower edge. `robust` cuts rare outliers off and says so.
    """

    title: str = ""
    curves: tuple[Curve, ...] = ()
    x_range: tuple[float, float] | None = None
    y_range: tuple[float, float] | None = None
    log: bool = False
    percent: bool = False
    robust: bool = False
    marks: tuple[VerticalMark, ...] = ()
    note: str = ""
    x_label: str = "step"
