"""Names of curves and bars, in lines."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len

Run = tuple[str, str]


def packed(entries: Sequence[list[Run]], rooms: Sequence[int]) -> tuple[list[list[Run]], int]:
    """Entries in a line for each of these widths, in their order, and how many fit."""
    lines: list[list[Run]] = [[] for _ in rooms]
    if not rooms:
        return lines, 0
    place, left = 0, rooms[0]
    for count, runs in enumerate(entries):
        need = sum(cell_len(text) for text, _ in runs)
        while need > left:
            place += 1
            if place == len(rooms):
                return lines, count
            left = rooms[place]
        lines[place] += runs
        left -= need
    return lines, len(entries)
