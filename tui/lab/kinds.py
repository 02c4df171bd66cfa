"""Which widget shows what an experiment says beside its charts: a line for each kind of figure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from tui.capabilities import Capabilities
from tui.charts.bars import BarChart
from tui.charts.graph import Graph
from tui.charts.heat import Heat
from tui.lab import figures
from tui.lab.figures import PictureRow
from tui.run_view import RunView
from tui.widgets.bars import BarPlot
from tui.widgets.graph import GraphView
from tui.widgets.heatmap import Heatmap
from tui.widgets.pictures import Pictures
from tui.widgets.strips import StripView

V = TypeVar("V")
W = TypeVar("W", bound=StripView)


@dataclass(frozen=True, slots=True)
class Kind(Generic[V, W]):
    """A kind of figure.

    `values` are what a run has to show of it, by title; `show` puts one into its widget; `empty` is
    what a widget shows when the next run has none yet. One that is `lines` high by nature, as a
    row of pictures of a certain width is, gets a row of its own.
    """

    values: Callable[[RunView], Mapping[str, V]]
    widget: Callable[..., W]
    show: Callable[[W, V], None]
    empty: Callable[[str], V]
    lines: Callable[[W, int], int] | None = None

    def made(self, terminal: Capabilities) -> W:
        """A widget for another figure."""
        return self.widget(capabilities=terminal)


def _show_row(widget: Pictures, row: PictureRow) -> None:
    widget.show_pictures(row.title, row.pictures)


KINDS: tuple[Kind[Any, Any], ...] = (
    Kind(figures.heats, Heatmap, Heatmap.show_heat, Heat),
    Kind(figures.bar_charts, BarPlot, BarPlot.show_bars, BarChart),
    Kind(figures.graphs, GraphView, GraphView.show_graph, Graph, GraphView.lines_wanted),
    Kind(figures.pictures, Pictures, _show_row, PictureRow, Pictures.lines_wanted),
)
