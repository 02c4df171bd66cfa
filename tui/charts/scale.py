"""Axes: limits that stand still, ticks at 1-2-5 steps, and smoothing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from tui.charts.numbers import compact

LARGEST = 1e300
SMALLEST = 1e-300
_FAR = 1e6


@dataclass(frozen=True, slots=True)
class Tick:
    """A labelled place on an axis; `at` is in [0, 1] from the axis's start."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Axis:
    """A map from values to [0, 1], with its ticks. On a log axis the limits are exponents."""

    low: float
    high: float
    log: bool
    ticks: tuple[Tick, ...]

    def place(self, value: float) -> float:
        """Where a finite value lies; what is outside lies on the nearer edge."""
        return min(max(self.position(value), 0.0), 1.0)

    def position(self, value: float) -> float:
        """Where a finite value lies or would lie, far outside at ±1e6."""
        position = math.log10(max(value, SMALLEST)) if self.log else value
        return min(max((position - self.low) / (self.high - self.low), -_FAR), _FAR)


def smoothed(
    values: Sequence[float], weight: float, counts: Sequence[int] | None = None
) -> list[float]:
    """The exponential moving average of the values, corrected for its start at zero.

    mᵢ = w·mᵢ₋₁ + (1 − w)·vᵢ over 1 − wⁿ, as Adam's moments (Kingma and Ba 2015) and TensorBoard's
    scalars. A value that stands for several points, `counts` of them, weighs as many, so that the
    weight means the same at every width of the chart. A value that is not finite has no part in
    it and stays NaN at its place.
    """
    average, left, out = 0.0, 1.0, []
    for value, count in zip(values, counts or [1] * len(values), strict=True):
        if not math.isfinite(value):
            out.append(math.nan)
            continue
        kept = weight**count
        left *= kept
        average = kept * average + (1 - kept) * value
        out.append(average / (1 - left))
    return out


def nice_step(span: float, most: int) -> float:
    """The smallest 1, 2 or 5 times a power of ten that divides `span` into at most `most`."""
    rough = span / max(1, most)
    power = 10.0 ** math.floor(math.log10(rough))
    return next(m * power for m in (1, 2, 5, 10) if m * power >= rough * (1 - 1e-9))


def step_axis(low: float, high: float, most: int) -> Axis:
    """The axis of abscissae: exactly these limits, at most about `most` ticks, at round values.

    No two ticks have the same label.
    """
    low, high = _apart(_bounded(low), _bounded(high))
    if most < 1:
        return Axis(low, high, False, ())
    step = nice_step(high - low, most)
    first = math.ceil(low / step - 1e-9)
    places = [(first + i) * step for i in range(most + 2)]
    within = [v for v in places if low <= v <= high * (1 + 1e-12)]
    ticks = [Tick((v - low) / (high - low), compact(v)) for v in _told_apart(within)]
    return Axis(low, high, False, tuple(t for t in ticks if t.at <= 1))


def value_axis(low: float, high: float, most: int, *, percent: bool = False) -> Axis:
    """A linear axis from the tick below `low` to the tick above `high`.

    It starts at 0 where that costs less than half of the height: so a falling loss leaves the
    axis alone.
    """
    low, high = _apart(_bounded(low), _bounded(high))
    low = 0.0 if 0 < low < high / 2 else low
    step = nice_step(high - low, most)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    places = [n * step for n in range(first, last + 1)]
    labels = _labels(places, step, percent)
    bottom, top = places[0], places[-1]
    ticks = [
        Tick((v - bottom) / (top - bottom), text) for v, text in zip(places, labels, strict=True)
    ]
    return Axis(bottom, top, False, tuple(ticks))


def log_axis(low: float, high: float, most: int) -> Axis:
    """A logarithmic axis between powers of ten, or between 1-2-5 steps where it is narrow."""
    bottom = math.log10(min(max(low, SMALLEST), LARGEST))
    top = math.log10(min(max(high, SMALLEST), LARGEST))
    if top - bottom < 2:
        steps = [(d + math.log10(m), d, m) for d in _decades(bottom, top) for m in (1, 2, 5)]
        below = max(i for i, (at, *_) in enumerate(steps) if at <= bottom + 1e-9)
        above = min(i for i, (at, *_) in enumerate(steps) if at >= top - 1e-9 and i > below)
        chosen = [(at, _decimal(d, m)) for at, d, m in steps[below : above + 1]]
    else:
        first, last = math.floor(bottom + 1e-9), math.ceil(top - 1e-9)
        stride = max(1, -(-(last - first) // max(1, most)))
        chosen = [(float(d), f"1e{d}") for d in range(first, last + stride, stride)]
    start, end = chosen[0][0], chosen[-1][0]
    shown = chosen[:: max(1, -(-len(chosen) // (most + 1)))]
    ticks = [Tick((at - start) / (end - start), label) for at, label in shown]
    return Axis(start, end, True, tuple(ticks))


def robust_top(values: Sequence[float]) -> float | None:
    """Where to cut an axis so that a few outliers do not flatten the rest; None to leave it.

    The cut is at the 95th percentile, taken when the largest value is more than three times as
    far above the median as that.
    """
    if len(values) < 20:
        return None
    ordered = sorted(values)
    middle, cut = ordered[len(ordered) // 2], ordered[int(0.95 * (len(ordered) - 1))]
    return cut if ordered[-1] - middle > 3 * (cut - middle) and cut > middle else None


def _decades(bottom: float, top: float) -> range:
    return range(math.floor(bottom) - 1, math.ceil(top) + 2)


def _decimal(decade: int, digit: int) -> str:
    """digit·10**decade, written out where that is short."""
    return f"{digit * 10.0**decade:g}" if -4 <= decade <= 4 else f"{digit}e{decade}"


def _told_apart(places: Sequence[float]) -> list[float]:
    """Of places with one label that which is nearest to what it says, in the order given."""
    nearest: dict[str, float] = {}
    for value in sorted(places, key=lambda v: abs(float(f"{v:.3g}") - v)):
        nearest.setdefault(compact(value), value)
    return sorted(nearest.values())


def _bounded(value: float) -> float:
    return min(max(value, -LARGEST), LARGEST)


def _apart(low: float, high: float) -> tuple[float, float]:
    """Limits far enough apart for ticks that can be told from one another."""
    low, high = min(low, high), max(low, high)
    least = max(abs(low), abs(high)) * 1e-3 or 1.0
    if high - low >= max(least, SMALLEST):
        return low, high
    least = max(least, SMALLEST)
    return (low - least / 2, high + least / 2) if low or high else (0.0, 1.0)


def _labels(places: Sequence[float], step: float, percent: bool) -> list[str]:
    if percent:
        decimals = max(0, -math.floor(math.log10(step * 100) + 1e-9))
        return [f"{100 * v:.{decimals}f}%" for v in places]
    largest = max(abs(v) for v in places)
    if largest >= 1e5 or largest < 1e-3:
        digits = max(0, math.floor(math.log10(largest)) - math.floor(math.log10(step)))
        return [_scientific(v, digits) for v in places]
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    return [f"{v:.{decimals}f}" for v in places]


def _scientific(value: float, digits: int) -> str:
    if value == 0:
        return "0"
    mantissa, _, exponent = f"{value:.{digits}e}".partition("e")
    if "." in mantissa:
        mantissa = mantissa.rstrip("0").rstrip(".")
    return f"{mantissa}e{int(exponent)}"
