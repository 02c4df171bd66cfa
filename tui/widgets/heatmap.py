"""A matrix of values in colours."""

from __future__ import annotations

from collections.abc import Sequence

from textual.geometry import Size
from textual.strip import Strip

from tui.capabilities import FULL, Capabilities
from tui.charts.heat import Heat, draw_heat
from tui.widgets.pieces import PieceView, shading_for


class Heatmap(PieceView):
    """Draws a `Heat`: title and scale, the cells, labels on two sides.

    Colours where the terminal has at least 256 of them, otherwise shades of one.
    """

    DEFAULT_CSS = "Heatmap { width: 1fr; height: 1fr; }"

    def __init__(
        self,
        heat: Heat | None = None,
        *,
        capabilities: Capabilities = FULL,
        id: str | None = None,  # noqa: A002
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self._heat = heat or Heat()
        self._shading = shading_for(capabilities)

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
