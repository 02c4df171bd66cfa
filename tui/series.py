"""A curve that only grows, cheap to append to and cheap to draw at any length."""

from __future__ import annotations

import math
import operator
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from typing import NamedTuple

_FANOUT = 8
_CHARTS = 4


@dataclass(frozen=True, slots=True)
class Column:
    """What lies within one column of a chart.

    `low`, `high` and `mean` are those of the `count` finite values, (inf, -inf, nan) when there is
    none; `broken` says whether a point was not finite.
    """

    x: float
    low: float
    high: float
    mean: float
    count: int
    broken: bool


class _Summary(NamedTuple):
    low: float = math.inf
    high: float = -math.inf
    total: float = 0.0
    finite: int = 0
    broken: bool = False


class _Level:
    """Summaries of whole buckets of `size` points, a column for each of their fields.

    Arrays, for there are millions in a long run: as objects they would be three times as large,
    and the collector would look at each of them.
    """

    __slots__ = ("finite", "high", "low", "size", "total")

    def __init__(self, size: int) -> None:
        self.size = size
        self.low, self.high, self.total = array("d"), array("d"), array("d")
        self.finite = array("q")

    def __len__(self) -> int:
        return len(self.low)

    def add(self, found: _Summary) -> None:
        """One more bucket."""
        self.low.append(found.low)
        self.high.append(found.high)
        self.total.append(found.total)
        self.finite.append(found.finite)

    def over(self, first: int, last: int) -> _Summary:
        """Of the buckets [first, last)."""
        finite = sum(self.finite[first:last])
        return _Summary(
            min(self.low[first:last], default=math.inf),
            max(self.high[first:last], default=-math.inf),
            sum(self.total[first:last]),
            finite,
            finite < (last - first) * self.size,
        )

    def extend(self, values: array[float]) -> None:
        """The smallest buckets of points that are all finite; by the million, so calls are few."""
        rows = [values[place::_FANOUT] for place in range(_FANOUT)]
        self.low.extend(map(min, *rows))
        self.high.extend(map(max, *rows))
        self.total.extend(map(sum, zip(*rows, strict=True)))
        self.finite.extend(repeat(_FANOUT, len(rows[0])))


class _Buffer:
    """Growing storage, a pyramid of summaries over every 8, 64, 512 … points, and columns drawn.

    Points are only ever appended, so that a column behind which another point lies stays as it is:
    those are kept, for the few charts that draw the curve, as (the index behind it, the column).
    """

    __slots__ = ("drawn", "levels", "x", "y")

    def __init__(self) -> None:
        self.x = array("d")
        self.y = array("d")
        self.levels: list[_Level] = []
        self.drawn: dict[tuple[float, float, int], list[tuple[int, Column]]] = {}

    def kept(self, start: float, stop: float, count: int) -> list[tuple[int, Column]]:
        """The finished columns of one such chart, to be added to."""
        key = (start, stop, count)
        if key not in self.drawn and len(self.drawn) >= _CHARTS:
            del self.drawn[next(iter(self.drawn))]
        return self.drawn.setdefault(key, [])

    def level(self, index: int) -> _Level:
        """Whole buckets of 8**(index + 1) points, brought up to date."""
        while len(self.levels) <= index:
            self.levels.append(_Level(_FANOUT ** (len(self.levels) + 1)))
        buckets = self.levels[index]
        if index == 0:
            self._sum_up(buckets)
            return buckets
        below = self.level(index - 1)
        for first in range(len(buckets) * _FANOUT, len(below) - _FANOUT + 1, _FANOUT):
            buckets.add(below.over(first, first + _FANOUT))
        return buckets

    def _sum_up(self, buckets: _Level) -> None:
        """Add the smallest buckets that have become whole."""
        start = len(buckets) * _FANOUT
        values = self.y[start : len(self.y) - len(self.y) % _FANOUT]
        if math.isfinite(sum(values)):
            buckets.extend(values)
            return
        for first in range(0, len(values), _FANOUT):  # or the sum has overflowed
            buckets.add(_summary(values[first : first + _FANOUT]))


