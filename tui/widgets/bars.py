"""Bars in groups."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Unpack

from textual.geometry import Size
from textual.strip import Strip

from tui.capabilities import Capabilities
from tui.charts.bar_canvas import draw_bars
from tui.charts.bars import BarChart
from tui.charts.pieces import Shading
from tui.widgets.pieces import PieceView
from tui.widgets.strips import ViewOptions


class BarPlot(PieceView):
    """Draws a `BarChart`; where the terminal has no colours its groups differ in their signs."""

    DEFAULT_CSS = "BarPlot { width: 1fr; height: 1fr; }"

    def __init__(self, chart: BarChart | None = None, **options: Unpack[ViewOptions]) -> None:
        super().__init__(**options)
        self._chart = chart or BarChart()
        self._shading = bar_shading(self._capabilities)

    @property
    def chart(self) -> BarChart:
        """What is shown."""
        return self._chart

    def show_bars(self, chart: BarChart) -> None:
        """Show this chart; one equal to the last costs nothing."""
        if chart != self._chart:
            self._chart = chart
            self.redraw()

    def prepare(self, size: Size) -> Sequence[Strip]:
        """The chart's rows."""
        rows = draw_bars(self._chart, size.width, size.height, self._shading)
        return [self.pieces(row) for row in rows]


def bar_shading(capabilities: Capabilities) -> Shading:
    """How groups are told apart: even 16 colours do it."""
    if not capabilities.unicode:
        return "ascii"
    return "blocks" if capabilities.colors == "none" else "color"
