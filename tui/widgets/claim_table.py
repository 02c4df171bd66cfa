"""What was claimed, what was measured, and whether the two agree."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Unpack

from textual.geometry import Size
from textual.strip import Strip

from tui.charts.fields import Field
from tui.charts.numbers import fixed
from tui.widgets.strips import Run, ViewOptions
from tui.widgets.table import Cell, FigureTable


@dataclass(frozen=True, slots=True)
class ClaimRow:
    """A claim: it holds when |measured - predicted| ≤ tolerance."""

    claim: str
    measured: float
    predicted: float
    tolerance: float
    holds: bool
    source: str = ""


def verdict(row: ClaimRow, plain: bool = False) -> Run:
    """A sign for whether the claim holds."""
    if row.holds:
        return "+" if plain else "✓", "good"
    return "x" if plain else "✗", "alert"


def allowed(row: ClaimRow) -> str:
    """The prediction with its tolerance, e.g. "0.25 ± 0.01"; exact ones stand alone."""
    predicted = fixed(row.predicted, 0)
    return f"{predicted} ± {fixed(row.tolerance, 0)}" if row.tolerance else predicted


def _cells(plain: bool) -> tuple[Cell[ClaimRow], ...]:
    return (
        Cell(Field("", 1, 110, left=True), lambda row, _: verdict(row, plain)),
        Cell(Field("claim", 14, 100, most=60, left=True), lambda row, _: (row.claim, "text")),
        Cell(
            Field("measured", 8, 90),
            lambda row, width: (fixed(row.measured, width), "strong" if row.holds else "alert"),
        ),
        Cell(Field("predicted", 18, 80), lambda row, _: (_signed(allowed(row), plain), "text")),
        Cell(Field("source", 10, 20, most=44, left=True), lambda row, _: (row.source, "muted")),
    )


def _signed(text: str, plain: bool) -> str:
    return text.replace("±", "+-") if plain else text


class ClaimTable(FigureTable[ClaimRow]):
    """The claims, the broken ones in the colour of alarm; a line says when there are none yet."""

    DEFAULT_CSS = "ClaimTable { width: 1fr; height: auto; }"

    def __init__(self, **options: Unpack[ViewOptions]) -> None:
        super().__init__(_cells, **options)

    def prepare(self, size: Size) -> Sequence[Strip]:
        """The claims, or that they are checked at the end."""
        if self._records:
            return super().prepare(size)
        return [self.strip((" claims ", "strong"), (" checked at the end", "muted"))]

    def scroll_rows(self, by: int) -> None:
        """Move by so many claims, as far as there are any out of sight."""
        visible = max(1, self.content_size.height - 1)
        self.move_cursor(self._first + by + (visible - 1 if by > 0 else 0))

    @property
    def rows_wanted(self) -> int:
        """Lines that show everything."""
        return 1 + len(self._records)


def counted(rows: Sequence[ClaimRow]) -> str:
    """How many of the claims hold, e.g. "5 of 6 claims hold"; "" where none was checked."""
    if not rows:
        return ""
    held = math.fsum(row.holds for row in rows)
    return f"{held:.0f} of {len(rows)} claims hold"
