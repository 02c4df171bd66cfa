"""A table of spelled values: a title, headings, rows, folded to the room."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Unpack

from rich.cells import cell_len
from textual.geometry import Size
from textual.strip import Strip

from tui.charts import folded
from tui.charts.feet import cut
from tui.charts.fields import GAP
from tui.widgets.strips import Run, StripView, ViewOptions


@dataclass(frozen=True, slots=True)
class TextTable:
    """A table's words; `numbers` says which columns stand to the right."""

    title: str = ""
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    numbers: tuple[bool, ...] = ()

    @property
    def width(self) -> int:
        """Cells that show every column."""
        widths = self.column_widths()
        return 2 + sum(widths) + GAP * max(0, len(widths) - 1)

    def blocks(self, width: int) -> list[folded.Block]:
        """The columns that stand beside each other in so many cells, block below block."""
        return folded.blocks(self.column_widths(), width - 1, GAP) or [()]

    def lines(self, width: int) -> int:
        """Lines that show everything in so many cells."""
        return 1 + len(self.blocks(width)) * (1 + len(self.rows))

    def column_widths(self) -> list[int]:
        """The cells that each column needs."""
        lines = (self.columns, *self.rows)
        count = max((len(line) for line in lines), default=0)
        return [max(cell_len(line[i]) for line in lines if i < len(line)) for i in range(count)]


class TextTableView(StripView):
    """Shows a `TextTable`; columns that do not fit stand below the others, led by the first one.

    What is below the end can be scrolled to.
    """

    DEFAULT_CSS = "TextTableView { width: 1fr; height: auto; }"

    def __init__(self, **options: Unpack[ViewOptions]) -> None:
        super().__init__(**options)
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
        size = self.content_size
        self._first = max(0, min(self._first + by, self._last(size.width, size.height)))
        self.redraw()

    def scroll_page(self, by: int) -> bool:
        """Move by so many times what is shown, less the heading; whether that moved anything."""
        before = self._first
        self.scroll_rows(by * max(1, self.content_size.height - 2))
        return self._first != before

    def scroll_to_top(self) -> None:
        """Begin with the first row again."""
        self._first = 0
        self.redraw()

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """All rows."""
        return self._table.lines(width)

    def prepare(self, size: Size) -> Sequence[Strip]:
        """Title, headings and the rows that fit."""
        table = self._table
        blocks = table.blocks(size.width)
        self._first = max(0, min(self._first, self._last(size.width, size.height)))
        every = folded.lines(len(blocks), len(table.rows))
        shown = folded.window(every, self._first, max(0, size.height - 1))
        strips = [self._head(blocks, shown, size.width)]
        for block, row in shown:
            texts, role = table.columns, "muted"
            if row != folded.HEADING:
                texts, role = table.rows[row], "text"
            strips.append(self._line(texts, blocks[block], role))
        return strips

    def _last(self, width: int, height: int) -> int:
        """The farthest first line."""
        return self._table.lines(width) - 1 - max(2, height - 1)

    def _head(
        self, blocks: Sequence[folded.Block], shown: Sequence[folded.Line], width: int
    ) -> Strip:
        note = self._out_of_sight(blocks, shown)
        title = cut(f" {self._table.title}", max(0, width - cell_len(note)))
        return self.strip((title, "strong"), (note, "muted"))

    def _out_of_sight(self, blocks: Sequence[folded.Block], shown: Sequence[folded.Line]) -> str:
        told = [line for line in shown if line[1] != folded.HEADING]
        total = len(self._table.rows)
        if not told or len(told) == total * len(blocks):
            return ""
        if len(blocks) == 1:
            return f"  rows {_span([row for _, row in told])} of {total}"
        rows = Counter(block for block, _ in told)
        whole = [block for block, there in rows.items() if there == total] or [told[0][0]]
        seen = sorted({column for block in whole for column, _ in blocks[block]})
        word = "columns" if len(seen) > 1 else "column"
        return f"  {word} {_listed(seen)} of {len(self._table.columns)}"

    def _line(self, texts: Sequence[str], chosen: Sequence[tuple[int, int]], role: str) -> Strip:
        runs: list[Run] = [(" ", role)]
        for place, (index, width) in enumerate(chosen):
            text = cut(texts[index] if index < len(texts) else "", width)
            gap = " " * GAP if place else ""
            right = index < len(self._table.numbers) and self._table.numbers[index]
            pad = " " * (width - cell_len(text))
            runs.append((gap + (pad + text if right else text + pad), role))
        return self.strip(*runs)


def _span(rows: Sequence[int]) -> str:
    first, last = rows[0] + 1, rows[-1] + 1
    return f"{first}-{last}" if last > first else str(first)


def _listed(columns: Sequence[int]) -> str:
    """Columns counted from 1, neighbours as a span: "1, 4-6"."""
    spans: list[list[int]] = []
    for column in columns:
        if spans and column == spans[-1][-1] + 1:
            spans[-1].append(column)
        else:
            spans.append([column])
    return ", ".join(map(_span, spans))
