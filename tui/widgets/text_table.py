"""A table of spelled values: a title, headings, rows, cut to the room."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size
from textual.geometry import Size
from textual.strip import Strip

from tui.charts.fields import GAP, Field, fit
from tui.widgets.strips import Run, StripView


@dataclass(frozen=True, slots=True)
class TextTable:
    """A table's words; `numbers` says which columns stand to the right."""

    title: str = ""
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    numbers: tuple[bool, ...] = ()

    @property
    def height(self) -> int:
        """Lines that show everything."""
        return 2 + len(self.rows)

    @property
    def width(self) -> int:
        """Cells that show every column."""
        widths = self.column_widths()
        return 2 + sum(widths) + GAP * max(0, len(widths) - 1)

    def column_widths(self) -> list[int]:
        """The cells that each column needs."""
        lines = (self.columns, *self.rows)
        count = max((len(line) for line in lines), default=0)
        return [max(cell_len(line[i]) for line in lines if i < len(line)) for i in range(count)]


class TextTableView(StripView):
    """Shows a `TextTable`; columns at the end give way, rows below the end can be scrolled to."""

    DEFAULT_CSS = "TextTableView { width: 1fr; height: auto; }"

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, classes=classes)
        self._table = TextTable()
        self._first = 0

    @property
    def table(self) -> TextTable:
        """What is shown."""
        return self._table

    def show_table(self, table: TextTable) -> None:
        """Show this table; one equal to the last costs nothing."""
        if table != self._table:
            self._table = table
            self.redraw()

    def scroll_rows(self, by: int) -> None:
        """Move by so many rows, as far as there are any out of sight."""
        room = max(1, self.content_size.height - 2)
        self._first = max(0, min(self._first + by, len(self._table.rows) - room))
        self.redraw()

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """All rows."""
        return self._table.height

    def prepare(self, size: Size) -> Sequence[Strip]:
        """Title, headings and the rows that fit."""
        table = self._table
        room = size.height - 2
        self._first = max(0, min(self._first, len(table.rows) - max(1, room)))
        shown = table.rows[self._first : self._first + max(0, room)]
        chosen = fit(self._fields(), size.width - 1)
        head = self.strip((f" {table.title}", "strong"), (self._out_of_sight(len(shown)), "muted"))
        heading = self._line(table.columns, chosen, "muted")
        return [head, heading, *(self._line(row, chosen, "text") for row in shown)]

    def _out_of_sight(self, shown: int) -> str:
        total = len(self._table.rows)
        at = f"{self._first + 1}-{self._first + shown}" if shown > 1 else str(self._first + 1)
        return f"  rows {at} of {total}" if 0 < shown < total else ""

    def _fields(self) -> list[Field]:
        widths = self._table.column_widths()
        return [Field("", width, len(widths) - index) for index, width in enumerate(widths)]

    def _line(self, texts: Sequence[str], chosen: Sequence[tuple[int, int]], role: str) -> Strip:
        runs: list[Run] = [(" ", role)]
        for place, (index, width) in enumerate(chosen):
            text = texts[index] if index < len(texts) else ""
            gap = " " * GAP if place else ""
            right = index < len(self._table.numbers) and self._table.numbers[index]
            pad = " " * (width - cell_len(text))
            runs.append((gap + (pad + text if right else text + pad), role))
        if not chosen and texts:  # not even the first column fits: as much of it as there is room
            runs.append((set_cell_size(texts[0], max(0, self.content_size.width - 1)), role))
        return self.strip(*runs)
