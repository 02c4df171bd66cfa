"""The newest line of the run's log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Unpack

from rich.cells import cell_len
from textual.geometry import Size
from textual.strip import Strip

from tui.charts.feet import cut
from tui.widgets.strips import StripView, ViewOptions

Level = Literal["info", "warning", "error"]
_ROLES = {"info": "muted", "warning": "warning", "error": "alert"}
_SIGNS = {"info": "·", "warning": "!", "error": "✗"}
_PLAIN_SIGNS = {"info": "-", "warning": "!", "error": "x"}


class LogLine(StripView):
    """One line, coloured and signed by its level."""

    DEFAULT_CSS = "LogLine { width: 1fr; height: 1; }"

    def __init__(self, **options: Unpack[ViewOptions]) -> None:
        super().__init__(**options)
        self._signs = _PLAIN_SIGNS if self._plain else _SIGNS
        self._text = ""
        self._level: Level = "info"
        self._clock = ""

    def show_note(self, text: str, level: Level = "info", clock: str = "") -> None:
        """Show a note; `clock` is the time of day as it shall read, e.g. "14:03:22"."""
        self._text, self._level, self._clock = text, level, clock
        self.redraw()

    def prepare(self, size: Size) -> Sequence[Strip]:
        """The one row."""
        if not self._text:
            return []
        role = _ROLES[self._level]
        clock = f"{self._clock} " if self._clock and size.width >= 60 else ""
        head = (f" {clock}", "faint"), (f"{self._signs[self._level]} ", role)
        room = max(0, size.width - sum(cell_len(text) for text, _ in head))
        text = cut(self._text, room, "…" if self._signs is _SIGNS else ".")
        return [self.strip(*head, (text, "text" if self._level == "info" else role))]
