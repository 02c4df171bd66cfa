"""A table that is too wide, folded: its columns in blocks, one below the other."""

from __future__ import annotations

from collections.abc import Sequence

HEADING = -1
Block = tuple[tuple[int, int], ...]
"""Columns that stand beside each other, each with its width."""
Line = tuple[int, int]
"""The block and the row; `HEADING` is that of its columns."""


def blocks(widths: Sequence[int], room: int, gap: int) -> list[Block]:
    """Columns of these widths in blocks of at most `room` cells, each led by the first column.

    So the rows of every block say what they are about; from the second block on the first column
    is cut to half of the room. A column that does not fit beside it has a block to itself.
    """
    if not widths:
        return []
    lead = min(widths[0], room // 2)
    found: list[list[tuple[int, int]]] = [[(0, min(widths[0], room))]]
    left = room - widths[0]
    for column, width in enumerate(widths[1:], start=1):
        if gap + width > left:
            beside = lead + gap + width <= room
            found.append([(0, lead)] if beside else [])
            left = room - lead if beside else min(width, room) + gap
        found[-1].append((column, min(width, room)))
        left -= gap + width
    return [tuple(block) for block in found]


def lines(count: int, rows: int) -> list[Line]:
    """The lines of so many blocks, each a heading with its rows below it."""
    return [(block, row) for block in range(count) for row in range(HEADING, rows)]


def window(all_lines: Sequence[Line], first: int, room: int) -> list[Line]:
    """`room` lines from `first` on, below the heading of the block that they begin in."""
    shown = list(all_lines[first : first + room])
    if len(shown) > 1 and shown[0][1] != HEADING:
        if shown[1][1] == HEADING:
            return list(all_lines[first + 1 : first + 1 + room])
        shown[0] = (shown[1][0], HEADING)
    return shown
