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

_HIGH, _LOW, _TELLING = 9, 8, 8
"""Heights from which there are two lines for names, and one; the least room for a note."""
_REST = 4
"""Cells that say how many names found no room."""


class LabPlot(Plot):
    """Draws a `Chart`: its title, the names of the curves beside and below it, the axes.

    An experiment has more curves than a training run, and side by side there is little width: the
    names get up to two lines besides what the title leaves. Those without room are counted.
    """

    DEFAULT_CSS = "LabPlot { width: 1fr; height: 1fr; }"

    def prepare(self, size: Size) -> Sequence[Strip]:
        """Title, legend and the chart's rows."""
        if size.width < NARROWEST or size.height < LOWEST + 1:
            return []
        marker = plot_marker(self._capabilities)
        plain, most = marker == "ascii", (size.height >= _HIGH) + (size.height >= _LOW)
        title = f" {self._chart.title} "[: size.width]
        room = size.width - cell_len(title) - 1
        names = legend_lines(self._chart, [room, *[size.width] * most], plain=plain)
        rows, note = draw(self._chart, size.width, size.height - len(names), marker)
        told = cut(note, room - 1) if room > _TELLING else ""
        if told:  # it stands beside the title, where names have to make room for it
            room -= cell_len(told) + 1
            before, rest = len(names), [max(0, room), *[size.width] * most]
            names = legend_lines(self._chart, rest, plain=plain)
            if len(names) != before:
                rows, _ = draw(self._chart, size.width, size.height - len(names), marker)
        blank = room - sum(cell_len(text) for text, _ in names[0])
        head = [(title, "strong"), *names[0], (" " * blank + f" {told}", "warning")]
        return [self.strip(*row) for row in (head, *names[1:], *rows)]


def legend_lines(chart: Chart, rooms: Sequence[int], *, plain: bool = False) -> list[list[Run]]:
    """The curves' names and values with a sample of each, a line for each of these widths.

    Values give way to names, and after the last name that fits stands how many do not. The first
    line is there in any case, others only with names in them.
    """
    entries = _entries(chart, plain=plain)
    names = [entry[:1] for entry in entries]
    for wanted in (entries, names):
        lines, count = packed(wanted, rooms)
        if count == len(entries):
            return [lines[0], *filter(None, lines[1:])]
    lines, count = packed(names, [*rooms[:-1], rooms[-1] - _REST])
    lines[-1].append((f" +{len(entries) - count}", "muted"))
    return [lines[0], *filter(None, lines[1:])]


def _entries(chart: Chart, *, plain: bool) -> list[list[Run]]:
    """Each curve's name and value, measurements before predictions."""
    named = [curve for curve in chart.curves if curve.name]
    named.sort(key=lambda curve: curve.name.startswith("theory"))
    entries: list[list[Run]] = []
    for curve in named:
        runs = [(f" {sample(curve, plain=plain)} {curve.name}", curve.role)]
        entries.append([*runs, (f" {curve.value} ", "text")] if curve.value else runs)
    return entries
