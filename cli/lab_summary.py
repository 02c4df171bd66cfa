"""What is left of an experiment when it has ended without a screen."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Iterator

import msgspec
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from cli.pictures import PictureRows
from cli.summary import outcome
from cli.tables import titled_table
from engine.experiments.contract import Experiment
from engine.schema import fields_of, spell
from engine.text import clean
from tui.charts.bars import BarChart, BarGroup
from tui.charts.graph import Graph
from tui.charts.heat import Heat
from tui.charts.numbers import fixed
from tui.lab.figures import bar_charts, claim_rows, graphs, heats, pictures, tables
from tui.run_view import RunView
from tui.widgets.claim_table import ClaimRow, allowed, counted, verdict
from tui.widgets.text_table import TextTable

MOST_ROWS, MOST_COLUMNS = 24, 12
"""A grid of up to this many is printed whole."""
_STYLES = {"good": "green", "alert": "bold red"}


def lab_summary(experiment: Experiment, view: RunView, record: str) -> RenderableType:
    """The settings, what was shown, the claims, what came out, where the record lies."""
    return Group(*_parts(experiment, view), Text(f"record: {record}"))


def claims_table(rows: Iterable[ClaimRow], title: str = "claims") -> Table:
    """Claims with what was measured, what was predicted, and whether the two agree."""
    table = titled_table(
        title,
        ("", "claim", "measured", "predicted", "source"),
        (False, False, True, True, False),
    )
    for row in rows:
        figures = (Text(fixed(row.measured, 0)), Text(allowed(row)))
        table.add_row(signed(row.holds), Text(row.claim), *figures, Text(row.source))
    return table


def signed(holds: bool) -> Text:
    """The sign for what holds, or does not, in letters that standard output can write."""
    utf = (getattr(sys.stdout, "encoding", None) or "").lower().startswith("utf")
    sign, role = verdict(ClaimRow("", 0, 0, 0, holds), plain=not utf)
    return Text(sign, style=_STYLES[role])


def _parts(experiment: Experiment, view: RunView) -> Iterator[RenderableType]:
    yield Text(_subject(experiment, view))
    for table in tables(view).values():
        yield _table(table)
    for heat in heats(view).values():
        yield _grid(heat)
    for chart in bar_charts(view).values():
        yield _bars(chart)
    for row in pictures(view).values():
        yield PictureRows(row.title, row.pictures)
    for graph in graphs(view).values():
        yield _graph(graph)
    rows = claim_rows(view)
    if rows:
        yield claims_table(rows)
        yield Text(counted(rows))
    yield Text(outcome(view))


def _subject(experiment: Experiment, view: RunView) -> str:
    config = msgspec.convert(view.config, experiment.config)
    spelled = (
        (f.name, clean(spell(f, getattr(config, f.name)), 200))
        for f in fields_of(experiment.config)
    )
    settings = (f"{name.replace('_', ' ')} {value}" for name, value in spelled if value)
    return " · ".join((f"{experiment.name}: run {clean(view.run_id)}", *settings))


def _table(table: TextTable) -> Table:
    columns = table.columns
    made = titled_table(table.title, columns, table.numbers or [False] * len(columns))
    for row in table.rows:
        made.add_row(*map(Text, row))
    return made


def _grid(heat: Heat) -> RenderableType:
    rows, columns = heat.shape
    low, high = (fixed(value, 0) for value in heat.limits)
    if rows > MOST_ROWS or columns > MOST_COLUMNS:
        return Text(f"{heat.title}: {rows} × {columns} values from {low} to {high}")
    made = titled_table(heat.title, ("", *heat.columns), [False, *[True] * columns])
    for place, values in enumerate(heat.values):
        cells = heat.cells[place] if heat.cells else [fixed(value, 0) for value in values]
        made.add_row(Text(heat.rows[place]), *map(Text, cells))
    return made


def _graph(graph: Graph) -> RenderableType:
    made = titled_table(
        graph.title, ("node", "formula", "shape", "‖·‖", "‖∂J/∂·‖"), [False] * 3 + [True] * 2
    )
    for node in sorted(graph.nodes, key=lambda node: (node.column, node.row)):
        norms = (_known(value) for value in (node.norm, node.gradient_norm))
        made.add_row(*map(Text, (node.name, node.formula, node.shape, *norms)))
    return made


def _known(value: float) -> str:
    return "" if math.isnan(value) else fixed(value, 0)


def _bars(chart: BarChart) -> RenderableType:
    """A row for each label, a column for each group; of a long histogram only its ends."""
    if chart.count > MOST_ROWS:
        low, high = (fixed(ends(list(chart.numbers()), default=math.nan), 0) for ends in (min, max))
        return Text(f"{chart.title}: {chart.count} bars from {low} to {high}")
    names = [group.name for group in chart.groups]
    made = titled_table(chart.title, ("", *names), [False, *[True] * len(names)])
    for place in range(chart.count):
        cells = (Text(_bar(group, place)) for group in chart.groups)
        made.add_row(Text(chart.name(place)), *cells)
    return made


def _bar(group: BarGroup, place: int) -> str:
    """A value with the ends of its error bar, e.g. "0.21 (0.18 to 0.24)"."""
    if place >= len(group.values):
        return ""
    value, interval = fixed(group.values[place], 0), group.interval(place)
    if interval is None:
        return value
    low, high = (fixed(end, 0) for end in interval)
    return f"{value} ({low} to {high})"
