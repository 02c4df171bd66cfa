"""A plot whose legend takes lines of its own."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from textual.geometry import Size
from textual.strip import Strip

from tui.charts.canvas import LOWEST, NARROWEST, draw
from tui.charts.chart import Chart
from tui.charts.feet import cut
from tui.charts.legend import packed
from tui.widgets.plot import Plot, plot_marker, sample
from tui.widgets.strips import Run

_HIGH, _HIGHER, _TELLING = 9, 11, 8


class LabPlot(Plot):
    """Draws a `Chart`: its title, the names of the curves below it, the axes.

    An experiment has more curves than a training run, and side by side there is little width: the
    names get up to two lines, none in a low plot.
    """

    DEFAULT_CSS = "LabPlot { width: 1fr; height: 1fr; }"

    def prepare(self, size: Size) -> Sequence[Strip]:
        """Title, legend and the chart's rows."""
        if size.width < NARROWEST or size.height < LOWEST + 1:
            return []
        marker = plot_marker(self._capabilities)
        most = 2 if size.height >= _HIGHER else 1 if size.height >= _HIGH else 0
        names = legend_lines(self._chart, size.width, most, plain=marker == "ascii")
        room = size.height - 1 - len(names)
        rows, note = draw(self._chart, size.width, room, marker)
        return [self.strip(*row) for row in (self._title(size.width, note), *names, *rows)]

    def _title(self, width: int, note: str) -> list[Run]:
        title = f" {self._chart.title}"[:width]
        room = width - cell_len(title) - 1
        told = cut(note, room - 1) if room > _TELLING else ""
        return [(title, "strong"), (" " * (room - cell_len(told)) + told, "warning")]


def legend_lines(chart: Chart, width: int, most: int, *, plain: bool = False) -> list[list[Run]]:
    """The curves' names and values with a sample of each, in at most `most` lines."""
    entries = _entries(chart, plain=plain)
    lines, whole = packed(entries, width, most)
    return lines if whole else packed([entry[:1] for entry in entries], width, most)[0]


def _entries(chart: Chart, *, plain: bool) -> list[list[Run]]:
    """Each curve's name and value, measurements before predictions."""
    named = [curve for curve in chart.curves if curve.name]
    named.sort(key=lambda curve: curve.name.startswith("theory"))
    entries: list[list[Run]] = []
    for curve in named:
        runs = [(f" {sample(curve, plain=plain)} {curve.name}", curve.role)]
        entries.append([*runs, (f" {curve.value} ", "text")] if curve.value else runs)
    return entries