@dataclass(frozen=True, slots=True)
class Series:
    """Points (x, y) with x finite and non-decreasing; y may be NaN or infinite.

    A value: `extended` returns a longer one and leaves this one as it was. Both share storage,
    so that a run of a million steps costs no copies; nor does a value that grows a second time
    by the same points.
    """

    _buffer: _Buffer = field(default_factory=_Buffer)
    _length: int = 0
    _first_broken: int = -1

    def __len__(self) -> int:
        return self._length

    def extended(self, x: Iterable[float], y: Iterable[float]) -> Series:
        """These points followed by others.

        Raises:
            ValueError: when x and y differ in length, or x goes back or is not finite.
        """
        new_x, new_y = array("d", x), array("d", y)
        self._check(new_x, new_y)
        buffer = self._buffer
        known = len(buffer.x) - self._length
        if known and not self._repeats(new_x, new_y):
            buffer, known = _Buffer(), 0  # someone else grew it: this value goes its own way
            buffer.x.extend(self.x)
            buffer.y.extend(self.y)
        buffer.x.extend(new_x[known:])
        buffer.y.extend(new_y[known:])
        broken = self._first_broken
        if broken < 0 and not math.isfinite(sum(new_y)):  # a sum may overflow: then look closer
            bad = (self._length + i for i, v in enumerate(new_y) if not math.isfinite(v))
            broken = next(bad, -1)
        return Series(buffer, self._length + len(new_x), broken)

    def until(self, stop: float) -> Series:
        """The points with x ≤ stop: what stays of a run taken up at an earlier step."""
        length = bisect_right(self._buffer.x, stop, 0, self._length)
        broken = self._first_broken if self._first_broken < length else -1
        return Series(self._buffer, length, broken)

    @property
    def x(self) -> array[float]:
        """The abscissae, a copy."""
        return self._buffer.x[: self._length]

    @property
    def y(self) -> array[float]:
        """The ordinates, a copy."""
        return self._buffer.y[: self._length]

    @property
    def x_extent(self) -> tuple[float, float]:
        """The first and the last x.

        Raises:
            IndexError: when there are no points.
        """
        if not self._length:
            raise IndexError("a series without points has no extent")
        return self._buffer.x[0], self._buffer.x[self._length - 1]

    @property
    def last(self) -> float:
        """The newest y; NaN when there is none."""
        return self._buffer.y[self._length - 1] if self._length else math.nan

    def tail(self, count: int) -> array[float]:
        """The newest `count` ordinates."""
        return self._buffer.y[max(0, self._length - count) : self._length]

    def extremes(self, start: float = -math.inf, stop: float = math.inf) -> tuple[float, float]:
        """The smallest and largest finite y with start ≤ x ≤ stop; (inf, -inf) when none."""
        found = self._range(*self._between(start, stop))
        return found.low, found.high

    def first_broken(self) -> tuple[float, float] | None:
        """The first point whose y is not finite."""
        at = self._first_broken
        return None if at < 0 else (self._buffer.x[at], self._buffer.y[at])

    def columns(self, start: float, stop: float, count: int) -> list[Column]:
        """What lies in each of `count` equal columns over [start, stop]; empty ones are left out.

        No extreme is lost, and the columns' edges do not depend on how many points there are.
        """
        if count < 1 or not start <= stop:
            return []
        first, last = self._between(start, stop)
        kept = self._buffer.kept(start, stop, count)
        known = bisect_right(kept, last, key=lambda entry: entry[0])
        columns = [column for _, column in kept[:known]]
        first = kept[known - 1][0] if known else first
        width = (stop - start) / count
        while first < last:
            end = bisect_right(self._buffer.x, self._edge(first, start, stop, width), first, last)
            columns.append(self._column(first, end))
            if end < last and known == len(kept):
                kept.append((end, columns[-1]))
                known += 1
            first = end
        return columns

    def _edge(self, index: int, start: float, stop: float, width: float) -> float:
        """The right edge of the column in which a point lies, at least the point itself."""
        x = self._buffer.x[index]
        column = int((x - start) / width) + 1 if width > 0 else 1
        edge = start + column * width
        # The last edge is the stop itself: adding up widths may fall short of it.
        return stop if edge > stop - width / 2 else max(edge, x)

    def _column(self, first: int, end: int) -> Column:
        found = self._range(first, end)
        middle = self._buffer.x[(first + end - 1) // 2]
        return Column(middle, found.low, found.high, _mean(found), found.finite, found.broken)

    def _check(self, x: Sequence[float], y: Sequence[float]) -> None:
        if len(x) != len(y):
            raise ValueError(f"{len(x)} abscissae for {len(y)} ordinates")
        before = self.x_extent[1] if self._length else -math.inf
        if x and not (
            before <= x[0]
            and math.isfinite(x[0])
            and math.isfinite(x[-1])
            and (len(x) == 1 or not any(map(operator.gt, x, x[1:])))
            and not math.isnan(sum(x))
        ):
            raise ValueError("the x of a series may not go back, and must be finite")

    def _repeats(self, x: array[float], y: array[float]) -> bool:
        """Whether the points that the storage holds beyond this value's are these, bit for bit."""
        buffer, start = self._buffer, self._length
        count = min(len(x), len(buffer.x) - start)
        kept_x, kept_y = buffer.x[start : start + count], buffer.y[start : start + count]
        return kept_x == x[:count] and kept_y.tobytes() == y[:count].tobytes()

    def _between(self, start: float, stop: float) -> tuple[int, int]:
        xs = self._buffer.x
        return bisect_left(xs, start, 0, self._length), bisect_right(xs, stop, 0, self._length)

    def _range(self, first: int, last: int) -> _Summary:
        parts: list[_Summary] = []
        self._gather(first, last, parts)
        return parts[0] if len(parts) == 1 else _merged(parts)

    def _gather(self, first: int, last: int, parts: list[_Summary]) -> None:
        """Cover [first, last) with the largest whole buckets there are."""
        index, size = -1, 1
        while size * _FANOUT * 2 <= last - first:
            index, size = index + 1, size * _FANOUT
        if index < 0:
            parts.append(_summary(self._buffer.y[first:last]))
            return
        low, high = -(-first // size), last // size
        parts.append(self._buffer.level(index).over(low, high))
        if first < low * size:
            self._gather(first, low * size, parts)
        if high * size < last:
            self._gather(high * size, last, parts)


def _summary(values: array[float]) -> _Summary:
    finite = [v for v in values if math.isfinite(v)]
    broken = len(finite) < len(values)
    if not finite:
        return _Summary(broken=broken)
    return _Summary(min(finite), max(finite), sum(finite), len(finite), broken)


def _merged(parts: Sequence[_Summary]) -> _Summary:
    if not parts:
        return _Summary()
    lows, highs, totals, counts, broken = zip(*parts, strict=True)
    return _Summary(min(lows), max(highs), sum(totals), sum(counts), any(broken))


def _mean(found: _Summary) -> float:
    if not found.finite:
        return math.nan
    mean = found.total / found.finite
    # Sums of huge values overflow, and rounding may leave the range by an ulp.
    return min(max(mean, found.low), found.high) if not math.isnan(mean) else found.high
