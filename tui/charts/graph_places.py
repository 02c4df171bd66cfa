"""Where the boxes of a graph stand and which way its lines go: pure numbers.

Boxes stand in columns and rows; an edge leads from a column to one further right. It leaves its
box on the right, changes rows in the gap behind it and enters from the left; where another box
stands in its way it goes from top to top through the lane above everything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

UP, DOWN, LEFT, RIGHT = 1, 2, 4, 8
Spot = tuple[int, int]
"""Column and row."""
Edge = tuple[str, str]
Step = tuple[int, int, int]
"""A cell of a line (x, y) and the sides to which it goes on."""
Box = tuple[int, int, int, int]
"""x, y, width, height."""

_NAMED = 5  # cells of a box's upper border that its name may take
_BOX_WIDTH, _BOX_HEIGHT, _GAP, _BETWEEN = (9, 24), (3, 6), (3, 9), 2
"""Least and most of the boxes' width and height and of the gap between columns; the most lines
between rows."""


@dataclass(frozen=True)
class Places:
    """All cells of the drawing; `left` and `right` are what is free in the last row."""

    width: int
    height: int
    boxes: Mapping[str, Box]
    paths: Mapping[Edge, Sequence[Step]]
    left: Box
    right: Box


def places(
    spots: Mapping[str, Spot], edges: Sequence[Edge], width: int, height: int
) -> Places | None:
    """Boxes of one size for these nodes, and the paths of the edges between those.

    None where `width`×`height` cells are too few.
    """
    columns = max(column for column, _ in spots.values()) + 1
    rows = max(row for _, row in spots.values()) + 1
    known = [e for e in edges if e[0] in spots and e[1] in spots]
    lane = 1 if any(_blocked(spots, *edge) for edge in known) else 0
    grid = _grid(columns, rows, width, height - lane)
    if grid is None:
        return None
    wide, gap, high, between = grid
    x0 = (width - columns * wide - (columns - 1) * gap) // 2
    y0 = (height - lane - rows * high - (rows - 1) * between) // 2 + lane
    boxes = {
        name: (x0 + column * (wide + gap), y0 + row * (high + between), wide, high)
        for name, (column, row) in spots.items()
    }
    paths = {edge: _path(spots, boxes, edge, gap, y0 - 1) for edge in known}
    left, right = _free(spots, boxes, rows - 1, width)
    return Places(width, height, boxes, paths, left, right)


def _grid(columns: int, rows: int, width: int, height: int) -> tuple[int, int, int, int] | None:
    """Box width, gap, box height, lines between rows."""
    gaps = columns - 1
    wide = min(_BOX_WIDTH[1], (width - gaps * _GAP[0]) // columns)
    high = min(_BOX_HEIGHT[1], height // rows)
    if wide < _BOX_WIDTH[0] or high < _BOX_HEIGHT[0]:
        return None
    gap = min(_GAP[1], (width - columns * wide) // gaps) if gaps else _GAP[0]
    between = min(_BETWEEN, (height - rows * high) // (rows - 1)) if rows > 1 else 0
    return wide, gap, high, between


def _blocked(spots: Mapping[str, Spot], source: str, target: str) -> bool:
    """Whether a box stands on the target's row between the two, or the edge leads back."""
    (column, _), (end, row) = spots[source], spots[target]
    return end <= column or any(column < c < end and r == row for c, r in spots.values())


def _path(
    spots: Mapping[str, Spot], boxes: Mapping[str, Box], edge: Edge, gap: int, lane: int
) -> list[Step]:
    (x, y, wide, high), (to_x, to_y, _, to_high) = boxes[edge[0]], boxes[edge[1]]
    if _blocked(spots, *edge):
        middle = max(wide // 2, _NAMED)
        ends = (x + middle, y), (to_x + middle, to_y)
        return _joined([ends[0], (ends[0][0], lane), (ends[1][0], lane), ends[1]], UP, UP)
    here, there = y + (high - 1) // 2, to_y + (to_high - 1) // 2
    start, bend, end = x + wide, x + wide + (gap - 1) // 2, to_x - 1
    return _joined([(start, here), (bend, here), (bend, there), (end, there)], LEFT, RIGHT)


def _joined(corners: Sequence[Spot], first: int, last: int) -> list[Step]:
    """The cells along these corners; the ends also go on to the `first` and the `last` side."""
    cells = [corners[0]]
    for corner in corners[1:]:
        x, y = cells[-1]
        while (x, y) != corner:
            x += (corner[0] > x) - (corner[0] < x)
            y += (corner[1] > y) - (corner[1] < y)
            cells.append((x, y))
    sides = [0] * len(cells)
    for i in range(len(cells) - 1):
        side = _side(cells[i], cells[i + 1])
        sides[i] |= side
        sides[i + 1] |= {UP: DOWN, DOWN: UP, LEFT: RIGHT, RIGHT: LEFT}[side]
    sides[0] |= first
    sides[-1] |= last
    return [(x, y, bits) for (x, y), bits in zip(cells, sides, strict=True)]


def _side(here: Spot, there: Spot) -> int:
    if here[0] != there[0]:
        return RIGHT if there[0] > here[0] else LEFT
    return DOWN if there[1] > here[1] else UP


def _free(
    spots: Mapping[str, Spot], boxes: Mapping[str, Box], row: int, width: int
) -> tuple[Box, Box]:
    """What the last row leaves to the left of its first box, and to the right of its last."""
    there = [boxes[name] for name, spot in spots.items() if spot[1] == row]
    y, high = there[0][1], there[0][3]
    first = min(box[0] for box in there)
    begin = min(box[0] for box in boxes.values())
    gap = min((x for x, *_ in boxes.values() if x > max(b[0] for b in there)), default=width)
    return (begin, y, max(0, first - begin - 2), high), (gap, y, max(0, width - gap), high)
