"""Rows of small pictures with captions: how large, how many, and what stands where."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from rich.cells import cell_len

from tui.charts.feet import cut
from tui.charts.halfblocks import Picture
from tui.charts.pieces import Piece

Drawing = Sequence[Sequence[Piece]]

LEGIBLE, SMALLEST, GAP = 14, 6, 1
"""Columns from which a picture can be read, below which nothing is told, and between two."""
ROLES = {"plain": "text", "good": "good", "bad": "alert"}
"""The role of a caption of each tone."""
_SIGNS = {"plain": ("", ""), "good": ("✓ ", "+ "), "bad": ("✗ ", "x ")}
_MOST_CAPTION = 3


@dataclass(frozen=True, slots=True)
class Tiling:
    """How pictures share a room: `across` in a row, `down` rows of them.

    Each has `columns` cells by `lines` for the picture and `captions` lines of text below it. The
    columns are those of a picture that is `widest` pixels wide.
    """

    widest: int
    columns: int
    lines: int
    captions: int
    across: int
    down: int

    @property
    def room(self) -> int:
        """How many pictures fit."""
        return self.across * self.down


def tiled(pictures: Sequence[Picture], width: int, height: int) -> Tiling | None:
    """The largest size at which all pictures fit; else as many as do at one that can be read.

    Where there is not even room for one of those, a smaller one. None where nothing fits.
    """
    if not pictures or width < 1:
        return None
    for columns, captions, wanted in _sizes(pictures, width):
        tiling = _tiling(pictures, (columns, captions), width, height)
        if tiling.room >= wanted:
            return tiling
    return None


def lines_wanted(pictures: Sequence[Picture], width: int) -> int:
    """The lines in which all are seen at the least size that can be read."""
    columns = min(LEGIBLE, _widest(pictures), width)
    if not pictures or columns < 1:
        return 0
    one = _tiling(pictures, (columns, _captions(pictures, columns)), width, 1)
    down = -(-len(pictures) // one.across)
    return down * one.lines + (down * one.captions or (down - 1) * GAP)


def draw_tiles(
    pictures: Sequence[Picture],
    tiling: Tiling,
    draw: Callable[[Picture, int, int], Drawing],
    *,
    plain: bool = False,
) -> list[list[Piece]]:
    """The pictures row by row, with their captions below.

    `draw` draws a picture in so many columns and so many rows of pixels. `plain` is for ASCII.
    """
    lines: list[list[Piece]] = []
    for start in range(0, len(pictures), tiling.across):
        chosen = pictures[start : start + tiling.across]
        if lines and not tiling.captions:
            lines += [[] for _ in range(GAP)]
        drawn = [draw(p, *pixels(p, tiling.columns, tiling.widest)) for p in chosen]
        told = [caption(p, tiling.columns, tiling.captions, plain=plain) for p in chosen]
        for rows, count in ((drawn, tiling.lines), (told, tiling.captions)):
            for line in range(count):
                cells = [row[line] if line < len(row) else [] for row in rows]
                lines.append(_beside(cells, tiling.columns))
    return lines


def pixels(picture: Picture, columns: int, widest: int) -> tuple[int, int]:
    """Columns and rows of pixels of a picture where the widest gets `columns`."""
    scale = columns / widest
    return (
        min(columns, max(1, round(picture.width * scale))),
        max(1, round(picture.height * scale)),
    )


def caption(picture: Picture, width: int, most: int, *, plain: bool = False) -> list[list[Piece]]:
    """The caption in at most `most` lines of `width` cells, broken at blanks.

    A sign before it says the tone to those who see no colours.
    """
    lines = wrapped(signed(picture, plain=plain), width)
    if len(lines) > most > 0:
        lines[most - 1 :] = [" ".join(lines[most - 1 :])]
    texts = (cut(line, width, "." if plain else "…") for line in lines[:most])
    return [[(text, ROLES[picture.tone], "")] for text in texts]


def signed(picture: Picture, *, plain: bool = False) -> str:
    """The caption after a sign for its tone."""
    return f"{_SIGNS[picture.tone][plain]}{picture.caption}" if picture.caption else ""


def wrapped(text: str, width: int) -> list[str]:
    """The words in lines of `width` cells; a longer word has a line of its own."""
    lines: list[str] = []
    for word in text.split():
        if lines and cell_len(lines[-1]) + 1 + cell_len(word) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


def _sizes(pictures: Sequence[Picture], width: int) -> Iterator[tuple[int, int, int]]:
    """Columns, lines of caption, and how many pictures must fit, the best first."""
    widest = _widest(pictures)
    most = min(widest, width)
    legible = min(LEGIBLE, most)
    large = [m * widest for m in (4, 3, 2) if m * widest <= min(2 * LEGIBLE, width)]
    large += range(most, legible - 1, -1)
    small = range(legible - 1, min(SMALLEST, legible) - 1, -1)
    for columns in large:
        yield columns, _captions(pictures, columns), len(pictures)
    for columns in large:
        yield columns, min(1, _captions(pictures, columns)), len(pictures)
    yield legible, _captions(pictures, legible), 1
    for most_lines in reversed(range(_MOST_CAPTION)):
        for columns in (legible, *small):
            yield columns, min(most_lines, _captions(pictures, columns)), 1


def _tiling(pictures: Sequence[Picture], size: tuple[int, int], width: int, height: int) -> Tiling:
    columns, captions = size
    widest = _widest(pictures)
    tallest = max(pixels(picture, columns, widest)[1] for picture in pictures)
    lines = (tallest + 1) // 2
    gap = 0 if captions else GAP
    down = (height + gap) // (lines + captions + gap)
    across = max(1, (width + GAP) // (columns + GAP))
    return Tiling(widest, columns, lines, captions, across, down)


def _widest(pictures: Sequence[Picture]) -> int:
    return max((picture.width for picture in pictures), default=1) or 1


def _captions(pictures: Sequence[Picture], columns: int) -> int:
    """The lines that the captions take, up to a limit."""
    return min(_MOST_CAPTION, max(len(wrapped(signed(p), columns)) for p in pictures))


def _beside(cells: Sequence[Sequence[Piece]], columns: int) -> list[Piece]:
    """One line of each tile, so many columns apart."""
    line: list[Piece] = []
    pad = 0
    for pieces in cells:
        if pad:
            line.append((" " * pad, "", ""))
        line += pieces
        pad = columns + GAP - sum(cell_len(text) for text, _, _ in pieces)
    return line
