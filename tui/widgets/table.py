"""A table of live figures as prepared rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar, Unpack

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from textual.geometry import Size
from textual.strip import Strip

from tui.charts.fields import GAP, Field, fit
from tui.widgets.strips import Run, StripView, ViewOptions

R = TypeVar("R")

_PLAIN_SIGNS = str.maketrans("Δδ∇‖·×→✗▸–", "ddG|.x>x>-")


@dataclass(frozen=True, slots=True)
class Cell(Generic[R]):
    """A field of a table and how it is spelled for a row: `spell(row, width)` → text and role."""

    field: Field
    spell: Callable[[R, int], Run]


class FigureTable(StripView, Generic[R]):
    """A heading and a row for each record, numbers of fixed width, columns that give way.

    `cells` makes the fields, of ASCII alone for a plain terminal. With `cursor` a row is marked;
    rows beyond the height scroll with it.
    """

    def __init__(
        self,
        cells: Callable[[bool], Sequence[Cell[R]]],
        *,
        cursor: bool = False,
        **options: Unpack[ViewOptions],
    ) -> None:
        super().__init__(**options)
        self._cells = cells(self._plain)
        self._records: Sequence[R] = ()
        self._has_cursor = cursor
        self._at = 0
        self._first = 0

    @property
    def cursor_row(self) -> int:
        """The marked record's index."""
        return self._at

    def show_rows(self, rows: Sequence[R]) -> None:
        """Show these records; the cursor stays where it is, as far as there are rows."""
        grown = len(rows) != len(self._records)
        self._records = rows
        self._at = max(0, min(self._at, len(rows) - 1))
        self.redraw()
        if grown and self.styles.is_auto_height:
            self.refresh(layout=True)

    def move_cursor(self, row: int) -> None:
        """Mark another record, the nearest there is."""
        self._at = max(0, min(row, len(self._records) - 1))
        self.redraw()

    def prepare(self, size: Size) -> Sequence[Strip]:
        """The heading and the rows that fit."""
        gutter = 2 * self._has_cursor
        chosen = fit([cell.field for cell in self._cells], size.width - gutter)
        self._first = self._scrolled(size.height - 1)
        stop = min(len(self._records), self._first + size.height - 1)
        return [
            self._heading(chosen, gutter),
            *(self._record(i, chosen, gutter, size.width) for i in range(self._first, stop)),
        ]

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """The heading and every record."""
        return 1 + len(self._records)

    def _scrolled(self, visible: int) -> int:
        """The first record shown, moved no further than the cursor asks."""
        visible = max(1, visible)
        last = max(0, len(self._records) - visible)
        return min(max(self._at - visible + 1, min(self._first, self._at)), last)

    def _heading(self, chosen: Sequence[tuple[int, int]], gutter: int) -> Strip:
        titles = [
            _sized(self._cells[index].field.title, width, self._cells[index].field.left)
            for index, width in chosen
        ]
        hidden = self._first > 0
        mark = ("^ " if self._plain else "↑ ") if hidden else "  "
        text = mark[:gutter] + (" " * GAP).join(titles)
        return self.strip((self._spelled(text).rstrip(), "muted"))

    def _record(
        self, index: int, chosen: Sequence[tuple[int, int]], gutter: int, width: int
    ) -> Strip:
        marked = self._has_cursor and index == self._at
        runs: list[Run] = [(self._spelled("▸ " if marked else "  ")[:gutter], "loss")]
        for place, (field, room) in enumerate(chosen):
            cell = self._cells[field]
            text, role = cell.spell(self._records[index], room)
            gap = " " * GAP if place else ""
            text = self._spelled(text) if cell.field.left is False else text
            runs.append((gap + _sized(text, room, cell.field.left), role))
        strip = self.strip(*runs)
        if not (marked and self.has_focus):
            return strip
        lit = self.role("cursor")
        strip = strip.adjust_cell_length(width)
        return Strip([Segment(s.text, (s.style + lit) if s.style else lit) for s in strip])

    def _spelled(self, text: str) -> str:
        return text.translate(_PLAIN_SIGNS) if self._plain else text

    def on_focus(self) -> None:
        """Light the marked row."""
        self.redraw()

    def on_blur(self) -> None:
        """Dim the marked row."""
        self.redraw()


def _sized(text: str, width: int, left: bool) -> str:
    """The text in exactly `width` cells."""
    length = cell_len(text)
    if length > width:
        return set_cell_size(text, max(0, width - 1)) + ("…" if width else "")
    return text + " " * (width - length) if left else " " * (width - length) + text
