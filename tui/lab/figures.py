"""From an experiment's record and its events to plain values that the widgets show."""

from __future__ import annotations

import math

import msgspec

from engine.events import GridChanged
from engine.experiments.contract import Chart as ChartSpec
from engine.experiments.contract import Experiment
from engine.schema import Field, fields_of, spell
from engine.text import clean
from tui.charts.chart import Chart, Curve, CurveStyle
from tui.charts.heat import Heat
from tui.charts.numbers import fixed
from tui.charts.scale import nice_step
from tui.lab.keymap import key_of
from tui.lab.state import Lab, Result
from tui.run_view import RunView
from tui.series import Series
from tui.widgets.claim_table import ClaimRow
from tui.widgets.lab_header import LabInfo, Parameter
from tui.widgets.text_table import TextTable

_MEASURED = ("loss", "train-accuracy", "test-accuracy", "test-loss", "warning", "ghost-1")
_MORE = ("ghost-2", "ghost-3", "ghost-4", "ghost-5", "ghost-6")
_FEW, _FEW_CURVES = 32, 3
"""Points of a curve, and curves of a chart, up to which the points are marked."""


def charts(experiment: Experiment, view: RunView) -> list[Chart]:
    """The experiment's charts with what has been measured so far."""
    return [_chart(spec, view) for spec in experiment.charts]


def _chart(spec: ChartSpec, view: RunView) -> Chart:
    head = f"{spec.name}/"
    named = [(n.removeprefix(head), s) for n, s in view.series.items() if n.startswith(head)]
    span = _span([series for _, series in named])
    plain = [name for name, _ in named if not name.startswith(("theory", "band"))]
    span = span if len(plain) <= _FEW_CURVES else math.inf
    measured, predicted = 0, 0
    curves = []
    for name, series in named:
        if name.startswith("band"):
            curve = Curve("", series, "ghost", "faint")
        elif name.startswith("theory"):
            role = ("mark", *_MORE[::-1])[predicted % 6]
            curve = Curve(clean(name, 40), series, "line", role)
            predicted += 1
        else:
            roles = _MEASURED + _MORE
            curve = _measurement(clean(name, 40), series, roles[measured % len(roles)], span)
            measured += 1
        curves.append(curve)
    theory_first = sorted(
        curves, key=lambda c: 0 if c.style == "ghost" else 1 if c.name.startswith("theory") else 2
    )
    return Chart(
        title=clean(": ".join(part for part in (spec.title, spec.y) if part), 80),
        curves=tuple(theory_first),
        x_range=_x_range(curves, ended=view.finished is not None),
        log=spec.log,
        x_label=clean(spec.x, 30) or "x",
    )


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


def heats(view: RunView) -> dict[str, Heat]:
    """The experiment's grids."""
    return {clean(name, 60): _heat(grid) for name, grid in view.grids.items()}


def _heat(grid: GridChanged) -> Heat:
    return Heat(
        title=clean(grid.grid, 60),
        rows=tuple(clean(text, 20) for text in grid.rows),
        columns=tuple(clean(text, 20) for text in grid.columns),
        values=grid.values,
        cells=tuple(tuple(clean(text, 14) for text in row) for row in grid.cells),
        points=tuple((x, y, clean(text, 20)) for x, y, text in grid.points),
    )


def tables(view: RunView) -> dict[str, TextTable]:
    """The experiment's tables, spelled."""
    return {
        clean(name, 60): TextTable(
            clean(name, 60),
            tuple(clean(column, 40) for column in table.columns),
            tuple(tuple(_spelled(value) for value in row) for row in table.rows),
            tuple(not isinstance(value, str) for value in table.rows[0]) if table.rows else (),
        )
        for name, table in view.tables.items()
    }


def _spelled(value: str | float) -> str:
    if isinstance(value, str):
        return clean(value, 120)
    whole = isinstance(value, int) or (abs(value) < 1e6 and value == int(value))
    return f"{int(value):,}" if whole else fixed(value, 0)


def claim_rows(view: RunView) -> list[ClaimRow]:
    """What was claimed, and what came of it."""
    return [
        ClaimRow(
            clean(claim.claim, 200),
            claim.measured,
            claim.predicted,
            claim.tolerance,
            claim.holds,
            clean(claim.source, 200),
        )
        for claim in view.claims.values()
    ]


def state(lab: Lab, name: str) -> str:
    """The experiment's state in a word or two."""
    view = lab.results[name].view
    if lab.waiting(name):
        return "starting"
    if view.started is None:
        return "refused" if lab.results[name].refused else "not run yet"
    if view.finished:
        return view.finished.outcome
    if lab.lost:
        return "engine lost"
    return "paused" if lab.paused(name) else "running"


def info(lab: Lab, experiment: Experiment, place: str = "") -> LabInfo:
    """The header: what is asked, with which parameters, how far it is."""
    result = lab.results[experiment.name]
    advanced = result.view.advanced
    done, total = (advanced.done, advanced.total) if advanced else (0.0, 0.0)
    running = lab.running(experiment.name) and not lab.paused(experiment.name)
    return LabInfo(
        name=experiment.name,
        question=experiment.question,
        state=state(lab, experiment.name),
        parameters=parameters(result),
        done=done,
        total=total,
        seconds_left=result.speed.seconds_left(total) if running else math.nan,
        place=place,
    )


def parameters(result: Result) -> tuple[Parameter, ...]:
    """The settings with their values: those that a key turns first; pending ones are marked."""
    shown = result.view.config
    kind: type[msgspec.Struct] = type(result.config)
    made = []
    for field in fields_of(kind):
        value = getattr(result.config, field.name)
        there = shown.get(field.name, value)
        there = tuple(there) if isinstance(there, list) else there
        # The pace is steered without a new run.
        pending = there != value and field.name != "pace"
        if value in ("", ()):
            continue  # nothing was said
        name, text = field.name.replace("_", " "), clean(spell(field, value), 40)
        made.append(Parameter(name, text, _keys(field), pending))
    return tuple(sorted(made, key=lambda parameter: not parameter.keys))


def _keys(field: Field) -> str:
    if field.name == "pace":
        return f"{key_of('slower')}/{key_of('faster')}"
    key = field.setting.key
    return f"{key}/{key.upper()}" if key else ""
