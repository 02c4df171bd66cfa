"""An experiment's plots, figures, tables and claims, sharing the room there is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from textual import events
from textual.app import ComposeResult
from textual.containers import Container, Vertical
from textual.widget import Widget

from engine.experiments.contract import Experiment
from tui.capabilities import Capabilities
from tui.lab import curves, figures
from tui.lab.arrangement import Arrangement, arrange
from tui.lab.kinds import KINDS
from tui.run_view import RunView
from tui.widgets.claim_table import ClaimTable
from tui.widgets.lab_plot import LabPlot
from tui.widgets.strips import StripView
from tui.widgets.text_table import TextTable, TextTableView

Named = tuple[int, str]
"""A figure: the place of its kind, and its title."""


class LabPanels(Vertical):
    """Figures above, tables and claims below; what does not fit is a page away.

    Figures beside the charts and tables come with their first events and keep their place in the
    next run; once that has told everything, those it has not told anything for are gone.
    """

    def __init__(self, experiment: Experiment, terminal: Capabilities) -> None:
        super().__init__()
        self._experiment = experiment
        self._terminal = terminal
        self._view = RunView()
        self._figures: dict[Named, StripView] = {}
        self._tables: dict[str, TextTableView] = {}
        self._plan = Arrangement()
        self._at = 0
        self._turned = not experiment.leads

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
        values = [kind.values(view) for kind in KINDS]
        tables = figures.tables(view)
        if view.finished and view.finished.outcome == "completed":
            self._clear_away(values, tables)
        self._make_room(values, tables)
        self.query_one(ClaimTable).show_rows(figures.claim_rows(view))
        for name, table in self._tables.items():
            table.show_table(tables.get(name, TextTable(name, table.table.columns)))
        self._fill(values, broad=True)  # first, for their heights depend on what they show
        self._arrange()
        charts = curves.charts(self._experiment, view)
        for plot, chart in zip(self.query(LabPlot), charts, strict=True):
            if plot.display:
                plot.show_chart(chart)
        self._fill(values, broad=False)

    def turn_page(self, by: int) -> None:
        """Begin with another panel, where they do not all fit."""
        self._at += by
        self._turned = True
        self.show(self._view)

    def scroll_rows(self, by: int) -> None:
        """Move in whatever has rows out of sight."""
        for widget in (*self._figures.values(), *self._tables.values(), self.query_one(ClaimTable)):
            scroll = getattr(widget, "scroll_rows", None)
            if scroll is not None and widget.display:
                scroll(by)

    def _fill(self, values: Sequence[Mapping[str, object]], *, broad: bool) -> None:
        for (place, name), figure in self._figures.items():
            kind = KINDS[place]
            if bool(kind.lines) == broad and (broad or figure.display):
                there = values[place].get(name)
                kind.show(figure, kind.empty(name) if there is None else there)

    def _make_room(
        self, values: Sequence[Mapping[str, object]], tables: Mapping[str, TextTable]
    ) -> None:
        for place, kind in enumerate(KINDS):
            for name in [name for name in values[place] if (place, name) not in self._figures]:
                made = self._figures[place, name] = kind.made(self._terminal)
                # Those with rows of their own stand below the others.
                broad = [self._figures[key] for key in self._broad] if not kind.lines else []
                self.query_one("#figures").mount(made, before=broad[0] if broad else None)
        for name in [name for name in tables if name not in self._tables]:
            self._tables[name] = TextTableView()
            self.query_one("#texts").mount(self._tables[name], before=self.query_one(ClaimTable))

    def _clear_away(
        self, values: Sequence[Mapping[str, object]], tables: Mapping[str, TextTable]
    ) -> None:
        """Those of earlier settings, which are part of some names."""
        figures = [key for key in self._figures if key[1] not in values[key[0]]]
        texts = [name for name in self._tables if name not in tables]
        for gone in (
            *(self._figures.pop(key) for key in figures),
            *(self._tables.pop(name) for name in texts),
        ):
            gone.remove()
            self._plan = Arrangement()  # the same places are other panels' now

    @property
    def _broad(self) -> list[Named]:
        return [key for key in self._figures if KINDS[key[0]].lines]

    def _arrange(self) -> None:
        """Give the panels their places, when something about them has changed."""
        claims = self.query_one(ClaimTable)
        beside = [w for key, w in self._figures.items() if not KINDS[key[0]].lines]
        wanted = [self._lines(key) for key in self._broad]
        shown: list[Widget] = [*self.query(LabPlot), *beside]
        natural = [0] * len(shown) + wanted
        shown += [self._figures[key] for key in self._broad]
        texts: list[Widget] = [*self._tables.values(), claims]
        width = self.size.width
        heights = [*(t.table.lines(width) for t in self._tables.values()), claims.rows_wanted]
        self._lead(natural, heights)
        plan = arrange(width, self.size.height, natural, heights, self._at)
        if plan == self._plan:
            return
        self._plan = plan
        _show_only(shown, plan.figures)
        _show_only(texts, plan.texts)
        self._place_figures(plan, shown)
        self._place_texts(plan, texts)

    def _lead(self, natural: Sequence[int], heights: Sequence[int]) -> None:
        """Show the page of the figure that leads, until somebody turns the pages."""
        beside = [key for key in self._figures if not KINDS[key[0]].lines]
        names = ["" for _ in self._experiment.charts] + [n for _, n in (*beside, *self._broad)]
        leading = [i for i, n in enumerate(names) if n and n.startswith(self._experiment.leads)]
        if self._turned or not leading:
            return
        for page in range(len(names)):
            plan = arrange(self.size.width, self.size.height, natural, heights, page)
            if leading[0] in plan.figures:
                self._at = page
                return

    def _lines(self, key: Named) -> int:
        lines = KINDS[key[0]].lines
        return lines(self._figures[key], self.size.width) if lines else 0

    def _place_figures(self, plan: Arrangement, widgets: Sequence[Widget]) -> None:
        top = self.query_one("#figures")
        top.display = bool(plan.figures)
        top.styles.grid_size_columns = columns = plan.figure_columns
        beside = len(plan.figures) - len(plan.broad_rows)
        for place, index in enumerate(plan.figures, start=1):
            last = -beside % columns if place == beside else 0
            widgets[index].styles.column_span = 1 + last if place <= beside else columns
        rows = ["1fr"] * -(-beside // columns) + [str(n) if n else "1fr" for n in plan.broad_rows]
        top.styles.grid_rows = " ".join(rows) or "1fr"

    def _place_texts(self, plan: Arrangement, widgets: Sequence[Widget]) -> None:
        bottom = self.query_one("#texts")
        bottom.display = any(plan.text_rows)
        bottom.styles.grid_size_columns = columns = plan.text_columns
        bottom.styles.grid_columns = self._text_widths(plan)
        bottom.styles.grid_rows = " ".join(str(height) for height in plan.text_rows) or "1fr"
        bottom.styles.height = sum(plan.text_rows)
        widgets[-1].styles.column_span = columns
        for place, index in enumerate(plan.texts[:-1], start=1):
            last = place == len(plan.texts) - 1
            widgets[index].styles.column_span = 1 + (-place % columns if last else 0)

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
