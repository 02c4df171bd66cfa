"""From an experiment's record and its events to plain values that the widgets show."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import cycle

import msgspec

from engine import events
from engine.experiments.contract import Experiment
from engine.schema import Field, fields_of, spell
from engine.text import clean
from tui.charts.bars import BarChart, BarGroup
from tui.charts.graph import Graph, Node
from tui.charts.halfblocks import Picture
from tui.charts.heat import Heat
from tui.charts.numbers import fixed
from tui.lab.curves import MEASURED, PREDICTED
from tui.lab.keymap import key_of
from tui.lab.state import Lab, Result
from tui.run_view import RunView
from tui.status import recorded_state
from tui.widgets.claim_table import ClaimRow
from tui.widgets.lab_header import LabInfo, Parameter
from tui.widgets.text_table import TextTable


def heats(view: RunView) -> dict[str, Heat]:
    """The experiment's grids."""
    return {clean(name, 60): _heat(grid) for name, grid in view.grids.items()}


def _heat(grid: events.GridChanged) -> Heat:
    return Heat(
        title=clean(grid.grid, 60),
        rows=tuple(clean(text, 20) for text in grid.rows),
        columns=tuple(clean(text, 20) for text in grid.columns),
        values=grid.values,
        cells=tuple(tuple(clean(text, 14) for text in row) for row in grid.cells),
        points=tuple((x, y, clean(text, 20)) for x, y, text in grid.points),
        cut=not any(sign.isdigit() for text in grid.columns for sign in text),
        whole=grid.whole,
    )


def bar_charts(view: RunView) -> dict[str, BarChart]:
    """The experiment's bar charts."""
    return {clean(name, 60): _bars(told) for name, told in view.bars.items()}


def _bars(told: events.BarsChanged) -> BarChart:
    measured, predicted = cycle(MEASURED), cycle(PREDICTED)
    groups = []
    for group in told.groups:
        theory = group.name.startswith("theory")
        role = next(predicted if theory else measured)
        numbers = group.values, group.low, group.high
        groups.append(BarGroup(clean(group.name, 40), *numbers, role, theory))
    title = clean(": ".join(part for part in (told.bars, told.y) if part), 80)
    return BarChart(title, tuple(clean(label, 20) for label in told.labels), tuple(groups))


def graphs(view: RunView) -> dict[str, Graph]:
    """The experiment's computational graphs."""
    return {clean(name, 60): _graph(told) for name, told in view.graphs.items()}


def _graph(told: events.GraphChanged) -> Graph:
    nodes = tuple(
        Node(
            clean(node.name, 20),
            clean(node.formula, 40),
            node.column,
            node.row,
            clean(node.shape, 20),
            node.norm,
            node.gradient_norm,
            node.values,
            node.state,
            node.at,
        )
        for node in told.nodes
    )
    edges = tuple((clean(source, 20), clean(target, 20)) for source, target in told.edges)
    notes = tuple(clean(note, 120) for note in told.notes)
    return Graph(clean(told.graph, 60), nodes, edges, notes)


@dataclass(frozen=True, slots=True)
class PictureRow:
    """Pictures that belong together."""

    title: str
    pictures: tuple[Picture, ...] = ()


def pictures(view: RunView) -> dict[str, PictureRow]:
    """The experiment's rows of pictures."""
    rows = (
        PictureRow(clean(name, 60), tuple(map(picture, told.items)))
        for name, told in view.pictures.items()
    )
    return {row.title: row for row in rows}


def picture(told: events.Picture) -> Picture:
    """A picture as widgets take it."""
    size = told.width, told.height
    return Picture(*size, told.pixels, told.channels, clean(told.caption, 80), told.tone)


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
    if lab.scrub:
        return recorded_state(view, lab.scrub)
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
