"""Recorded runs, a row each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Unpack

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from tui.charts.fields import Field
from tui.widgets.strips import Run, ViewOptions
from tui.widgets.table import Cell, FigureTable

_TONES = {"good": "good", "bad": "alert", "live": "train-accuracy", "plain": "text"}


@dataclass(frozen=True, slots=True)
class RunRow:
    """What a list says of a run, in words fit for a terminal."""

    run_id: str
    name: str
    state: str
    tone: str = "plain"
    what: str = ""
    progress: str = ""
    best: str = ""
    size: str = ""
    when: str = ""
    marked: bool = False


def _cells(plain: bool) -> tuple[Cell[RunRow], ...]:
    mark, arrow = ("*", ">") if plain else ("●", "→")
    return (
        Cell(
            Field("", 1, 120, left=True),
            lambda row, _: (mark if row.marked else " ", "loss"),
        ),
        Cell(Field("run", 8, 110, most=22, left=True), _name),
        Cell(
            Field("state", 11, 100, most=13, left=True),
            lambda row, _: (row.state.replace("→", arrow), _TONES[row.tone]),
        ),
        Cell(Field("what", 24, 80, most=90, left=True), lambda row, _: (row.what, "text")),
        Cell(Field("progress", 13, 40), lambda row, _: (row.progress, "muted")),
        Cell(Field("best", 10, 90), lambda row, _: (row.best, "text")),
        Cell(Field("size", 6, 20), lambda row, _: (row.size, "muted")),
        Cell(Field("started", 10, 60), lambda row, _: (row.when, "muted")),
    )


def _name(row: RunRow, width: int) -> Run:
    """A label, or of an id that is too long its end, which tells it from its neighbours."""
    if row.name != row.run_id:
        return row.name, "strong"
    short = row.run_id if len(row.run_id) <= width else "…" + row.run_id[1 - width :]
    return short, "strong" if row.marked else "text"


class RunTable(FigureTable[RunRow]):
    """The runs with a cursor; `Moved` is posted when it goes to another, `Opened` on a click."""

    DEFAULT_CSS = "RunTable { width: 1fr; height: 1fr; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Run above", show=False),
        Binding("down,j", "move(1)", "Run below", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
        Binding("home", "move(-1000000)", "First run", show=False),
        Binding("end", "move(1000000)", "Last run", show=False),
    ]
    can_focus = True

    class Moved(Message):
        """The cursor stands on another row."""

    class Opened(Message):
        """Somebody clicked on the row under the cursor."""

    def __init__(self, **options: Unpack[ViewOptions]) -> None:
        super().__init__(_cells, cursor=True, **options)

    def action_move(self, rows: int) -> None:
        """Move the cursor by so many rows."""
        self.move_cursor(self.cursor_row + rows)
        self.post_message(self.Moved())

    def action_page(self, pages: int) -> None:
        """Move the cursor by what fits on screen."""
        self.action_move(pages * max(1, self.content_size.height - 1))

    def on_click(self, event: events.Click) -> None:
        """Go to the row under the pointer; one that the cursor stands on is opened."""
        row = self._first + event.y - 1
        if event.y < 1 or row >= len(self._records):
            return
        if row == self.cursor_row:
            self.post_message(self.Opened())
        self.action_move(row - self.cursor_row)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """The wheel moves the cursor."""
        self.action_move(1)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """The wheel moves the cursor."""
        self.action_move(-1)
