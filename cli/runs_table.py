"""The recorded runs as a table, as wide as there is room for."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from itertools import islice
from types import MappingProxyType

from rich.cells import cell_len
from rich.console import Console, JustifyMethod
from rich.padding import Padding
from rich.segment import SegmentLines
from rich.table import Table
from rich.text import Text

from cli.consoles import plain
from engine.store.catalogue import Entry
from tui.runs.listing import Row, damage, row

_STYLES = {"good": "green", "bad": "bold red", "plain": ""}
_COLUMNS: Mapping[str, int] = MappingProxyType(
    {"run": 0, "state": 0, "what": 100, "progress": 60, "best": 48, "size": 72, "started": 100}
)
"""The columns, and how wide a terminal has to be for them: an id tells the date as well, and the
settings have lines of their own below that."""
_ID_WIDTH = 22  # columns of an id of our own making


def print_runs(found: Sequence[Entry]) -> None:
    """Print a line or two for each run to standard output.

    Raises:
        BrokenPipeError: when nobody reads it.
        OutputError: when it cannot be written.
    """
    console, now = plain(), time.time()
    rows = [_cells(row(each, now)) for each in found]
    widest = max(
        _ID_WIDTH, *(cell_len(line) for each in rows for line in each["run"].plain.split("\n"))
    )
    room = max(_ID_WIDTH, console.width // 4)
    if not console.is_terminal:  # who reads a pipe is given the names whole
        console.width, room = console.width + widest - _ID_WIDTH, widest
    table = Table(box=None, pad_edge=False, padding=(0, 1))
    shown = [name for name, needed in _COLUMNS.items() if console.width >= needed]
    for name in shown:
        justify: JustifyMethod = "right" if name in ("best", "size") else "left"
        table.add_column(name, justify=justify, no_wrap=name != "what")
    table.columns[0].max_width = room
    for each in rows:
        table.add_row(*(each[name] for name in shown))
    if "what" in shown:
        console.print(table)
    else:
        _print_folded(console, table, rows)
    for entry in found:
        if told := damage(entry):
            console.print(Text(f"{entry.run_id}: {told}"))


def _print_folded(console: Console, table: Table, rows: Sequence[Mapping[str, Text]]) -> None:
    lines = iter(console.render_lines(table, pad=False))
    console.print(SegmentLines([next(lines)], new_lines=True), end="")
    for each in rows:
        own = list(islice(lines, len(each["run"].plain.split("\n"))))
        console.print(SegmentLines(own, new_lines=True), end="")
        console.print(Padding(each["what"], (0, 0, 0, 2)))


def _cells(told: Row) -> dict[str, Text]:
    # A line of its own for the label: beside the id it would leave no room for the settings.
    name = told.name if told.name == told.run_id else f"{told.name}\n{told.run_id}"
    texts = {
        "run": name,
        "what": told.what,
        "progress": told.progress,
        "best": told.best,
        "size": told.size,
        "started": told.when,
    }
    state = Text(told.state, style=_STYLES[told.tone])
    return {"state": state, **{column: Text(text) for column, text in texts.items()}}
