"""A matrix of values as coloured or shaded cells."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from rich.cells import cell_len, set_cell_size

from tui.charts.feet import cut, feet
from tui.charts.heat_texts import apart, complete, differ, fitting, start
from tui.charts.numbers import fixed
from tui.charts.pieces import Piece, Shading, merged

LEVELS = 24
_SHADES = {"blocks": "·░▒▓█", "ascii": ".:-=+*#%@"}
_NO_VALUE = {"color": "╱", "blocks": "╱", "ascii": "/"}
_INFINITE = {"color": "✗", "blocks": "✗", "ascii": "x"}
_ELLIPSIS = {"color": "…", "blocks": "…", "ascii": "."}
_POINT = {"color": "●", "blocks": "●", "ascii": "o"}
_WIDEST, _LEGEND, _ROOMY = 14, 10, 7
_NARROWEST = 2
"""Cells for a label that is cut: a letter and a blank."""


@dataclass(frozen=True, slots=True)
class Heat:
    """`values[row][column]` with the labels of both, drawn with row 0 at the top.

    NaN is a cell that has no value yet. `cells` are short texts for the cells, and `points` are
    (column, row, text) in cells: whole numbers lie in the middle of a cell. Colours follow the
    `power` of a value's share of the span. With `cut`, the columns' labels are cut to their cells.
    With `whole`, neighbours are never averaged: rows and columns beyond the room are left out, and
    the title says so. `narrow` is shown instead where texts do not fit their cells.
    """

    title: str = ""
    rows: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    values: tuple[tuple[float, ...], ...] = ()
    cells: tuple[tuple[str, ...], ...] = ()
    points: tuple[tuple[float, float, str], ...] = ()
    power: float = 1.0
    cut: bool = False
    whole: bool = False
    narrow: Heat | None = None

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return len(self.values), max((len(row) for row in self.values), default=0)

    @property
    def limits(self) -> tuple[float, float]:
        """The smallest and the largest finite value; (nan, nan) when there is none."""
        finite = [v for row in self.values for v in row if math.isfinite(v)]
        return (min(finite), max(finite)) if finite else (math.nan, math.nan)


def draw_heat(heat: Heat, width: int, height: int, shading: Shading = "color") -> list[list[Piece]]:
    """The heatmap in at most `height` rows of at most `width` cells: legend, cells, labels.

    Where there are more rows than lines, colours go two to a line (half blocks); beyond that,
    and beyond a column per cell, neighbours are shown by the mean of their finite values, or the
    last are left out where the matrix is `whole`.
    """
    if width < 4 or height < 1:
        return []
    heat = _legible(heat, width)
    heads = _heads(heat, width, shading)[: 2 if height >= _ROOMY else 1]
    rows, columns = heat.shape
    if not rows or not columns:
        return [heads[0], [(" not measured yet", "muted", "")]][:height]
    label, left = _margin(heat, width)
    footed = height >= 4 and any(heat.columns)
    size = (width - left, height - len(heads) - footed)
    if min(size) < 1:
        return heads[:1]
    if heat.whole and (rows > _room(size[1], shading) or columns > size[0]):
        # Room is left for a title of two lines, so that what is left fits whatever it says.
        most = _room(height - footed - (2 if height >= _ROOMY else 1), shading)
        shown = _cropped(heat, most, size[0])
        said = _left_out(heat.shape, shown.shape)
        name = cut(heat.title, width - len(said) - 3, _ELLIPSIS[shading])
        title = ", ".join(filter(None, (name, said)))
        return draw_heat(replace(shown, title=title), width, height, shading)
    canvas = _Canvas(heat, *size, shading)
    body = [[*_label(canvas.label(y), label), *merged(line)] for y, line in enumerate(canvas.lines)]
    foot = [[(" " * left + canvas.foot(), "muted", "")]] if footed else []
    return [*heads, *body, *foot]


def _legible(heat: Heat, width: int) -> Heat:
    """The matrix with heads that differ, and with numbers only where none runs into another."""
    columns = heat.shape[1]
    wide = (width - _margin(heat, width)[1]) // max(1, columns)
    numbers = tuple(map(str, range(len(heat.columns))))
    if heat.cut and numbers != heat.columns and not differ(heat.columns, wide):
        rows = tuple(f"{number} {name}" for number, name in enumerate(heat.rows))
        other = heat.narrow and replace(heat.narrow, rows=rows, columns=numbers, cut=False)
        numbered = replace(heat, rows=rows, columns=numbers, cut=False, narrow=other)
        return _legible(numbered, width)
    for shown in (heat, heat.narrow):
        if shown and apart(shown.cells, wide) and (not heat.narrow or complete(shown.cells, wide)):
            return shown
    return replace(heat, cells=())


def _margin(heat: Heat, width: int) -> tuple[int, int]:
    """The columns of the rows' labels, and of these and the blank behind them."""
    label = min(max((cell_len(t) for t in heat.rows), default=0), width // 4, 12)
    return label, label + 1 if label else 0


def _room(lines: int, shading: Shading) -> int:
    """Rows for which there is room: in colours two go to a line."""
    return lines * (2 if shading == "color" else 1)


def _cropped(heat: Heat, rows: int, columns: int) -> Heat:
    """The first rows and columns, so many at most."""
    return replace(
        heat,
        values=tuple(row[:columns] for row in heat.values[:rows]),
        cells=tuple(row[:columns] for row in heat.cells[:rows]),
    )


def _left_out(whole: tuple[int, int], shown: tuple[int, int]) -> str:
    """What a title adds where not everything is shown."""
    names = zip(shown, whole, ("rows", "columns"), strict=True)
    return ", ".join(f"{some} of {of} {name}" for some, of, name in names if some < of)


def level_of(value: float, low: float, high: float, power: float = 1.0) -> int:
    """The value's place among `LEVELS` equal steps; the middle where all values are equal.

    The steps are equal in the `power` of the share of the span.
    """
    if not high > low:
        return LEVELS // 2
    span, over = high - low, value - low
    if math.isinf(span):
        span, over = high / 2 - low / 2, value / 2 - low / 2
    return min(LEVELS - 1, int(LEVELS * max(0.0, over / span) ** power))


class _Canvas:
    """The cells of the map proper, one sign each."""

    def __init__(self, heat: Heat, width: int, height: int, shading: Shading) -> None:
        self.heat, self.shading = heat, shading
        rows, columns = heat.shape
        self.columns = min(columns, width)
        self.wide = min(_WIDEST, width // self.columns)
        self.halved = rows > height and shading == "color"
        self.rows = min(rows, height * (2 if self.halved else 1))
        self.tall = 1 if self.halved else max(1, min(height // self.rows, (self.wide + 1) // 2))
        self.low, self.high = heat.limits
        self.values = _binned(heat.values, (rows, columns), (self.rows, self.columns))
        self.lines = self._halves() if self.halved else self._whole()
        if (self.rows, self.columns) == (rows, columns) and not self.halved:
            self._write_texts()
        self._write_points()

    def label(self, line: int) -> str:
        """What stands beside a line: the row in its middle."""
        if self.halved:
            row = line * 2
        else:
            row, inner = divmod(line, self.tall)
            if inner != (self.tall - 1) // 2:
                return ""
        index = row * self.heat.shape[0] // self.rows
        return self.heat.rows[index] if index < len(self.heat.rows) else ""

    def foot(self) -> str:
        """The columns' labels, as many as fit at one distance from each other."""
        labels = self.heat.columns[: self.heat.shape[1]]
        if self.heat.cut and self.wide >= _NARROWEST and self.columns == self.heat.shape[1]:
            labels = tuple(set_cell_size(t, min(cell_len(t), self.wide - 1)) for t in labels)
        return feet(labels, self.columns * self.wide, self.heat.shape[1])

    def _level(self, value: float) -> int:
        if math.isinf(value):
            return LEVELS - 1 if value > 0 else 0
        return level_of(value, self.low, self.high, self.heat.power)

    def _painted(self, value: float) -> Piece:
        """One sign of a cell with this value."""
        if math.isnan(value):
            return _NO_VALUE[self.shading], "faint", ""
        level = self._level(value)
        if math.isinf(value):
            ground = f"heat-{level}" if self.shading == "color" else ""
            return _INFINITE[self.shading], "alert", ground
        if self.shading == "color":
            return " ", "", f"heat-{level}"
        shades = _SHADES[self.shading]
        return shades[level * len(shades) // LEVELS], "text", ""

    def _whole(self) -> list[list[Piece]]:
        lines = []
        for row in self.values:
            line = [sign for value in row for sign in [self._painted(value)] * self.wide]
            lines += [list(line) for _ in range(self.tall)]
        return lines

    def _halves(self) -> list[list[Piece]]:
        empty = [math.nan] * self.columns
        pairs = zip(self.values[::2], [*self.values[1::2], empty], strict=False)
        return [
            [
                sign
                for top, bottom in zip(*pair, strict=True)
                for sign in [self._half(top, bottom)] * self.wide
            ]
            for pair in pairs
        ]

    def _half(self, top: float, bottom: float) -> Piece:
        if not (math.isfinite(top) or math.isfinite(bottom)):
            return self._painted(top if math.isinf(top) else bottom)
        if math.isinf(top) or math.isinf(bottom):
            return self._painted(top if math.isinf(top) else bottom)
        if math.isnan(top):
            return "▄", f"heat-{self._level(bottom)}", ""
        return (
            "▀",
            f"heat-{self._level(top)}",
            "" if math.isnan(bottom) else f"heat-{self._level(bottom)}",
        )

    def _write_texts(self) -> None:
        cells = [row[: self.columns] for row in self.heat.cells[: self.rows]]
        for row, texts in enumerate(fitting(cells, self.wide)):
            for column, text in enumerate(texts):
                if 0 < len(text) <= self.wide and cell_len(text) == len(text):
                    at = column * self.wide + start(text, self.wide)
                    self._write(row * self.tall + (self.tall - 1) // 2, at, text)

    def _write_points(self) -> None:
        rows, columns = self.heat.shape
        for column, row, text in self.heat.points:
            if not (-0.5 <= column <= columns - 0.5 and -0.5 <= row <= rows - 0.5):
                continue  # also where a coordinate is not a number
            x = int((column + 0.5) * self.columns / columns * self.wide)
            y = int((row + 0.5) * self.rows / rows * self.tall / (2 if self.halved else 1))
            x, y = min(x, len(self.lines[0]) - 1), min(y, len(self.lines) - 1)
            label = f" {text}" if text and cell_len(text) == len(text) else ""
            if x + len(label) >= len(self.lines[y]):
                label = ""
            self._write(y, x, _POINT[self.shading] + label)

    def _write(self, y: int, x: int, text: str) -> None:
        for at, sign in enumerate(text, x):
            ground = self.lines[y][at][2] or self.lines[y][at][1]
            if ground.startswith("heat-"):
                self.lines[y][at] = (sign, f"ink-{ground[5:]}", ground)
            else:
                self.lines[y][at] = (sign, "strong", "")


def _binned(
    values: Sequence[Sequence[float]], shape: tuple[int, int], into: tuple[int, int]
) -> list[list[float]]:
    """The matrix, short rows filled with NaN, in so many rows and columns."""
    full = [[*row, *[math.nan] * (shape[1] - len(row))] for row in values]
    if shape == into:
        return full
    rows = [range(i * shape[0] // into[0], (i + 1) * shape[0] // into[0]) for i in range(into[0])]
    spans = [(j * shape[1] // into[1], (j + 1) * shape[1] // into[1]) for j in range(into[1])]
    return [[_mean([v for i in block for v in full[i][a:b]]) for a, b in spans] for block in rows]


def _mean(values: Sequence[float]) -> float:
    """The mean of the finite values; an infinite one is never averaged away."""
    infinite = next((v for v in values if math.isinf(v)), None)
    if infinite is not None:
        return infinite
    finite = [v for v in values if not math.isnan(v)]
    return sum(v / len(finite) for v in finite) if finite else math.nan


def _heads(heat: Heat, width: int, shading: Shading) -> list[list[Piece]]:
    """The title and the scale: in one line if there is room for both, else below each other."""
    title = f" {heat.title} " if heat.title else ""
    title = cut(title.rstrip() if cell_len(title) > width else title, width, _ELLIPSIS[shading])
    low, high = heat.limits
    pieces: list[Piece] = [(title, "strong", "")]
    if math.isnan(low):
        return [pieces]
    ends = fixed(low, 0).strip(), fixed(high, 0).strip()
    hatch = any(math.isnan(v) for row in heat.values for v in row)
    note = f"  {_NO_VALUE[shading]} none yet" if hatch else ""
    signs = [_scale_sign(i * (LEVELS - 1) // (_LEGEND - 1), shading) for i in range(_LEGEND)]
    scale = [(f" {ends[0]} ", "muted", ""), *merged(signs)]
    need = sum(map(len, ends)) + _LEGEND + 4
    for before in (cell_len(title), 0):
        for tail in (note, ""):
            if before + need + len(tail) <= width:
                line = [*scale, (f" {ends[1]}{tail}", "muted", "")]
                return [[*pieces, *line]] if before else [pieces, line]
    return [pieces]


def _scale_sign(level: int, shading: Shading) -> Piece:
    if shading == "color":
        return " ", "", f"heat-{level}"
    shades = _SHADES[shading]
    return shades[level * len(shades) // LEVELS], "text", ""


def _label(text: str, width: int) -> list[Piece]:
    if not width:
        return []
    text = set_cell_size(text, min(width, cell_len(text)))
    return [(" " * (width - cell_len(text)) + text + " ", "muted", "")]
