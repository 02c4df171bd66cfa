"""A chart as a value: what is to be seen, not yet where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tui.series import Series

CurveStyle = Literal["dots", "line", "ghost", "marks", "points"]
"""dots: the raw points, of a column the extremes; line: connected; ghost: a dotted line; marks:
connected, points marked; points: every one of them, apart."""


@dataclass(frozen=True, slots=True)
class Curve:
    """A named series; `role` is its colour, `value` what the legend shows behind the name.

    `smoothing` in [0, 1) draws the exponential moving average with that weight per point in place
    of the points. Dots lie lowest, then ghosts, lines, marks and points; of one style the last is
    on top, of points the first. Points differ in their `sign`, for those who see no colours.
    """

    name: str
    series: Series
    style: CurveStyle = "line"
    role: str = "loss"
    smoothing: float = 0.0
    value: str = ""
    sign: int = 0


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
    axis, on which values ≤ 0 lie at the lower edge. `robust` cuts rare outliers off and says so;
    `clip` cuts off what leaves the `y_range`, instead of drawing it along the edge, and says so.
    """

    title: str = ""
    curves: tuple[Curve, ...] = ()
    x_range: tuple[float, float] | None = None
    y_range: tuple[float, float] | None = None
    log: bool = False
    percent: bool = False
    robust: bool = False
    clip: bool = False
    marks: tuple[VerticalMark, ...] = ()
    note: str = ""
    x_label: str = "step"
