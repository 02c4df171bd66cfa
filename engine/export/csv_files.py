"""Tables as CSV files (RFC 4180, UTF-8): one for each, in a directory."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from engine.export.about import write_about
from engine.export.end_tables import rows_at_end
from engine.export.source import Source
from engine.export.tables import Cell, Kind, Rows, rows_of

_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")


def write_csv(source: Source, directory: Path) -> None:
    """Every table with rows in it, and ``run.json``.

    Numbers stand as Python's repr spells them: read back, they are the same bit for bit. Those
    that are not finite are spelled NaN, Infinity and -Infinity, and a cell without a value is
    empty. Text that a spreadsheet would take for a formula begins with an apostrophe.

    Raises:
        OSError: when the record cannot be read, or the directory not be written.
    """
    with ExitStack() as stack:
        files = _Files(directory, stack)
        for at, event in enumerate(source.events()):
            for rows in rows_of(event, at, source):
                files.add(rows)
        for rows in rows_at_end(source):
            files.add(rows)
    write_about(source, "csv", directory)


class _Files:
    """The tables' files, each opened with its first row."""

    def __init__(self, directory: Path, stack: ExitStack) -> None:
        self._directory = directory
        self._stack = stack
        self._writers: dict[str, Any] = {}

    def add(self, rows: Rows) -> None:
        table = rows.table
        if not len(rows.columns[0]):
            return
        if table.name not in self._writers:
            path = self._directory / f"{table.name}.csv"
            file = self._stack.enter_context(path.open("x", encoding="utf-8", newline=""))
            self._writers[table.name] = csv.writer(file, lineterminator="\n")
            self._writers[table.name].writerow([safe(name) for name, _ in table.columns])
        kinds = [kind for _, kind in table.columns]
        columns = [_spelled(*told) for told in zip(rows.columns, kinds, strict=True)]
        self._writers[table.name].writerows(zip(*columns, strict=True))


def safe(text: str) -> str:
    """`text` with an apostrophe before it where a spreadsheet would take it for a formula.

    A number is none, whatever its sign.
    """
    return f"'{text}" if text.startswith(_FORMULA) and not _is_number(text) else text


def spell(value: float) -> str:
    """A number as the record's JSON spells it."""
    if math.isfinite(value):
        return repr(value)
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _spelled(column: Sequence[Cell], kind: Kind) -> Sequence[object]:
    match kind:
        case "text":
            return ["" if cell is None else safe(str(cell)) for cell in column]
        case "bool":
            return ["" if cell is None else str(bool(cell)).lower() for cell in column]
        case "float":
            if all(map(_is_finite, column)):
                return column  # the writer spells a float as repr does
            return ["" if cell is None else spell(float(cell)) for cell in column]
    return column


def _is_finite(cell: Cell) -> bool:
    return type(cell) is float and math.isfinite(cell)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
