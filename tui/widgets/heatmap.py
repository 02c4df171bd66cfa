"""A matrix of values in colours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Unpack

from textual.geometry import Size
from textual.strip import Strip

from tui.charts.heat import Heat, draw_heat
from tui.widgets.pieces import PieceView, shading_for
from tui.widgets.strips import ViewOptions


class Heatmap(PieceView):
    """Draws a `Heat`: title and scale, the cells, labels on two sides.

    Colours where the terminal has at least 256 of them, otherwise shades of one.
    """

    DEFAULT_CSS = "Heatmap { width: 1fr; height: 1fr; }"

    def __init__(self, heat: Heat | None = None, **options: Unpack[ViewOptions]) -> None:
        super().__init__(**options)
        self._heat = heat or Heat()
        self._shading = shading_for(self._capabilities)

    @property
    def heat(self) -> Heat:
        """What is shown."""
        return self._heat

    def show_heat(self, heat: Heat) -> None:
        """Show this matrix; one equal to the last costs nothing."""
        if heat != self._heat:
            self._heat = heat
            self.redraw()

    def prepare(self, size: Size) -> Sequence[Strip]:
        """The heatmap's rows."""
        rows = draw_heat(self._heat, size.width, size.height, self._shading)
        return [self.pieces(row) for row in rows]
