"""A curve that only grows, cheap to append to and cheap to draw at any length."""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field

_FANOUT = 8


@dataclass(frozen=True, slots=True)
class Column:
    """What lies within one column of a chart: the extremes, and whether a point was not finite."""

    x: float
    low: float
    high: float
    broken: bool


class _Buffer:
    """Growing storage with a pyramid of extremes over every 8, 64, 512 … points."""

    __slots__ = ("levels", "x", "y")

    def __init__(self) -> None:
        self.x = array("d")
        self.y = array("d")
        self.levels: list[list[tuple[float, float, bool]]] = []

    def extend(self, x: Iterable[float], y: Iterable[float]) -> None:
        self.x.extend(x)
        self.y.extend(y)

    def level(self, index: int) -> list[tuple[float, float, bool]]:
        """Whole buckets of 8**(index + 1) points: (low, high, broken), brought up to date."""
        while len(self.levels) <= index:
            self.levels.append([])
        buckets = self.levels[index]
        below = self.level(index - 1) if index else None
        whole = len(below if below is not None else self.y) // _FANOUT
        for bucket in range(len(buckets), whole):
            chosen = slice(bucket * _FANOUT, (bucket + 1) * _FANOUT)
            buckets.append(
                _merged(below[chosen]) if below is not None else _extremes(self.y[chosen])
            )
        return buckets


@dataclass(frozen=True, slots=True)
class Series:
    """Points (x, y) with x non-decreasing; y may be NaN or infinite.

    A value: `extended` returns a longer one and leaves this one as it was. Both share storage,
    so that a run of a million steps costs no copies.
    """

    _buffer: _Buffer = field(default_factory=_Buffer)
    _length: int = 0

    def __len__(self) -> int:
        return self._length

    def extended(self, x: Iterable[float], y: Iterable[float]) -> Series:
        """These points followed by others."""
        buffer = self._buffer
        if len(buffer.x) != self._length:  # someone else grew it: this value goes its own way
            buffer = _Buffer()
            buffer.extend(self._buffer.x[: self._length], self._buffer.y[: self._length])
        buffer.extend(x, y)
        return Series(buffer, len(buffer.x))

    @property
    def x(self) -> array[float]:
        """The abscissae, a copy."""
        return self._buffer.x[: self._length]

    @property
    def y(self) -> array[float]:
        """The ordinates, a copy."""
        return self._buffer.y[: self._length]

    @property
    def last(self) -> float:
        """The newest y; NaN when there is none."""
        return self._buffer.y[self._length - 1] if self._length else math.nan

    def tail(self, count: int) -> array[float]:
        """The newest `count` ordinates."""
        return self._buffer.y[max(0, self._length - count) : self._length]

    def extremes(self, start: float = -math.inf, stop: float = math.inf) -> tuple[float, float]:
        """The smallest and largest finite y with start ≤ x ≤ stop; (inf, -inf) when none."""
        low, high, _ = self._range(*self._between(start, stop))
        return low, high

    def first_broken(self) -> tuple[float, float] | None:
        """The first point whose y is not finite."""
        for x, y in zip(self._buffer.x[: self._length], self._buffer.y, strict=False):
            if not math.isfinite(y):
                return x, y
        return None

    def columns(self, start: float, stop: float, count: int) -> list[Column]:
        """At most `count` columns over [start, stop], each with its extremes: no spike is lost."""
        first, last = self._between(start, stop)
        if last - first <= count:
            return [
                Column(self._buffer.x[i], *_extremes(self._buffer.y[i : i + 1]))
                for i in range(first, last)
            ]
        width = (stop - start) / count
        drawn = []
        for column in range(count):
            end = bisect_right(self._buffer.x, start + (column + 1) * width, first, last)
            if end > first:
                middle = self._buffer.x[(first + end - 1) // 2]
                drawn.append(Column(middle, *self._range(first, end)))
            first = end
        return drawn

    def _between(self, start: float, stop: float) -> tuple[int, int]:
        xs = self._buffer.x
        return bisect_left(xs, start, 0, self._length), bisect_right(xs, stop, 0, self._length)

    def _range(self, first: int, last: int) -> tuple[float, float, bool]:
        parts: list[tuple[float, float, bool]] = []
        self._gather(first, last, parts)
        return _merged(parts)

    def _gather(self, first: int, last: int, parts: list[tuple[float, float, bool]]) -> None:
        """Cover [first, last) with the largest whole buckets there are."""
        index, size = -1, 1
        while size * _FANOUT * 2 <= last - first:
            index, size = index + 1, size * _FANOUT
        if index < 0:
            parts.append(_extremes(self._buffer.y[first:last]))
            return
        low, high = -(-first // size), last // size
        parts.extend(self._buffer.level(index)[low:high])
        if first < low * size:
            self._gather(first, low * size, parts)
        if high * size < last:
            self._gather(high * size, last, parts)


def _extremes(values: array[float]) -> tuple[float, float, bool]:
    finite = [v for v in values if math.isfinite(v)]
    broken = len(finite) < len(values)
    return (min(finite), max(finite), broken) if finite else (math.inf, -math.inf, broken)


def _merged(parts: list[tuple[float, float, bool]]) -> tuple[float, float, bool]:
    return (
        min((p[0] for p in parts), default=math.inf),
        max((p[1] for p in parts), default=-math.inf),
        any(p[2] for p in parts),
    )
