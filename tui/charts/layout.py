"""Where a chart's curves lie: axes, and points placed in the unit square."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tui.charts.chart import Chart, Curve
from tui.charts.numbers import compact, fixed, nonfinite
from tui.charts.scale import Axis, log_axis, robust_top, smoothed, step_axis, value_axis
from tui.series import Column

Points = list[tuple[float, float] | None]
"""Places in the unit square in drawing order; None is a gap."""
_HAIR = 1e-9


@dataclass(frozen=True, slots=True)
class Placed:
    """A curve's points, ready to draw."""

    curve: Curve
    points: Points


@dataclass(frozen=True, slots=True)
class Layout:
    """A chart laid out: `broken` holds the x of non-finite points and what to say at the first."""

    x: Axis
    y: Axis
    curves: tuple[Placed, ...]
    broken: tuple[tuple[float, str], ...]
    note: str


def lay_out(chart: Chart, columns: int, cells: int, x_ticks: int, y_ticks: int) -> Layout:
    """Place a chart's curves, thinned to columns that keep every extreme.

    `columns` is the number of dots that lie side by side; a ghost has one for each of the `cells`.
    """
    start, stop = chart.x_range or _x_extent(chart)
    x = step_axis(start, stop, x_ticks)
    thinned = [
        curve.series.columns(x.low, x.high, cells if curve.style == "ghost" else columns)
        for curve in chart.curves
    ]
    drawn = [_values(curve, cols) for curve, cols in zip(chart.curves, thinned, strict=True)]
    y, clipped = _y_axis(chart, [v for values in drawn for v in values], y_ticks)
    curves = tuple(
        Placed(curve, _placed(chart, curve, cols, (x, y), columns))
        for curve, cols in zip(chart.curves, thinned, strict=True)
    )
    cut = _cut_off(chart, drawn, y)
    note = " · ".join(part for part in (chart.note, clipped, cut) if part)
    return Layout(x, y, curves, tuple(_broken(chart, thinned, x)), note)


def _x_extent(chart: Chart) -> tuple[float, float]:
    ends = [c.series.x_extent for c in chart.curves if len(c.series)]
    return (min(e[0] for e in ends), max(e[1] for e in ends)) if ends else (0.0, 1.0)


def _values(curve: Curve, columns: list[Column]) -> list[float]:
    """The ordinates that the axis has to hold."""
    if curve.smoothing:
        return [v for v in _means(curve, columns) if math.isfinite(v)]
    return [v for c in columns if c.low <= c.high for v in (c.low, c.high)]


def _y_axis(chart: Chart, values: list[float], most: int) -> tuple[Axis, str]:
    if chart.log:
        values = [v for v in values if v > 0]
    if chart.y_range is not None:
        low, high = sorted(chart.y_range)
    else:
        low, high = min(values, default=0.1 if chart.log else 0.0), max(values, default=1.0)
    note = ""
    cut = robust_top(values) if chart.robust and chart.y_range is None and not chart.log else None
    if cut is not None:
        note = f"y cut at 95 %, largest {fixed(high).strip()}"
        high = cut
    axis = log_axis(low, high, most) if chart.log else None
    return axis or value_axis(low, high, most, percent=chart.percent), note


def _placed(
    chart: Chart, curve: Curve, columns: list[Column], axes: tuple[Axis, Axis], dots: int
) -> Points:
    x, y = axes
    if curve.style == "points":
        return _apart(curve, x, y, dots)
    if not chart.clip:
        return _place(curve, columns, x, y.place)
    return within(_place(curve, columns, x, y.position))


def _apart(curve: Curve, x: Axis, y: Axis, dots: int) -> Points:
    """Every point in the view, those of one dot once; there are `dots` side by side."""
    seen: dict[tuple[int, int], tuple[float, float] | None] = {}
    for at, value in zip(curve.series.x, curve.series.y, strict=True):
        if x.low <= at <= x.high and math.isfinite(value):
            place = x.place(at), y.position(value)
            if 0 <= place[1] <= 1:
                seen.setdefault((round(place[0] * dots), round(place[1] * dots)), place)
    return list(seen.values())


def within(points: Points) -> Points:
    """The parts of a path with ordinates in [0, 1], up to where it crosses the edges."""
    kept: Points = []
    last: tuple[float, float] | None = None
    for point in points:
        if point is not None and last is not None:
            kept += _crossings(last, point)
        kept.append(point if point is not None and 0 <= point[1] <= 1 else None)
        last = point
    return kept


def _crossings(start: tuple[float, float], stop: tuple[float, float]) -> Points:
    """Where the way from one point to the next crosses an edge, with a gap before it comes in."""
    (x0, y0), (x1, y1) = start, stop
    crossed = []
    for edge in (0.0, 1.0):
        if min(y0, y1) < edge < max(y0, y1):
            share = (edge - y0) / (y1 - y0)
            crossed.append((share, (x0 + share * (x1 - x0), edge)))
    return [point for _, point in sorted(crossed)]


def _cut_off(chart: Chart, drawn: list[list[float]], y: Axis) -> str:
    """How far what is cut off reaches."""
    if not chart.clip:
        return ""
    values = [v for values in drawn for v in values if v > 0 or not chart.log]
    if not values:
        return ""
    low, high = min(values), max(values)
    outside = [v for v in (low, high) if not -_HAIR <= y.position(v) <= 1 + _HAIR]
    return f"out of view: {' … '.join(fixed(v, 0) for v in outside)}" if outside else ""


def _place(
    curve: Curve, columns: list[Column], x: Axis, height: Callable[[float], float]
) -> Points:
    """The points of a curve that is drawn as a path or as dots."""
    if curve.smoothing:
        return [
            (x.place(c.x), height(m)) if math.isfinite(m) else None
            for c, m in zip(columns, _means(curve, columns), strict=True)
        ]
    points: Points = []
    for column in columns:
        if not column.low <= column.high:
            points.append(None)
            continue
        at, low, high = x.place(column.x), height(column.low), height(column.high)
        last = points[-1] if points else None
        ends = [low] if low == high else [low, high]
        if last is not None and abs(last[1] - high) < abs(last[1] - low):
            ends.reverse()  # go on from the nearer end
        points.extend((at, end) for end in ends)
    return points


def _means(curve: Curve, columns: list[Column]) -> list[float]:
    return smoothed([c.mean for c in columns], curve.smoothing, [c.count for c in columns])


def _broken(chart: Chart, thinned: list[list[Column]], x: Axis) -> Iterator[tuple[float, str]]:
    told: set[tuple[str, float]] = set()
    for curve, columns in zip(chart.curves, thinned, strict=True):
        first = curve.series.first_broken()
        if first is None:
            continue
        text = f"{nonfinite(first[1])} at {chart.x_label} {_place_name(first[0])}"
        for column in columns:
            if column.broken and (text, column.x) not in told:
                said = any(known == text for known, _ in told)
                told.add((text, column.x))
                yield x.place(column.x), "" if said else text


def _place_name(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) and abs(value) < 1e9 else compact(value)
