"""An experiment's plots, grids, tables and claims, sharing the room there is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from textual import events
from textual.app import ComposeResult
from textual.containers import Container, Vertical
from textual.widget import Widget

from engine.experiments.contract import Experiment
from tui.capabilities import Capabilities
from tui.charts.heat import Heat
from tui.lab import figures
from tui.lab.arrangement import Arrangement, arrange
from tui.run_view import RunView
from tui.widgets.claim_table import ClaimTable
from tui.widgets.heatmap import Heatmap
from tui.widgets.lab_plot import LabPlot
from tui.widgets.text_table import TextTable, TextTableView


class LabPanels(Vertical):
    """Figures above, tables and claims below; what does not fit is a page away.

    Grids and tables come with their first events and keep their place in the next run.
    """

    def __init__(self, experiment: Experiment, terminal: Capabilities) -> None:
        super().__init__()
        self._experiment = experiment
        self._terminal = terminal
        self._view = RunView()
        self._heats: dict[str, Heatmap] = {}
        self._tables: dict[str, TextTableView] = {}
        self._plan = Arrangement()
        self._at = 0

    @property
    def hidden(self) -> int:
        """How many panels are out of sight."""
        return self._plan.hidden

    def compose(self) -> ComposeResult:
        """A plot for each of the record's charts, and the claims."""
        with Container(id="figures"):
            for _ in self._experiment.charts:
                yield LabPlot(capabilities=self._terminal)
        with Container(id="texts"):
            yield ClaimTable(capabilities=self._terminal)

    def on_resize(self, event: events.Resize) -> None:
        """Share the new room."""
        self.show(self._view)

    def show(self, view: RunView) -> None:
        """Show what is known of a run."""
        self._view = view
        heats, tables = figures.heats(view), figures.tables(view)
        self._make_room(heats, tables)
        self.query_one(ClaimTable).show_rows(figures.claim_rows(view))
        for name, shown in self._tables.items():
            shown.show_table(tables.get(name, TextTable(name, shown.table.columns)))
        self._arrange()
        charts = figures.charts(self._experiment, view)
        for plot, chart in zip(self.query(LabPlot), charts, strict=True):
            if plot.display:
                plot.show_chart(chart)
        for name, heatmap in self._heats.items():
            if heatmap.display:
                heatmap.show_heat(heats.get(name, Heat(name)))

    def turn_page(self, by: int) -> None:
        """Begin with another panel, where they do not all fit."""
        self._at += by
        self.show(self._view)

    def scroll_rows(self, by: int) -> None:
        """Move in the tables and the claims."""
        for table in self._tables.values():
            table.scroll_rows(by)
        self.query_one(ClaimTable).scroll_rows(by)

    def _make_room(self, heats: Mapping[str, Heat], tables: Mapping[str, TextTable]) -> None:
        for name in [name for name in heats if name not in self._heats]:
            self._heats[name] = Heatmap(capabilities=self._terminal)
            self.query_one("#figures").mount(self._heats[name])
        for name in [name for name in tables if name not in self._tables]:
            self._tables[name] = TextTableView()
            self.query_one("#texts").mount(self._tables[name], before=self.query_one(ClaimTable))

    def _arrange(self) -> None:
        """Give the panels their places, when something about them has changed."""
        claims = self.query_one(ClaimTable)
        shown: list[Widget] = [*self.query(LabPlot), *self._heats.values()]
        texts: list[Widget] = [*self._tables.values(), claims]
        heights = [*(t.table.height for t in self._tables.values()), claims.rows_wanted]
        plan = arrange(self.size.width, self.size.height, len(shown), heights, self._at)
        if plan == self._plan:
            return
        self._plan = plan
        _show_only(shown, plan.figures)
        _show_only(texts, plan.texts)
        top, bottom = self.query_one("#figures"), self.query_one("#texts")
        top.display, bottom.display = bool(plan.figures), any(plan.text_rows)
        top.styles.grid_size_columns = plan.figure_columns
        bottom.styles.grid_size_columns = plan.text_columns
        bottom.styles.grid_columns = self._text_widths(plan)
        bottom.styles.grid_rows = " ".join(str(height) for height in plan.text_rows) or "1fr"
        bottom.styles.height = sum(plan.text_rows)
        claims.styles.column_span = plan.text_columns
        for place, index in enumerate(plan.texts[:-1], start=1):
            last = place == len(plan.texts) - 1
            texts[index].styles.column_span = 1 + (-place % plan.text_columns if last else 0)

    def _text_widths(self, plan: Arrangement) -> str:
        """Two tables side by side share the width so that neither loses a column, if they can."""
        if plan.text_columns != 2:
            return "1fr"
        tables = [list(self._tables.values())[index] for index in plan.texts[:-1]]
        left, right = (max(t.table.width for t in tables[side::2]) for side in (0, 1))
        spare = self.size.width - left - right
        return f"{left + spare // 2} 1fr" if spare >= 0 else "1fr"


def _show_only(widgets: Sequence[Widget], chosen: Sequence[int]) -> None:
    for index, widget in enumerate(widgets):
        widget.display = index in chosen
