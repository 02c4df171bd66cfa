"""The recorded runs: what there is, what tells them apart, and what may be done to them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult, SystemCommand
from textual.binding import BindingType
from textual.widgets import Input

from engine.errors import BadInput
from engine.events import Level
from engine.text import clean
from tui.bindings import bindings_of
from tui.keymap import Situation, spelled
from tui.runs.browser import Browser
from tui.runs.desk import Desk
from tui.runs.details import brief, details, heading
from tui.runs.keeper import Curves, Keeper
from tui.runs.keymap import ACTIONS, BY_ID
from tui.runs.shelf import Reading, Shelf
from tui.screens.panel import KeyLine, Panel, Title
from tui.screens.run_actions import ListOfRuns, RunActions, Stage
from tui.screens.run_lines import line_of, title_of
from tui.screens.steady import steady
from tui.status import Notice
from tui.widgets.log_line import LogLine
from tui.widgets.run_table import RunTable

_POLLS_PER_SECOND, _REFRESH = 10, 30
"""The list is read again after so many polls: every three seconds."""
_LOW, _TINY = 30, 18
"""Heights below which there is less room for what is known of a run."""


class RunsScreen(ListOfRuns):
    """Lists the runs of a shelf; `stage` shows what is opened and overlaid.

    A headless app has no clock: whoever runs it calls `poll`.
    """

    CSS_PATH = "runs.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of(ACTIONS)]
    dashboard_keys = False

    def __init__(self, shelf: Shelf, stage: Stage, desk: Desk | None = None) -> None:
        super().__init__()
        self._shelf, self._stage = shelf, stage
        self._desk = desk or Desk()
        self._keeper = Keeper(shelf, self._desk, self)
        self._actions = RunActions(self, stage, self._keeper)
        self.browser = Browser()
        self._polls = 0

    def compose(self) -> ComposeResult:
        """What there is, the filter, the list, the run under the cursor, the log, the keys."""
        terminal = self._stage.terminal
        yield Title(id="title")
        field = Input(
            placeholder="type to filter", id="filter", compact=True, select_on_focus=False
        )
        yield steady(field)
        yield RunTable(capabilities=terminal, id="runs")
        yield Panel(id="panel")
        yield LogLine(capabilities=terminal, id="log")
        yield KeyLine(ACTIONS, id="keys")

    def on_mount(self) -> None:
        """Begin to read; what is there is shown as it comes."""
        self.query_one(RunTable).focus()
        self._show()
        self._keeper.refresh()
        if not self.app.is_headless:
            self.set_interval(1 / _POLLS_PER_SECOND, self.poll)

    def on_unmount(self) -> None:
        """Nobody waits for what is still being read."""
        self._desk.close()

    def on_resize(self, event: events.Resize) -> None:
        """In a low terminal the list is what matters."""
        self.set_class(event.size.height < _LOW, "low")
        self.set_class(event.size.height < _TINY, "tiny")
        self.when_shared_out(self._show)

    def poll(self) -> None:
        """Take in what came of what was asked; look for changes now and then."""
        if self._desk.closed:
            return
        self._polls += 1
        self._follow()
        if self._polls % _REFRESH == 0:
            self._keeper.refresh()
        if self._desk.poll():
            self._show()

    def take(self, reading: Reading) -> None:
        """The list as it is now."""
        self.browser = self.browser.renewed(reading)

    def say(self, text: str, level: Level = "info") -> None:
        """Answer a key on the log's line."""
        self.query_one(LogLine).show_note(clean(text, 1000), level)

    def overlay(self, curves: Curves, told: str, level: Level) -> None:
        """Have the curves drawn that were asked for; what is typed meanwhile is not cut short."""
        self.say(told, level)
        self._stage.overlay(curves, told, level)
        if self.is_active:
            self._stage.show_dashboard()

    def commands(self) -> Iterator[SystemCommand]:
        """What the palette offers here."""
        for action in ACTIONS:
            told = f"{action.label}: {action.help}"
            run = partial(self.action_perform, action.id)
            yield SystemCommand(told, f"{action.group}, {spelled(action.keys[0])}", run)

    def action_perform(self, action_id: str) -> None:
        """Do what a key asks for, or say why it cannot be done now."""
        action = BY_ID[action_id]
        self._follow()
        self.say("")
        try:
            if not action.when(self._situation):
                raise BadInput(action.otherwise)
            own = f"do_{action_id}"
            getattr(self if hasattr(self, own) else self._actions, own)()
        except BadInput as error:
            self.say(str(error), "warning")

    @on(RunTable.Moved)
    def move(self) -> None:
        """Another run is under the cursor."""
        self._follow()
        self._show()

    @on(RunTable.Opened)
    def open_clicked(self) -> None:
        """The mouse opens too."""
        self.action_perform("open")

    @on(Input.Changed)
    def narrow(self, event: Input.Changed) -> None:
        """Keep what the typed words occur in."""
        self._follow()
        self._turn(self.browser.narrowed(event.value))

    @on(Input.Submitted)
    def leave_filter(self) -> None:
        """Back to the list; the filter holds."""
        self.set_focus(self.query_one(RunTable))
        self._show()

    def on_key(self, event: events.Key) -> None:
        """Arrows move in the list while typing goes on in the filter.

        What was typed right behind the filter's key still comes by way of the list.
        """
        field = self.query_one(Input)
        if not field.has_focus:
            return
        moves: dict[str, Callable[[RunTable], None]] = {
            "up": lambda table: table.action_move(-1),
            "down": lambda table: table.action_move(1),
            "pageup": lambda table: table.action_page(-1),
            "pagedown": lambda table: table.action_page(1),
        }
        if event.key in moves:
            moves[event.key](self.query_one(RunTable))
        elif event.is_printable:
            field.insert_text_at_cursor(event.character or "")
        else:
            return
        event.stop()
        event.prevent_default()

    def do_mark(self) -> None:
        """Mark the run under the cursor, or not any more."""
        self._turn(self.browser.toggled())

    def do_mark_all(self) -> None:
        """Mark all that are shown, or none."""
        self._turn(self.browser.all_toggled())

    def do_filter(self) -> None:
        """Type into the filter."""
        field = self.query_one(Input)
        field.display = True  # what is not shown cannot be typed into
        self.set_focus(field)

    def do_back(self) -> None:
        """Take the filter back; without one, close the list."""
        field = self.query_one(Input)
        if not (field.has_focus or field.value):
            self._stage.leave_runs()
            return
        field.value = ""
        self.leave_filter()

    @property
    def _situation(self) -> Situation:
        return Situation(runs=len(self.browser.shown))

    def _follow(self) -> None:
        """The table's cursor moves by itself, and may be ahead of what it has said."""
        self.browser = self.browser.moved(self.query_one(RunTable).cursor_row)

    def _turn(self, browser: Browser) -> None:
        self.browser = browser
        self._show()

    def _show(self) -> None:
        """Show everything; what has not changed costs nothing."""
        field = self.query_one(Input)
        field.display = bool(field.has_focus or field.value)
        table = self.query_one(RunTable)
        table.show_rows([line_of(one, self.browser) for one in self.browser.shown])
        table.move_cursor(self.browser.at)
        self.query_one(Title).tell(title_of(self.browser))
        self.query_one(KeyLine).tell(self._situation)
        self.query_one(Panel).tell(self._notice(), brief=self.has_class("tiny"))

    def _notice(self) -> Notice | None:
        run, reading = self.browser.current, self.browser.reading
        if run is not None:
            return Notice(heading(run), details(run), "strong", brief=brief(run))
        if reading.runs:
            return Notice("no run is found by these words", brief="no run is found by these words")
        if not reading.whole:
            return None
        place = clean(str(self._shelf.place), 500)
        return Notice("no runs yet", (f"what is trained is recorded in {place}",))
