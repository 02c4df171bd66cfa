"""What the network says of the test set: images, confusion matrix, worst mistakes, classes."""

from __future__ import annotations

from dataclasses import dataclass

from textual import events
from textual.app import ComposeResult
from textual.containers import Container

from engine.controls import Measure
from tui import predictions as told
from tui.capabilities import Capabilities
from tui.hub import Hub
from tui.keymap import key_of, promoted
from tui.run_view import RunView
from tui.screens.backdrop import Backdrop
from tui.screens.panel import KeyLine, Title
from tui.widgets.heatmap import Heatmap
from tui.widgets.pictures import Pictures
from tui.widgets.text_table import TextTable, TextTableView

IMAGES, MISTAKES, MISTAKE_TABLE, CONFUSION, CLASSES = (
    "images",
    "mistakes",
    "mistake-table",
    "confusion",
    "classes",
)
_RESTING = 8
"""Drawings between two questions: two seconds, of which one answer takes a few hundredths."""


@dataclass(slots=True)
class Asking:
    """When to ask a run for its predictions: at once, and again when they have become old.

    Every answer costs a pass over the test set and stands in the record, so it is asked rarely.
    """

    _run: str = ""
    _asked: int = -1
    _drawings: int = 0

    def due(self, hub: Hub) -> bool:
        """Whether to ask now; called at every drawing."""
        view = hub.view
        if view.run_id != self._run:
            self._run, self._asked = view.run_id, -1
        self._drawings += 1
        known = view.predictions.step if view.predictions else -1
        if not hub.running or hub.awaiting or known >= view.step:
            return False
        waiting = known < self._asked
        rested = self._drawings >= _RESTING or hub.paused or self._asked < 0
        if waiting or not rested:
            return False
        self._asked, self._drawings = view.step, 0
        return True


