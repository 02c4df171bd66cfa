"""What is left of an experiment when it has ended without a screen."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator

import msgspec
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from cli.summary import outcome, titled_table
from engine.experiments.contract import Experiment
from engine.schema import fields_of, spell
from engine.text import clean
from tui.charts.heat import Heat
from tui.charts.numbers import fixed
from tui.lab.figures import claim_rows, heats, tables
from tui.run_view import RunView
from tui.widgets.claim_table import ClaimRow, allowed, counted, verdict
from tui.widgets.text_table import TextTable

MOST_ROWS, MOST_COLUMNS = 24, 12
"""A grid of up to this many is printed whole."""
_STYLES = {"good": "green", "alert": "bold red"}


def lab_summary(experiment: Experiment, view: RunView, record: str) -> RenderableType:
    """The settings, the tables, the grids, the claims, what came out, where the record lies."""
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
