"""The main screen: the run as it goes, with the last ones behind it."""

from __future__ import annotations

from collections.abc import Callable

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal

from engine.events import Level
from engine.text import clean
from tui.capabilities import Capabilities
from tui.figures import Look, accuracy_chart, ghost_line, layer_rows, loss_chart, matrix_rows
from tui.hub import Hub
from tui.last_said import LastSaid
from tui.screens.backdrop import Backdrop
from tui.screens.panel import KeyLine, Panel, Title
from tui.status import fetch_offer, header, notice
from tui.widgets.header import RunHeader
from tui.widgets.layer_table import LayerTable
from tui.widgets.log_line import LogLine
from tui.widgets.matrix_table import MatrixTable
from tui.widgets.plot import Plot
from tui.widgets.scrub_bar import ScrubBar


class Layers(LayerTable, inherit_bindings=False):
    """The layers' table, steered by the app's own keys."""

    DEFAULT_CSS = "Layers { width: 1fr; height: auto; }"


class Dashboard(Backdrop):
    """Header, two plots, the layers, the matrices, one line of log, the keys.

    `draw` shows all that is known; `echo` shows at once what a key asked for, without the figures.
    """

    def __init__(self, hub: Hub, terminal: Capabilities, log_place: Callable[[str], str]) -> None:
        super().__init__()
        self._hub = hub
        self.terminal = terminal
        self._log_place = log_place
        self._look = Look()
        self._said = LastSaid()
        self._composed = False

    def compose(self) -> ComposeResult:
        """The widgets, from top to bottom."""
        yield RunHeader(capabilities=self.terminal, id="header")
        yield ScrubBar(capabilities=self.terminal, id="scrub")
        yield Title(id="offer")
        yield Title(id="remark")
        yield Panel(id="panel")
        with Horizontal(id="plots"):
            yield Plot(capabilities=self.terminal, id="loss")
            yield Plot(capabilities=self.terminal, id="accuracy")
        yield Layers(capabilities=self.terminal, id="layers")
        yield MatrixTable(capabilities=self.terminal, id="matrices")
        yield LogLine(capabilities=self.terminal, id="log")
        yield KeyLine(id="keys")

    def on_mount(self) -> None:
        """The layers have the cursor; before the first event there is little to see."""
        self._composed = True
        self.query_one(LayerTable).focus()
        self.draw()

    def on_resize(self, event: events.Resize) -> None:
        """Fold to the room there is."""
        width, height = event.size
        self.set_class(width < 60, "narrow")
        self.set_class(height < 30, "low")
        self.set_class(height < 18, "tiny")

    @property
    def hub(self) -> Hub:
        """Whose run is shown."""
        return self._hub

    @property
    def chosen_layer(self) -> int:
        """The index of the layer under the cursor."""
        return self.query_one(LayerTable).cursor_row

    def say(self, text: str, level: Level = "info") -> None:
        """Answer a key on the log's line; the run's next own line takes its place."""
        self._said.answer((text, level), self._hub.view)

    def echo(self) -> None:
        """Show what is cheap and answers a key."""
        if not self._composed:
            return  # one that was just opened draws itself as soon as it can
        self.query_one(RunHeader).show_info(header(self._hub))
        self.query_one(ScrubBar).tell(self._hub.scrub)
        self._remark()
        told = notice(self._hub, self._log_place)
        self.query_one(Panel).tell(told, brief=self.has_class("tiny"))
        self.query_one(KeyLine).tell(self._hub.situation)
        self._show_log()

    def draw(self) -> None:
        """Show everything."""
        if not self._composed:
            return
        view = self._hub.view
        bare = view.started is None and not self._hub.ghosts
        self.set_class(bare, "empty")
        self.echo()
        if bare:
            return
        self._plot()
        self.query_one(LayerTable).show_rows(layer_rows(view))
        self._show_matrices()

    def do_log_axis(self) -> None:
        """Switch the loss axis between linear and logarithmic."""
        self._look = self._look.toggled()
        self.say(f"loss axis {'logarithmic' if self._look.log else 'linear'}")
        self.app.draw_soon()  # type: ignore[attr-defined]

    def do_smoothing(self) -> None:
        """Go through the degrees of smoothing."""
        self._look = self._look.smoother()
        degree = self._look.smoothing
        self.say(f"smoothing {degree:g}, raw behind" if degree else "smoothing off")
        self.app.draw_soon()  # type: ignore[attr-defined]

    @on(LayerTable.Chosen)
    def open_layer(self) -> None:
        """Enter on a layer: the app opens it."""
        self.app.action_perform("layer")  # type: ignore[attr-defined]

    def move(self, by: int) -> None:
        """Move the cursor among the layers."""
        table = self.query_one(LayerTable)
        table.move_cursor(table.cursor_row + by)
        self._show_matrices()

    def work(self) -> str:
        """What leaving would end, in a sentence."""
        status, view = self._hub.status, self._hub.view
        if status.fetching:
            return f"{clean(status.fetching, 40)} is being downloaded. Leaving ends that."
        if self._hub.running:
            at = f"step {view.step:,} of {view.total_steps:,}"
            named = clean(view.run_id.rpartition("-")[2], 12)
            return f"Run {named} is under way ({at}). Leaving stops it; its record stays."
        return "A run is starting. Leaving stops it."

    def _remark(self) -> None:
        offer = fetch_offer(self._hub)
        named = self._hub.ghosts.named(self._hub.view)
        sign = "┈" if self.terminal.unicode else "'"
        line = ghost_line(named, self._hub.status.change, sign)
        self.query_one("#offer", Title).tell([(f" {offer}", "warning")] if offer else [])
        self.query_one("#remark", Title).tell(line)

    def _show_matrices(self) -> None:
        table = self.query_one(MatrixTable)
        limit = table.styles.max_height
        room = int(limit.value) - 1 if limit else 8
        rows = matrix_rows(self._hub.view, room, self.chosen_layer)
        table.set_class(not rows, "blank")
        table.show_rows(rows)

    def _plot(self) -> None:
        view, ghosts = self._hub.view, self._hub.ghosts
        shown = ghosts.named(view), self._look, ghosts.reach
        self.query_one("#loss", Plot).show_chart(loss_chart(view, *shown))
        self.query_one("#accuracy", Plot).show_chart(accuracy_chart(view, *shown))

    def _show_log(self) -> None:
        self.query_one(LogLine).show_note(*self._said.note(self._hub.view))
