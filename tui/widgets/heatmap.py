"""A matrix of values in colours."""

from __future__ import annotations

from collections.abc import Sequence

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Size
from textual.strip import Strip

from tui.capabilities import FULL, Capabilities
from tui.charts.heat import LEVELS, Heat, Shading, draw_heat
from tui.theme import heat, heat_ink
from tui.widgets.strips import StripView


class Heatmap(StripView):
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
        self._looks: dict[tuple[str, str], Style | None] = {}

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
        return [
            Strip([Segment(text, self._look(ink, ground)) for text, ink, ground in row if text])
            for row in rows
        ]

    def _look(self, ink: str, ground: str) -> Style | None:
        if not ink and not ground:
            return None
        if not ground and not ink.startswith(("heat-", "ink-")):
            return self.role(ink)
        if (ink, ground) not in self._looks:
            fore = _color(ink) if ink.startswith(("heat-", "ink-")) else None
            style = Style(color=fore, bgcolor=_color(ground) if ground else None)
            self._looks[ink, ground] = style if fore or not ink else style + self.role(ink)
        return self._looks[ink, ground]


def shading_for(capabilities: Capabilities) -> Shading:
    """What the terminal can show of a scale: 16 colours have no order, so shades serve there."""
    if capabilities.unicode and capabilities.colors in ("truecolor", "256"):
        return "color"
    return "blocks" if capabilities.unicode else "ascii"


def _color(name: str) -> str:
    kind, _, level = name.partition("-")
    share = int(level) / (LEVELS - 1)
    return heat(share) if kind == "heat" else heat_ink(share)
