"""How values are spread, as bars of block characters."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Unpack

from textual.geometry import Size
from textual.strip import Strip

from tui.charts.numbers import compact, fixed
from tui.charts.spark import column_bars
from tui.widgets.strips import StripView, ViewOptions


@dataclass(frozen=True, slots=True)
class Bars:
    """Counts in equal bins over [low, high]; `log` draws log(1 + count), so that tails show."""

    title: str = ""
    low: float = 0.0
    high: float = 1.0
    counts: tuple[int, ...] = ()
    role: str = "train-accuracy"
    log: bool = True


class Histogram(StripView):
    """A title, bars, and the ends of the axis."""

    DEFAULT_CSS = "Histogram { width: 1fr; height: 1fr; }"

    def __init__(self, bars: Bars | None = None, **options: Unpack[ViewOptions]) -> None:
        super().__init__(**options)
        self._bars = bars or Bars()

    def show_bars(self, bars: Bars) -> None:
        """Show this histogram."""
        if bars != self._bars:
            self._bars = bars
            self.redraw()

    def prepare(self, size: Size) -> Sequence[Strip]:
        """Title, bars and axis; blank below 12×3 cells."""
        bars = self._bars
        if size.width < 12 or size.height < 3:
            return []
        total = f"n = {compact(sum(bars.counts))}" + (", log counts" if bars.log else "")
        head = self.strip((f" {bars.title} ", "strong"), (f" {total}", "muted"))
        if not any(bars.counts):
            return [head, self.strip((" not measured yet", "muted"))]
        heights = spread(bars.counts, size.width, log=bars.log)
        rows = column_bars(heights, size.height - 2, plain=self._plain)
        body = [self.strip((row.rstrip(), bars.role)) for row in rows]
        return [head, *body, self.strip((axis_line(bars.low, bars.high, len(heights)), "muted"))]


def spread(counts: Sequence[int], width: int, *, log: bool = False) -> list[float]:
    """The bins' heights in [0, 1] over at most `width` columns, all bins equally wide.

    Bins beyond the width are added up in groups, so that no count is lost.
    """
    group = -(-len(counts) // width)
    grouped = [sum(counts[i : i + group]) for i in range(0, len(counts), group)]
    sizes = [math.log1p(count) if log else float(count) for count in grouped]
    top = max(sizes)
    each = max(1, width // len(sizes))
    return [size / top for size in sizes for _ in range(each)]


def axis_line(low: float, high: float, width: int) -> str:
    """The ends of the axis, and a 0 where it lies between them, if there is room."""
    left, right = fixed(low, 0), fixed(high, 0)
    line = list(left + " " * max(1, width - len(left) - len(right)) + right)
    if low < 0 < high and math.isfinite(high - low):
        at = round(-low / (high - low) * (width - 1))
        if line[max(0, at - 1) : at + 2] == [" "] * 3:
            line[at] = "0"
    return "".join(line)
