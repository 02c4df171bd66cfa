"""Tables as Parquet files: one for each, in a directory, a row group at a time."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any

from engine.errors import BadInput
from engine.export.about import write_about
from engine.export.end_tables import rows_at_end
from engine.export.source import Source
from engine.export.tables import Cell, Rows, Table, rows_of

GROUP = 1 << 16
"""Rows that are held of a table before they are written."""


def write_parquet(source: Source, directory: Path) -> None:
    """Every table with rows in it, and ``run.json``: float64, int64, UTF-8 text, bool; zstd.

    Raises:
        BadInput: when pyarrow is missing.
        OSError: when the record cannot be read, or the directory not be written.
    """
    try:
        import pyarrow as arrow
        from pyarrow import parquet
    except ImportError as error:
        raise BadInput(
            "writing Parquet needs pyarrow, which is not installed: pip install pyarrow"
        ) from error
    with ExitStack() as stack:
        files = _Files(directory, stack, arrow, parquet)
        for at, event in enumerate(source.events()):
            for rows in rows_of(event, at, source):
                files.add(rows)
        for rows in rows_at_end(source):
            files.add(rows)
        files.flush()
    write_about(source, "parquet", directory)


class _Files:
    """The tables' files, each opened with its first group of rows."""

    def __init__(self, directory: Path, stack: ExitStack, arrow: Any, parquet: Any) -> None:
        self._directory = directory
        self._stack = stack
        self._arrow, self._parquet = arrow, parquet
        self._kinds = {
            "text": arrow.string(),
            "int": arrow.int64(),
            "float": arrow.float64(),
            "bool": arrow.bool_(),
        }
        self._held: dict[Table, list[list[Cell]]] = {}
        self._writers: dict[Table, Any] = {}

    def add(self, rows: Rows) -> None:
        table = rows.table
        if not len(rows.columns[0]):
            return
        held = self._held.setdefault(table, [[] for _ in table.columns])
        for column, more in zip(held, rows.columns, strict=True):
            column.extend(more)
        if len(held[0]) >= GROUP:
            self._write(table)

    def flush(self) -> None:
        """Write what is still held."""
        for table in list(self._held):
            self._write(table)

    def _write(self, table: Table) -> None:
        columns = self._held.pop(table)
        schema = self._arrow.schema([(name, self._kinds[kind]) for name, kind in table.columns])
        arrays = [
            self._arrow.array(column, type=field.type)
            for column, field in zip(columns, schema, strict=True)
        ]
        if table not in self._writers:
            path = self._directory / f"{table.name}.parquet"
            writer = self._parquet.ParquetWriter(str(path), schema, compression="zstd")
            self._writers[table] = self._stack.enter_context(writer)
        self._writers[table].write_table(self._arrow.Table.from_arrays(arrays, schema=schema))
