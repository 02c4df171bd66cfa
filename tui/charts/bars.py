"""A bar chart as a value, and where its bars stand."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tui.charts.numbers import fixed
from tui.charts.scale import LARGEST, Axis, value_axis

WIDEST = 8
"""Cells of a bar beyond which width says nothing more."""
_SLIGHT = 0.2
"""The share of the height that error bars below zero may lose."""
_HISTOGRAM = 20
"""Bars of a single group from which they stand side by side, as bins do."""


@dataclass(frozen=True, slots=True)
class BarGroup:
    """One value for each label, in one colour; `low` and `high` are the ends of error bars.

    A group that is a `theory` is drawn as lines across the bars of its label. What is not finite
    is no error; a value that is not there yet is not drawn.
    """

    name: str
    values: tuple[float, ...]
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    role: str = "loss"
    theory: bool = False

    def interval(self, index: int) -> tuple[float, float] | None:
        """The ends of an error bar where both are known."""
        ends = [v[index] for v in (self.low, self.high) if index < len(v)]
        return (min(ends), max(ends)) if len(ends) == 2 and all(map(math.isfinite, ends)) else None


@dataclass(frozen=True, slots=True)
class BarChart:
    """Groups of bars over labels, with the name of what they measure."""

    title: str = ""
    labels: tuple[str, ...] = ()
    groups: tuple[BarGroup, ...] = ()

    @property
    def count(self) -> int:
        """How many places there are."""
        return max([len(self.labels), *(len(group.values) for group in self.groups)])

    @property
    def broken(self) -> list[str]:
        """What is not finite, each in words: "estimated NaN at coat"."""
        return [
            f"{group.name} {fixed(value, 0)} at {self.name(place)}".strip()
            for group in self.groups
            for place, value in enumerate(group.values)
            if not math.isfinite(value)
        ]

    def name(self, place: int) -> str:
        """The label of a place, or its number where it has none."""
        return self.labels[place] if place < len(self.labels) else str(place + 1)

    def numbers(self) -> Iterator[float]:
        """Every finite number that the axis has to hold."""
        for group in self.groups:
            yield from filter(math.isfinite, group.values)
            for place in range(len(group.values)):
                yield from group.interval(place) or ()


@dataclass(frozen=True, slots=True)
class Heights:
    """Numbers as cells above or below zero, which lies `zero` cells above the bottom of `rows`."""

    unit: float
    zero: int
    rows: int

    def cells(self, value: float) -> float:
        """Where a number lies, in cells above the bottom, within the chart."""
        if math.isinf(value):
            return float(self.rows) if value > 0 else 0.0
        return min(max(self.zero + value / self.unit, 0.0), float(self.rows))

    def eighths(self, value: float) -> int:
        """The length of a bar in eighths of a cell, below zero where it hangs; 1 is the least."""
        length = round((self.cells(value) - self.zero) * 8)
        return length or (value > 0) - (value < 0)

    def line(self, value: float) -> int:
        """The line, from the top, in which the end of a bar of this length lies."""
        at = self.cells(value)
        below = math.floor(at) if value < 0 else math.ceil(at) - 1
        if value == 0:
            below = self.zero
        return self.rows - 1 - min(max(below, 0), self.rows - 1)


@dataclass(frozen=True, slots=True)
class Slots:
    """Where bars stand: each place has `slot` columns, in which bars of `bar` begin at `lead`.

    Where the groups' bars do not fit beside each other, `dense`, the first group has the bars and
    the others are marks on them. A place stands for `share` neighbours where there are too many.
    """

    count: int
    groups: int
    slot: int
    bar: int
    lead: int
    dense: bool
    share: int

    @property
    def bars(self) -> int:
        """The columns of all bars of a place."""
        return self.bar if self.dense else self.bar * self.groups

    def start(self, place: int, group: int) -> int:
        """The first column of a bar."""
        return place * self.slot + self.lead + (0 if self.dense else group * self.bar)


def heights(chart: BarChart, rows: int) -> tuple[Heights, Axis]:
    """The scale on which zero lies between two lines, and the axis with its ticks."""
    numbers = [min(max(v, -LARGEST), LARGEST) for v in chart.numbers()]
    low, high = min([0.0, *numbers]), max([0.0, *numbers])
    if -low <= _SLIGHT * high and not any(v < 0 for group in chart.groups for v in group.values):
        low = 0.0  # only the foot of an error bar: a step of the axis would be too much for it
    endless = {value for group in chart.groups for value in group.values if math.isinf(value)}
    low = min(low, -(high or 1) / 4) if -math.inf in endless else low  # room for what has no end
    high = max(high, -(low or -1) / 4) if math.inf in endless else high
    axis = value_axis(low, high, min(6, max(1, rows // 2)))
    bottom, top = min(low, axis.low), max(high, axis.high)
    zero = round(rows * (-bottom / (top - bottom)))
    zero = min(max(zero, int(bottom < 0)), rows - int(top > 0))
    up = top / (rows - zero) if zero < rows else 0.0
    down = -bottom / zero if zero else 0.0
    return Heights(max(up, down), zero, rows), axis


def slots(chart: BarChart, columns: int) -> Slots:
    """Room for every bar in so many columns."""
    groups = sum(not group.theory for group in chart.groups) or 1
    share = -(-chart.count // columns)
    count = -(-chart.count // share)
    slot = columns // count
    if groups == 1 and count > _HISTOGRAM:
        bar = min(slot, WIDEST)
        return Slots(count, groups, bar, bar, 0, False, share)
    dense = groups > 1 and slot < groups + 1
    beside = 1 if dense else groups
    bar = max(1, min(WIDEST, (slot - 1) // beside))
    slot = min(slot, 2 * beside * bar)
    return Slots(count, groups, slot, bar, (slot - beside * bar) // 2, dense, share)


def at_place(values: Sequence[float], place: int, share: int) -> int | None:
    """The index of what a place shows of its `share` neighbours: the largest, or one not finite."""
    indices = range(place * share, min((place + 1) * share, len(values)))
    if not indices:
        return None
    broken = (i for i in indices if not math.isfinite(values[i]))
    return next(broken, max(indices, key=lambda i: abs(values[i])))
