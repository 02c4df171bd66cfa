"""A live chart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Unpack

from rich.cells import cell_len
from textual.geometry import Size
from textual.strip import Strip

from tui.capabilities import Capabilities
from tui.charts.canvas import LOWEST, NARROWEST, POINT_SIGNS, Marker, Run, draw
from tui.charts.chart import Chart, Curve
from tui.widgets.strips import StripView, ViewOptions

_SAMPLES = {"dots": "⠢⠔", "line": "──", "ghost": "┈┈", "marks": "●─"}
_PLAIN_SAMPLES = {"dots": "..", "line": "**", "ghost": "''", "marks": "o*"}


class Plot(StripView):
    """Draws a `Chart`: a line with its title and the curves' names, and the axes below.

    Blank below 12×4 cells. Drawing imports plotext, so that the first frame need not.
    """

    DEFAULT_CSS = "Plot { width: 1fr; height: 1fr; }"

    def __init__(self, chart: Chart | None = None, **options: Unpack[ViewOptions]) -> None:
        super().__init__(**options)
        self._chart = chart or Chart()

    @property
    def chart(self) -> Chart:
        """What is shown."""
        return self._chart

    def show_chart(self, chart: Chart) -> None:
        """Show this chart; one equal to the last costs nothing."""
        if chart != self._chart:
            self._chart = chart
            self.redraw()

    def prepare(self, size: Size) -> Sequence[Strip]:
        """The legend and the chart's rows."""
        if size.width < NARROWEST or size.height < LOWEST + 1:
            return []
        marker = plot_marker(self._capabilities)
        rows, note = draw(self._chart, size.width, size.height - 1, marker)
        head = legend(self._chart, note, size.width, plain=marker == "ascii")
        return [self.strip(*row) for row in (head, *rows)]


def plot_marker(capabilities: Capabilities) -> Marker:
    """The finest marker that the terminal can show."""
    if capabilities.braille:
        return "braille"
    return "dot" if capabilities.unicode else "ascii"


def sample(curve: Curve, *, plain: bool) -> str:
    """Two cells that look as the curve does."""
    if curve.style == "points":
        signs = POINT_SIGNS["ascii" if plain else "dot"]
        return f"{signs[curve.sign % len(signs)]} "
    return (_PLAIN_SAMPLES if plain else _SAMPLES)[curve.style]


def legend(chart: Chart, note: str, width: int, *, plain: bool = False) -> list[Run]:
    """Title, curves' names with a sample of each, and the note at the right, as far as they fit.

    Ghosts are the first to be left out.
    """
    runs: list[Run] = [(f" {chart.title} ", "strong")] if chart.title else []
    left = width - sum(cell_len(text) for text, _ in runs)
    for curve in sorted(chart.curves, key=lambda c: c.style == "ghost"):
        if not curve.name:
            continue
        head, name = f"  {sample(curve, plain=plain)}", f" {curve.name}"
        value = f" {curve.value}" if curve.value else ""
        # Of the run itself the figure says more than the name, of a ghost the name.
        shorter = (name, "") if curve.style == "ghost" or not value else ("", value)
        for parts in ((name, value), shorter):
            wanted = cell_len(head) + sum(cell_len(part) for part in parts)
            if wanted <= left:
                runs.append((head, curve.role))
                runs.extend(zip(parts, (curve.role, "text"), strict=True))
                left -= wanted
                break
    if note and cell_len(note) + 2 <= left:
        runs.append((" " * (left - cell_len(note)) + note, "warning"))
    return runs