class PredictionsScreen(Backdrop):
    """The predictions of the run on screen, in as many pages as the room asks for."""

    CSS_PATH = "predictions.tcss"

    def __init__(self, hub: Hub, terminal: Capabilities) -> None:
        super().__init__()
        self._hub = hub
        self._terminal = terminal
        self._arrow = "→" if terminal.unicode else ">"
        self._asking = Asking()
        self._page = 0
        self._pages: list[list[str]] = [[IMAGES]]

    def compose(self) -> ComposeResult:
        """A title, the panels, the keys."""
        yield Title(id="title")
        with Container(id="panels"):
            yield Pictures(capabilities=self._terminal, id=IMAGES)
            yield Heatmap(capabilities=self._terminal, id=CONFUSION)
            yield Pictures(capabilities=self._terminal, id=MISTAKES)
            yield TextTableView(id=MISTAKE_TABLE)
            yield TextTableView(id=CLASSES)
        yield KeyLine(promoted(predictions="close", next_layer="page"), id="keys")

    def on_mount(self) -> None:
        """Ask for what is so now, and show what is known."""
        self.draw()

    def on_resize(self, event: events.Resize) -> None:
        """Fold to the room there is."""
        self.draw()

    def move(self, by: int) -> None:
        """Turn the page, round and round; a single one moves its pictures and rows.

        A table that the page has no room for is gone through first.
        """
        tables = list(self.query(TextTableView))
        if len(self._pages) == 1:
            for shown in (*self.query(Pictures), *tables):
                shown.scroll_rows(by)
        elif any(table.scroll_page(by) for table in tables if table.display):
            return
        elif by > 0:
            for table in tables:  # from its top again when its page comes round
                table.scroll_to_top()
        self._page = (self._page + by) % len(self._pages)
        self.draw()

    def draw(self) -> None:
        """Draw what is known now, and ask for more when that is old."""
        view = self._hub.view
        if self._asking.due(self._hub):
            self._hub.send(Measure(what="predictions"))
        self._arrange()
        self.query_one(KeyLine).tell(self._hub.situation)
        self.query_one(Title).tell(self._heading())
        images = told.shown_pictures(view, self._arrow)
        self.query_one(f"#{IMAGES}", Pictures).show_pictures("test images", images)
        worst = told.mistake_pictures(view, self._arrow)
        explained = f"{_WORST}: true {self._arrow} predicted, p, loss"
        title = _WORST if self._brief else explained
        self.query_one(f"#{MISTAKES}", Pictures).show_pictures(title, worst)
        rows = tuple(told.mistake_rows(view))
        columns = told.MISTAKE_COLUMNS if rows else ()
        table = TextTable(_WORST if rows else "no mistakes", columns, rows, _NUMBERS)
        self.query_one(f"#{MISTAKE_TABLE}", TextTableView).show_table(table)
        self.query_one(Heatmap).show_heat(told.confusion_heat(view))
        self.query_one(f"#{CLASSES}", TextTableView).show_table(_class_table(view))

    def _heading(self) -> list[tuple[str, str]]:
        view = self._hub.view
        runs = [(f" {self._state()}", "strong")]
        if len(self._pages) > 1:
            at, of, key = self._page + 1, len(self._pages), key_of("next_layer")
            page = f"  {at}/{of} {key}" if self._brief else f"   page {at} of {of}, {key} turns"
            runs.append((page, "muted"))
        if view.predictions and view.predictions.step < view.step and view.finished:
            runs.append((f"   the run ended at step {view.step:,}", "warning"))
        return runs

    def _state(self) -> str:
        if self._hub.view.predictions:
            return told.standing(self._hub.view.predictions, brief=self._brief)
        return "asking the network…" if self._hub.running else "this run has told no predictions"

    @property
    def _brief(self) -> bool:
        return self.size.width < _WORDY

    def _arrange(self) -> None:
        """Give the panels of the page their places."""
        view = self._hub.view
        width, height = self.size.width, self.size.height - 2
        shape = _shape(width, height)
        self._pages = _pages(shape, _panels(view))
        self._page = min(self._page, len(self._pages) - 1)
        shown = self._pages[self._page]
        for widget in self.query_one("#panels").children:
            widget.display = widget.id in shown
        self.set_class(shape == "whole" and IMAGES in shown, "pictured")
        self.set_class(shape == "whole", "whole")
        self.set_class(shape == "pairs" and CONFUSION in shown and len(shown) > 1, "beside")


_WORST = "worst mistakes"
_WORDY = 70
"""Columns below which there are no words to explain."""
_NUMBERS = (True, False, False, True, True)


def _shape(width: int, height: int) -> str:
    if width >= 100 and height >= 30:
        return "whole"
    if (height >= 18 and width >= 70) or height >= 32:
        return "pairs" if width >= 70 else "stacked"
    return "single"


def _panels(view: RunView) -> list[list[str]]:
    """What there is to show, in pairs that belong together."""
    predictions = view.predictions
    pictured = predictions is None or any(p.picture is not None for p in predictions.shown)
    mistaken = predictions is None or bool(predictions.mistakes)
    worst = MISTAKES if pictured and mistaken else MISTAKE_TABLE
    examples = [IMAGES, worst] if pictured else [worst]
    counted = predictions is None or bool(predictions.confusion)
    return [examples, [CONFUSION, CLASSES] if counted else [CLASSES]]


def _pages(shape: str, panels: list[list[str]]) -> list[list[str]]:
    if shape == "whole":
        return [[panel for pair in panels for panel in pair]]
    return panels if shape != "single" else [[panel] for pair in panels for panel in pair]


def _class_table(view: RunView) -> TextTable:
    """The classes' figures; of very many classes the most frequent mistakes."""
    rows = told.class_rows(view)
    if rows:
        numbers = (False, True, True, False)
        return TextTable("classes", told.CLASS_COLUMNS, tuple(rows), numbers)
    columns = ("true", "predicted", "examples")
    confused = tuple(told.confused_rows(view))
    return TextTable("most often confused", columns, confused, (False, False, True))
