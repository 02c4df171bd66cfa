"""A widget whose rows are pieces with an ink and a ground."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Unpack

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from tui.capabilities import Capabilities
from tui.charts.heat import LEVELS
from tui.charts.pieces import REVERSED, Piece, Shading
from tui.theme import heat, heat_ink
from tui.widgets.strips import StripView, ViewOptions

_MOST_LOOKS = 4096


class PieceView(StripView):
    """A `StripView` that knows the colours of scales and of pictures beside those of roles."""

    def __init__(self, **options: Unpack[ViewOptions]) -> None:
        super().__init__(**options)
        self._looks: dict[tuple[str, str], Style | None] = {}

    def pieces(self, line: Iterable[Piece]) -> Strip:
        """A row of pieces."""
        return Strip([Segment(text, self._look(ink, ground)) for text, ink, ground in line if text])

    def _look(self, ink: str, ground: str) -> Style | None:
        if (ink, ground) not in self._looks:
            if len(self._looks) >= _MOST_LOOKS:  # a picture of many colours
                self._looks.clear()
            self._looks[ink, ground] = self._style(ink, ground)
        return self._looks[ink, ground]

    def _style(self, ink: str, ground: str) -> Style | None:
        if not ink and not ground:
            return None
        style = self._ink(ink) if ink else Style()
        if not ground:
            return style
        behind = self._ink(ground)
        return style + Style(bgcolor=behind.color)

    def _ink(self, name: str) -> Style:
        if name.startswith(REVERSED):
            return self.role(name[len(REVERSED) :]) + Style(reverse=True)
        if name.startswith("#"):
            return Style(color=name)
        kind, _, level = name.partition("-")
        if kind not in ("heat", "ink"):
            return self.role(name)
        share = int(level) / (LEVELS - 1)
        return Style(color=heat(share) if kind == "heat" else heat_ink(share))

    def _recolor(self) -> None:
        self._looks.clear()
        super()._recolor()


def shading_for(capabilities: Capabilities) -> Shading:
    """What the terminal can show of a scale: 16 colours have no order, so shades serve there."""
    if capabilities.unicode and capabilities.colors in ("truecolor", "256"):
        return "color"
    return "blocks" if capabilities.unicode else "ascii"
