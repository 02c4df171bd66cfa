"""Small bars of block characters."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

BLOCKS = " ▁▂▃▄▅▆▇█"
PLAIN = " ._-=+*#@"
_LEAST_DECADES = 0.5


def sparkline(values: Sequence[float], width: int, *, plain: bool = False) -> str:
    """The values, oldest first, on a log scale of their own in `width` cells.

    Each cell shows the largest of its values; a value that is not finite shows as ✗, one that is
    not positive as a blank-low bar. Half a decade is the least that fills the height, so that
    noise does not look like an event.
    """
    if width < 1 or not values:
        return ""
    cells = [_largest(chunk) for chunk in _chunks(values, width)]
    logs = [math.log10(v) for v in cells if v is not None and v > 0]
    if logs:
        top = max(logs)
        span = max(top - min(logs), _LEAST_DECADES)
        bottom = (top + min(logs) - span) / 2
    blocks = PLAIN if plain else BLOCKS

    def sign(value: float | None) -> str:
        if value is None:
            return "x" if plain else "✗"
        if value <= 0:
            return blocks[1]
        return blocks[1 + min(7, int(8 * (math.log10(value) - bottom) / span))]

    return "".join(sign(v) for v in cells)


def column_bars(heights: Sequence[float], rows: int, *, plain: bool = False) -> list[str]:
    """Vertical bars: each height in [0, 1] as a column of blocks; the first row is the top."""
    if plain:
        return [
            "".join("#" if h * rows >= rows - y - 0.5 else " " for h in heights)
            for y in range(rows)
        ]
    eighths = [max(round(h * rows * 8), 1 if h > 0 else 0) for h in heights]
    return [
        "".join(BLOCKS[min(8, max(0, e - 8 * (rows - 1 - y)))] for e in eighths)
        for y in range(rows)
    ]


def _chunks(values: Sequence[float], width: int) -> list[Sequence[float]]:
    count = min(width, len(values))
    edges = [i * len(values) // count for i in range(count + 1)]
    return [values[a:b] for a, b in pairwise(edges)]


def _largest(values: Sequence[float]) -> float | None:
    """The largest value; None when one of them is not finite."""
    return max(values) if all(math.isfinite(v) for v in values) else None
