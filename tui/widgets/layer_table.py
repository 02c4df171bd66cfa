"""Every layer's vitals, one row each."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Unpack

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from tui.charts.fields import Field
from tui.charts.numbers import fixed, percent, power
from tui.charts.spark import sparkline
from tui.widgets.strips import Run, ViewOptions
from tui.widgets.table import Cell, FigureTable

HEALTHY_UPDATE = (-3.5, -2.5)
"""log10 of |Δ|/|W| in which training usually goes well: a rule of thumb, not a law."""


@dataclass(frozen=True, slots=True)
class LayerRow:
    """A layer's newest figures and the past of its gradient norm.

    Without `measured` the figures are not known yet, which is no alert as a NaN would be.
    """

    name: str
    shape: tuple[int, ...] = ()
    weight_norm: float = math.nan
    gradient_norm: float = math.nan
    update_ratio: float = math.nan
    activation_mean: float = math.nan
    activation_std: float = math.nan
    dead: float = math.nan
    delta_norm: float = math.nan
    gradient_history: Sequence[float] = ()
    measured: bool = True


def _unknown(width: int) -> Run:
    return "–".rjust(width), "muted"


def _number(get: Callable[[LayerRow], float]) -> Callable[[LayerRow, int], Run]:
    def spell(row: LayerRow, width: int) -> Run:
        if not row.measured:
            return _unknown(width)
        value = get(row)
        return fixed(value, width), "text" if math.isfinite(value) else "alert"

    return spell


def _gradient(row: LayerRow, width: int) -> Run:
    text, role = _number(lambda r: r.gradient_norm)(row, width)
    return text, "warning" if row.gradient_norm == 0 else role


def _update(row: LayerRow, width: int) -> Run:
    ratio = row.update_ratio
    if not row.measured:
        return _unknown(width)
    if not math.isfinite(ratio):
        return fixed(ratio, width), "alert"
    low, high = HEALTHY_UPDATE
    healthy = ratio > 0 and low <= math.log10(ratio) <= high
    return power(ratio, width), "good" if healthy else "warning"


def _dead(row: LayerRow, width: int) -> Run:
    if not math.isfinite(row.dead):
        return _unknown(width)
    role = "alert" if row.dead > 0.95 else "warning" if row.dead > 0.5 else "text"
    return percent(row.dead, width), role


def _plain_history(row: LayerRow, width: int) -> Run:
    return sparkline(row.gradient_history, width, plain=True).ljust(width), "muted"


def _history(row: LayerRow, width: int) -> Run:
    return sparkline(row.gradient_history, width).ljust(width), "muted"


def _cells(plain: bool) -> tuple[Cell[LayerRow], ...]:
    return (
        Cell(Field("layer", 8, 100, most=12, left=True), lambda r, w: (r.name, "strong")),
        Cell(Field("shape", 9, 30), lambda r, w: ("×".join(map(str, r.shape)), "muted")),
        Cell(Field("|W|", 7, 80), _number(lambda r: r.weight_norm)),
        Cell(Field("|g|", 7, 90), _gradient),
        Cell(Field("|Δ|/|W|", 7, 85), _update),
        Cell(Field("mean h", 7, 50), _number(lambda r: r.activation_mean)),
        Cell(Field("std h", 7, 60), _number(lambda r: r.activation_std)),
        Cell(Field("dead", 6, 70), _dead),
        Cell(Field("|δ|", 7, 20), _number(lambda r: r.delta_norm)),
        Cell(Field("|g| past", 8, 40, most=24, left=True), _plain_history if plain else _history),
    )


class LayerTable(FigureTable[LayerRow]):
    """The layers' table with a cursor; `enter` or a click posts `Chosen`."""

    DEFAULT_CSS = "LayerTable { width: 1fr; height: auto; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Layer above", show=False),
        Binding("down,j", "move(1)", "Layer below", show=False),
        Binding("enter", "choose", "Histories of the layer", show=False),
    ]
    can_focus = True

    class Chosen(Message):
        """Somebody wants to see more of a layer."""

        def __init__(self, layer: str) -> None:
            super().__init__()
            self.layer = layer

    def __init__(self, **options: Unpack[ViewOptions]) -> None:
        super().__init__(_cells, cursor=True, **options)

    def action_move(self, rows: int) -> None:
        """Move the cursor by so many rows."""
        self.move_cursor(self.cursor_row + rows)

    def action_choose(self) -> None:
        """Ask for the marked layer."""
        if self._records:
            self.post_message(self.Chosen(self._records[self.cursor_row].name))

    def on_click(self, event: events.Click) -> None:
        """Mark the row under the pointer, and ask for it when it is marked already."""
        row = self._first + event.y - 1
        if event.y < 1 or row >= len(self._records):
            return
        if row == self.cursor_row:
            self.action_choose()
        self.move_cursor(row)
