"""Where a chart's curves lie: axes, and points placed in the unit square."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from tui.charts.chart import Chart, Curve
from tui.charts.numbers import compact, fixed, nonfinite
from tui.charts.scale import Axis, log_axis, robust_top, smoothed, step_axis, value_axis
from tui.series import Column

Points = list[tuple[float, float] | None]
"""Places in the unit square in drawing order; None is a gap."""


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
        Placed(curve, _place(curve, cols, x, y))
        for curve, cols in zip(chart.curves, thinned, strict=True)
    )
    note = " · ".join(part for part in (chart.note, clipped) if part)
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


def _place(curve: Curve, columns: list[Column], x: Axis, y: Axis) -> Points:
    if curve.smoothing:
        return [
            (x.place(c.x), y.place(m)) if math.isfinite(m) else None
            for c, m in zip(columns, _means(curve, columns), strict=True)
        ]
    points: Points = []
    for column in columns:
        if not column.low <= column.high:
            points.append(None)
            continue
        at, low, high = x.place(column.x), y.place(column.low), y.place(column.high)
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
