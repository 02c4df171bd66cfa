"""A chart as rows of cells, drawn by plotext."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from tui.charts.chart import Chart, VerticalMark
from tui.charts.layout import Layout, Placed, lay_out

Marker = Literal["braille", "dot", "ascii"]
Run = tuple[str, str]

NARROWEST, LOWEST = 12, 3
_FIRST_COLOR = 16
_DEPTHS = {"dots": 0, "ghost": 1, "line": 2, "marks": 3}
_COLORED = re.compile(r"\x1b\[(?:38;5;(\d+)m|0?m)")
_ASCII = str.maketrans("│─┤┬└┼┊✗→∂σμ×−·…", "|-++++:x>dsux-..")
_SIGNS = {"braille": "braille", "dot": "•", "ascii": "*"}
_RAW_SIGNS = {"braille": "braille", "dot": "·", "ascii": "."}
_GHOST_SIGNS = {"braille": "braille", "dot": "·", "ascii": "'"}
POINT_SIGNS = {"braille": "●○◆◇", "dot": "●○◆◇", "ascii": "ox%@"}


@dataclass(slots=True)
class _Grid:
    """Cells with the role of each; the canvas proper starts at column `left`."""

    width: int
    height: int
    left: int
    signs: list[list[str]] = field(default_factory=list)
    roles: list[list[str]] = field(default_factory=list)

    def column(self, at: float) -> int:
        return self.left + round(at * (self.width - self.left - 1))

    def free(self, row: int, start: int, text: str) -> bool:
        if start < self.left or start + len(text) > self.width:
            return False
        return all(sign in " ┊" for sign in self.signs[row][start : start + len(text)])

    def write(self, row: int, start: int, text: str, role: str) -> None:
        for column, sign in enumerate(text, start):
            if self.left <= column < self.width:
                self.signs[row][column] = sign
                self.roles[row][column] = role

    def runs(self, row: int) -> list[Run]:
        """The row's pieces of one colour; blanks belong to the piece before them."""
        runs: list[Run] = []
        start, role = 0, ""
        signs, roles = self.signs[row], self.roles[row]
        for column, sign in enumerate(signs):
            if sign != " " and roles[column] != role:
                if role:
                    runs.append(("".join(signs[start:column]), role))
                    start = column
                role = roles[column]
        text = "".join(signs[start:]).rstrip()
        return [*runs, (text, role)] if text else runs


