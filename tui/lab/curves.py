"""From an experiment's curves to the charts that the widgets show."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import count, cycle

from engine.experiments.contract import Chart as ChartSpec
from engine.experiments.contract import Experiment
from engine.text import clean
from tui.charts.chart import Chart, Curve, CurveStyle
from tui.charts.numbers import fixed
from tui.charts.scale import nice_step
from tui.run_view import RunView
from tui.series import Series

_MORE = ("ghost-2", "ghost-3", "ghost-4", "ghost-5", "ghost-6")
MEASURED = (
    *("loss", "train-accuracy", "test-accuracy", "test-loss", "warning", "ghost-1"),
    *_MORE,
)
PREDICTED = ("mark", *_MORE[::-1])
"""The roles of what is measured and of what is predicted, in the order in which they are given."""
_FEW, _FEW_CURVES = 32, 3
"""Points of a curve, and curves of a chart, up to which the points are marked."""
_MARGIN = 0.1
"""The share of their height that is left free above points and below them."""


def charts(experiment: Experiment, view: RunView) -> list[Chart]:
    """The experiment's charts with what has been measured so far."""
    return [_chart(spec, view) for spec in experiment.charts]


def _chart(spec: ChartSpec, view: RunView) -> Chart:
    head = f"{spec.name}/"
    named = [(n.removeprefix(head), s) for n, s in view.series.items() if n.startswith(head)]
    span = _span([series for _, series in named])
    plain = [name for name, _ in named if not name.startswith(("theory", "band"))]
    scatter = [series for name, series in named if name.startswith("points")]
    span = span if len(plain) <= _FEW_CURVES else math.inf
    measured, predicted = cycle(MEASURED), cycle(PREDICTED)
    points = count()
    curves = []
    for name, series in named:
        if name.startswith("band"):
            curve = Curve("", series, "ghost", "faint")
        elif name.startswith("theory"):
            curve = Curve(clean(name, 40), series, "line", next(predicted))
        elif name.startswith("points"):
            told = clean(name.removeprefix("points").strip() or name, 40)
            curve = Curve(told, series, "points", next(measured), sign=next(points))
        elif scatter:  # a fit among the points: none of its values was measured
            curve = Curve(clean(name, 40), series, "line", next(measured))
        else:
            curve = _measurement(clean(name, 40), series, next(measured), span)
        curves.append(curve)
    theory_first = sorted(
        curves, key=lambda c: 0 if c.style == "ghost" else 1 if c.name.startswith("theory") else 2
    )
    y_range = _around(scatter, log=spec.log)
    return Chart(
        title=clean(": ".join(part for part in (spec.title, spec.y) if part), 80),
        curves=tuple(theory_first),
        x_range=_x_range(curves, ended=view.finished is not None or bool(scatter)),
        y_range=y_range,
        log=spec.log,
        clip=y_range is not None,
        x_label=clean(spec.x, 30) or "x",
    )


def _around(scatter: Sequence[Series], *, log: bool) -> tuple[float, float] | None:
    """The ordinates of the points with a margin, whatever the curves among them do."""
    values = [v for series in scatter for v in series.y if math.isfinite(v) and (v > 0 or not log)]
    if not values:
        return None
    low, high = min(values), max(values)
    if log:
        return low, high
    margin = _MARGIN * (high / 2 - low / 2)
    return low - margin, high + margin


def _measurement(name: str, series: Series, role: str, span: float) -> Curve:
    """A measured curve, its points marked when there will be few of them over the whole `span`."""
    if not len(series):
        return Curve(name, series, "line", role)
    start, stop = series.x_extent
    expected = len(series) * span / (stop - start) if stop > start else len(series)
    style: CurveStyle = "marks" if expected <= _FEW else "line"
    return Curve(name, series, style, role, value=fixed(series.last, 0))


def _span(curves: list[Series]) -> float:
    ends = [series.x_extent for series in curves if len(series)]
    return max(e[1] for e in ends) - min(e[0] for e in ends) if ends else 0.0


def _x_range(curves: list[Curve], *, ended: bool) -> tuple[float, float] | None:
    """What the points span; while they come, up to a round number, so that the axis stands still.

    A prediction is drawn whole from the start and needs no room to grow.
    """
    ends = [c.series.x_extent for c in curves if len(c.series)]
    if not ends:
        return None
    low, high = min(e[0] for e in ends), max(e[1] for e in ends)
    whole = ended or any(c.name.startswith("theory") for c in curves)
    if whole or high <= low or not math.isfinite(high - low):
        return low, high
    step = nice_step(high - low, 8)
    return low, low + step * math.ceil((high - low) / step - 1e-9)
