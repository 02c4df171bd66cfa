"""A bar chart as rows of cells, in eighths of a cell.

plotext draws bars of whole cells, without error bars, and refuses numbers that are not finite.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from rich.cells import cell_len

from tui.charts.bars import BarChart, BarGroup, Slots, at_place, heights, slots
from tui.charts.feet import cut, cut_feet
from tui.charts.legend import packed
from tui.charts.numbers import fixed
from tui.charts.pieces import REVERSED, Piece, Shading, merged
from tui.charts.spark import BLOCKS

NARROWEST, LOWEST = 12, 4
_HIGH, _HIGHER = 9, 11
_FEW = 12
"""Bars of a chart up to which their numbers are written above them."""
_FILLS = {"color": "█", "blocks": "█▒░▓", "ascii": "#=:%"}
_MARKS = {"color": "◆●▲■", "blocks": "◆●▲■", "ascii": "ox^@"}
_LINES = {"color": "▁─▔", "blocks": "▁─▔", "ascii": "_-~"}
_ERRORS = {"color": "┬│┴┼", "blocks": "┬│┴┼", "ascii": "+|++"}
_BROKEN = {"color": "✗", "blocks": "✗", "ascii": "x"}
_AXIS = {"color": "│┤", "blocks": "│┤", "ascii": "|+"}
_ELLIPSIS = {"color": "…", "blocks": "…", "ascii": "."}


def draw_bars(
    chart: BarChart, width: int, height: int, shading: Shading = "color"
) -> list[list[Piece]]:
    """The chart in `height` lines of at most `width` cells: title, legend, bars, labels.

    Nothing is drawn below 12×4 cells.
    """
    if width < NARROWEST or height < LOWEST:
        return []
    if not chart.count or not chart.groups:
        return [[(f" {chart.title} ", "strong", ""), (" not measured yet", "muted", "")]]
    most = 2 if height >= _HIGHER else 1 if height >= _HIGH else 0
    names = _legend(chart, width, most, shading, dense=False)
    canvas = _Canvas(chart, width, height - 2 - len(names), shading)
    if canvas.slots.dense:  # other signs, as wide
        names = _legend(chart, width, most, shading, dense=True)
    head = _title(chart, width, canvas.note, _ELLIPSIS[shading])
    return [head, *names, *canvas.lines(), canvas.foot()]


class _Canvas:
    """The axis and the bars, sign by sign."""

    def __init__(self, chart: BarChart, width: int, rows: int, shading: Shading) -> None:
        self.chart, self.shading = chart, shading
        self.heights, axis = heights(chart, rows)
        span = axis.high - axis.low
        at = [(self.heights.line(axis.low + tick.at * span), tick.label) for tick in axis.ticks]
        self.ticks = dict(at)
        self.left = min(max(len(label) for _, label in at), width // 2)
        self.slots: Slots = slots(chart, width - self.left - 1)
        blank: Piece = (" ", "", "")
        self.cells = [[blank] * (self.slots.count * self.slots.slot) for _ in range(rows)]
        self.filled: dict[tuple[int, int], str] = {}
        if 0 < self.heights.zero < rows:
            line = (_LINES[shading][0], "faint", "")
            self.cells[rows - self.heights.zero - 1] = [line] * len(self.cells[0])
        self._draw()

    @property
    def note(self) -> str:
        """What is not as it seems."""
        broken = self.chart.broken
        if broken:
            return broken[0] + (f" and {len(broken) - 1} more" if len(broken) > 1 else "")
        return f"a bar: the largest of {self.slots.share}" if self.slots.share > 1 else ""

    def lines(self) -> Iterator[list[Piece]]:
        """The axis, and beside it the bars."""
        axis_signs = _AXIS[self.shading]
        for line, cells in enumerate(self.cells):
            label = self.ticks.get(line, "")[: self.left]
            axis = (label.rjust(self.left) + axis_signs[bool(label)], "muted", "")
            yield merged([axis, *cells])

    def foot(self) -> list[Piece]:
        """The labels below their places."""
        labels = [self.chart.name(place) for place in range(self.chart.count)]
        text = cut_feet(labels, len(self.cells[0]), _ELLIPSIS[self.shading])
        return [(" " * (self.left + 1) + text, "muted", "")]

    def _draw(self) -> None:
        """The bars, on them the predictions; marks where bars have no room lie uppermost."""
        measured = [group for group in self.chart.groups if not group.theory]
        bars = len(measured) if not self.slots.dense else 1
        for index, group in enumerate(measured[:bars]):
            for place, at in self._places(group):
                self._bar(group, index, place, at)
        for group in self.chart.groups:
            for place, at in self._places(group) if group.theory else ():
                self._theory(group, place, at)
        for index, group in enumerate(measured[bars:], start=bars):
            for place, at in self._places(group):
                self._mark(group, index, place, at)

    def _places(self, group: BarGroup) -> Iterator[tuple[int, int]]:
        """Each place with the index of what stands there."""
        for place in range(self.slots.count):
            at = at_place(group.values, place, self.slots.share)
            if at is not None:
                yield place, at

    def _bar(self, group: BarGroup, index: int, place: int, at: int) -> None:
        value, interval = group.values[at], group.interval(at)
        start = self.slots.start(place, index)
        bar = range(start, start + self.slots.bar)
        middle = (bar[0] + bar[-1]) // 2
        if not math.isnan(value):
            self._fill(value, bar, index, "faint" if self.slots.dense else group.role)
        if self._unbroken(value, middle):
            self._error(middle, interval, "text")
            self._number(value, interval, bar)

    def _mark(self, group: BarGroup, index: int, place: int, at: int) -> None:
        """A sign on the bar of another group, beside those of further groups."""
        value, signs = group.values[at], _MARKS[self.shading]
        column = self.slots.start(place, 0) + (index - 1) % self.slots.bar
        if self._unbroken(value, column):
            self._error(column, group.interval(at), group.role)
            self._put(self.heights.line(value), column, signs[index % len(signs)], group.role)

    def _theory(self, group: BarGroup, place: int, at: int) -> None:
        """A line across all bars of a place, in thirds of a cell."""
        value, start = group.values[at], self.slots.start(place, 0)
        if self._unbroken(value, start):
            line = self.heights.line(value)
            part = self.heights.cells(value) - (self.heights.rows - 1 - line)
            sign = _LINES[self.shading][min(2, max(0, int(part * 3)))]
            for column in range(start, start + self.slots.bars):
                self._put(line, column, sign, group.role)

    def _unbroken(self, value: float, column: int) -> bool:
        """Whether the value is a number to draw; one that is not finite gets a sign of its own."""
        if math.isfinite(value):
            return True
        line = self.heights.line(0.0 if math.isnan(value) else value)
        self._put(line, column, _BROKEN[self.shading], "alert")
        return False

    def _fill(self, value: float, bar: range, index: int, role: str) -> None:
        """A bar from zero up, or down, in eighths of a cell where colours are at hand."""
        length = self.heights.eighths(value)
        fills = _FILLS[self.shading]
        for step in range(-(-abs(length) // 8)):
            part = min(8, abs(length) - 8 * step)
            line = self.heights.rows - self.heights.zero + (step if length < 0 else -1 - step)
            piece: Piece = (BLOCKS[part], role, "")
            if length < 0 and part < 8:  # from the top: the rest in the colour of the paper
                piece = (BLOCKS[8 - part], REVERSED + role, "")
            if self.shading != "color":
                piece = (fills[index % len(fills)], role, "")
                if part < 4:  # less than half a cell: no more than a line where it begins
                    if step:
                        continue
                    piece = (_LINES[self.shading][0 if length > 0 else 2], role, "")
            for column in bar:
                self.cells[line][column] = piece
                if part >= 4 and self.shading == "color":
                    self.filled[line, column] = role

    def _error(self, column: int, interval: tuple[float, float] | None, role: str) -> None:
        if interval is None:
            return
        last, first = (self.heights.line(end) for end in interval)
        for line in range(first, last + 1):
            end = 3 if first == last else 0 if line == first else 2 if line == last else 1
            self._put(line, column, _ERRORS[self.shading][end], role)

    def _number(self, value: float, interval: tuple[float, float] | None, bar: range) -> None:
        """The number above its bar, below one that hangs, if there is room for it."""
        text = fixed(value, 0)
        if self.chart.count * self.slots.groups > _FEW or len(text) > len(bar):
            return
        ends = [self.heights.line(end) for end in (value, *(interval or ()))]
        line = max(ends) + 1 if value < 0 else min(ends) - 1
        if 0 <= line < self.heights.rows:
            start = bar[0] + (len(bar) - len(text)) // 2
            for column, sign in enumerate(text, start):
                self.cells[line][column] = (sign, "text", "")

    def _put(self, line: int, column: int, sign: str, role: str) -> None:
        """A sign over what is there; on a bar of its own colour in that of the paper."""
        bar = self.filled.get((line, column))
        if bar == "faint":
            self.cells[line][column] = (sign, role, bar)
        else:
            self.cells[line][column] = (sign, REVERSED + bar if bar else role, "")


def _title(chart: BarChart, width: int, note: str, ellipsis: str) -> list[Piece]:
    head = cut(f" {chart.title}", width, ellipsis)
    left = width - cell_len(head) - 2
    told = cut(note, left, ellipsis) if left >= _FEW else ""
    blank = " " * (left + 2 - cell_len(told))
    return [(head, "strong", ""), *([(blank + told, "warning", "")] if told else [])]


def _legend(
    chart: BarChart, width: int, most: int, shading: Shading, *, dense: bool
) -> list[list[Piece]]:
    """The groups' names with a sample of each, in at most `most` lines."""
    entries, index = [], 0
    for group in chart.groups:
        sign, role = _LINES[shading][1], group.role
        if not group.theory:
            marked = dense and index
            signs = _MARKS[shading] if marked else _FILLS[shading]
            sign, role = signs[index % len(signs)], "faint" if dense and not index else role
            index += 1
        if group.name:
            ink = "muted" if role == "faint" else role
            entries.append([(f" {sign} ", role), (f"{group.name} ", ink)])
    lines, _ = packed(entries, [width] * most)
    return [[(text, role, "") for text, role in line] for line in lines if line]