def draw(
    chart: Chart, width: int, height: int, marker: Marker = "braille"
) -> tuple[list[list[Run]], str]:
    """The chart in `height` rows of at most `width` cells, and a note on what is not as it seems.

    Each row is a list of (text, role). Nothing is drawn below 12×3 cells.
    """
    if width < NARROWEST or height < LOWEST:
        return [], ""
    fine = 2 if marker == "braille" else 1
    footed = height >= 6
    inner = height - 2 * footed
    layout = lay_out(
        chart,
        columns=(width - 7) * fine,
        cells=width - 7,
        x_ticks=max(1, (width - 7) // 11) if footed else 0,
        y_ticks=min(6, max(1, inner // 2)),
    )
    label = max((len(t.label) for t in layout.y.ticks), default=0)
    label = max(label, 5) if width - label >= NARROWEST else 0
    grid = _Grid(width, inner, label + 1)
    _plot(layout, (width, height), label, marker)
    _fill(grid, str(_plotext().build()), layout)
    for placed in reversed(layout.curves):
        if placed.curve.style == "points":
            _points(grid, placed, marker)
    _break(grid, layout)
    for mark in chart.marks:
        _mark(grid, mark, layout)
    if footed:
        _name(grid, chart.x_label)
    rows = [grid.runs(row) for row in range(height)]
    if marker == "ascii":
        rows = [[(text.translate(_ASCII), role) for text, role in row] for row in rows]
    return rows, layout.note


def _plotext() -> Any:
    import plotext

    return plotext


def _plot(layout: Layout, size: tuple[int, int], label: int, marker: Marker) -> None:
    """Tell plotext the axes and the curves, all in the unit square."""
    plotext = _plotext()
    plotext.clear_data()
    plotext.limit_size(False, False)
    plotext.plot_size(*size)
    plotext.theme("clear")
    plotext.xaxes(bool(layout.x.ticks), False)
    plotext.yaxes(True, False)
    plotext.xlim(0, 1)
    plotext.ylim(0, 1)
    y_ticks = layout.y.ticks if label else ()
    plotext.yticks([t.at for t in y_ticks], [t.label.rjust(label) for t in y_ticks])
    plotext.xticks([t.at for t in layout.x.ticks], [t.label for t in layout.x.ticks])
    plotext.scatter([0], [0], marker=" ")  # axes are drawn for a figure that has data
    drawn = [(i, placed) for i, placed in enumerate(layout.curves) if placed.curve.style in _DEPTHS]
    for index, placed in sorted(drawn, key=lambda entry: _DEPTHS[entry[1].curve.style]):
        _curve(placed, _FIRST_COLOR + index, marker)


def _curve(placed: Placed, color: int, marker: Marker) -> None:
    plotext = _plotext()
    points = placed.points
    if not any(point is not None for point in points):
        return
    xs = [None if p is None else p[0] for p in points]
    ys = [None if p is None else p[1] for p in points]
    style = placed.curve.style
    if style in ("dots", "ghost"):
        signs = _RAW_SIGNS if style == "dots" else _GHOST_SIGNS
        plotext.scatter(xs, ys, marker=signs[marker], color=color)
        return
    plotext.plot(xs, ys, marker=_SIGNS[marker], color=color)
    if style == "marks" or len(points) == 1:
        plotext.scatter(xs, ys, marker=POINT_SIGNS[marker][0], color=color)


def _fill(grid: _Grid, built: str, layout: Layout) -> None:
    roles = [placed.curve.role for placed in layout.curves]
    for line in built.split("\n")[:-1]:
        signs: list[str] = []
        colors: list[str] = []
        role, at = "muted", 0
        for match in _COLORED.finditer(line):
            piece = line[at : match.start()]
            signs.extend(piece)
            colors.extend([role] * len(piece))
            at = match.end()
            role = roles[int(match[1]) - _FIRST_COLOR] if match[1] else "muted"
        grid.signs.append(signs)
        grid.roles.append(colors)


def _points(grid: _Grid, placed: Placed, marker: Marker) -> None:
    """A sign in the cell of each point: in that in which a line through it lies."""
    signs = POINT_SIGNS[marker]
    sign = signs[placed.curve.sign % len(signs)]
    across, down = (2, 4) if marker == "braille" else (1, 1)
    columns, rows = grid.width - grid.left, grid.height
    for x, y in filter(None, placed.points):
        row = round(y * (down * rows - 1)) // down
        column = round(x * (across * columns - 1)) // across
        grid.write(rows - 1 - row, grid.left + column, sign, placed.curve.role)


def _mark(grid: _Grid, mark: VerticalMark, layout: Layout) -> None:
    if not layout.x.low <= mark.x <= layout.x.high:
        return
    column = grid.column(layout.x.place(mark.x))
    for row in range(grid.height):
        if grid.signs[row][column] == " ":
            grid.write(row, column, "┊", mark.role)
    text = f" {mark.label} "
    starts = [column + 1, column - len(text)]
    rows = range(min(4, grid.height))
    places = [(row, at) for at in starts for row in rows if grid.free(row, at, text)]
    if places:
        grid.write(*places[0], text, mark.role)


def _name(grid: _Grid, text: str) -> None:
    """The axis's name among its numbers, far right; where it does not fit, its first words."""
    for name in _shortened(text):
        for start in range(grid.width - len(name), grid.left, -1):
            apart = f" {name} "[: grid.width - start + 1]
            if grid.free(-1, start - 1, apart):
                grid.write(-1, start, name, "faint")
                return


def _shortened(text: str) -> Iterator[str]:
    """The text, and ever fewer of its first words."""
    yield text
    words = text.split()
    for count in range(len(words) - 1, 0, -1):
        if words[count - 1] not in ("of", "the", "a", "per"):
            yield f"{' '.join(words[:count])}…"


def _break(grid: _Grid, layout: Layout) -> None:
    """Mark every column with a non-finite point at the top edge, and name the first in words."""
    for at, _ in layout.broken:
        grid.write(0, grid.column(at), "✗", "alert")
    for at, text in layout.broken:
        column = grid.column(at)
        for words in (text, text.partition(" ")[0]):
            starts = (column + 2, column - len(words) - 1)
            fits = [s for s in starts if grid.left <= s and s + len(words) <= grid.width]
            if words and fits:
                grid.write(0, fits[0], words, "alert")
                break
