"""Runs beside each other: the settings in which they differ, and what came of them."""

from __future__ import annotations

from typing import ClassVar

from rich.table import Table
from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import Static

from tui.keymap import key_of
from tui.runs.differences import Differences, Line
from tui.screens.reader import ReaderScreen

_NAMES, _NARROW_NAMES, _NARROWEST, _GAP = 20, 13, 14, 2
_FRAME = 6
"""Cells beside the table: the box's border and padding, and the bar that scrolls."""


class DifferencesScreen(ReaderScreen, inherit_bindings=False):
    """A column for each run; where they do not all fit, the arrows go through them."""

    CSS_PATH = "reader.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,ctrl+q,ctrl+c,d,enter", "leave", "close", show=False),
        Binding("down,j", "move(1)", "down", show=False),
        Binding("up,k", "move(-1)", "up", show=False),
        Binding("right,l", "turn(1)", "the next run", show=False),
        Binding("left,h", "turn(-1)", "the run before", show=False),
    ]

    def __init__(self, told: Differences) -> None:
        super().__init__("", ())
        self._told = told
        self._first = 0

    def compose(self) -> ComposeResult:
        """The table in a box."""
        with VerticalScroll(id="box"):
            yield Static(table_of(self._told, self._shown, self._names), id="table", markup=False)

    def on_resize(self, event: events.Resize) -> None:
        """As many runs as there is room for."""
        self.call_after_refresh(self._draw)

    def action_leave(self) -> None:
        """Close."""
        self.dismiss(None)

    def action_turn(self, by: int) -> None:
        """The runs further on, or back."""
        self._first = max(0, min(self._first + by, len(self._told.names) - self._fit))
        self._draw()

    @property
    def _fit(self) -> int:
        """The columns of runs that there is room for."""
        room = min(self.app.size.width, 106) - _FRAME - self._names
        return max(1, min(len(self._told.names), room // (_NARROWEST + _GAP)))

    @property
    def _names(self) -> int:
        """The cells of the settings' names."""
        return _NAMES if self.app.size.width >= 60 else _NARROW_NAMES

    @property
    def _shown(self) -> slice:
        fit = self._fit
        self._first = max(0, min(self._first, len(self._told.names) - fit))
        return slice(self._first, self._first + fit)

    def _draw(self) -> None:
        shown = self._shown
        box = self.query_one("#box")
        total = len(self._told.names)
        count = len(self._told.settings)
        told = f"{count} setting{'' if count == 1 else 's'} in which {total} runs differ"
        box.border_title = told if count else f"{total} runs with the same settings"
        of = (
            ""
            if shown.stop - shown.start == total
            else f"runs {shown.start + 1} to {shown.stop} of {total}, ← → · "
        )
        box.border_subtitle = f"{of}{key_of('back')} closes"
        self.query_one("#table", Static).update(table_of(self._told, shown, self._names))


def table_of(told: Differences, shown: slice, names: int = _NAMES) -> Table:
    """The runs in `shown`; a value that is the default is dim, one too wide is folded."""
    table = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), expand=True)
    table.add_column("", width=names - _GAP, overflow="fold")
    for name in told.names[shown]:
        table.add_column(Text(name, style="bold"), ratio=1, overflow="fold")
    for line in told.settings:
        table.add_row(Text(line.name), *_values(line, shown))
    if told.settings and told.outcomes:
        table.add_row()
    for line in told.outcomes:
        table.add_row(Text(line.name, style="dim"), *_values(line, shown))
    return table


def _values(line: Line, shown: slice) -> list[Text]:
    return [
        Text(value, style="dim" if value == line.default else "") for value in line.values[shown]
    ]
