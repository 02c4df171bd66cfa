"""What a benchmark says: figures, each with its spread, its goal and whether it is met."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Spread:
    """The median of some measurements, with their extremes."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """The spread of at least one value."""
        return cls(statistics.median(values), min(values), max(values))


@dataclass(frozen=True)
class Goal:
    """A bound on a figure's median."""

    sign: Literal["≤", "≥"]
    bound: float

    def met(self, value: float) -> bool:
        """Whether a value keeps to the bound."""
        return value <= self.bound if self.sign == "≤" else value >= self.bound


@dataclass(frozen=True)
class Figure:
    """One row of the table.

    `unit` is "×" for a ratio. `absolute` gives the magnitudes behind a ratio, for orientation.
    `value` is None where nothing could be measured, and `absolute` then says why.
    """

    what: str
    value: Spread | None
    unit: str = "×"
    absolute: str = ""
    goal: Goal | None = None

    @property
    def met(self) -> bool | None:
        """Whether the goal is met; None without a goal or a value."""
        return None if self.goal is None or self.value is None else self.goal.met(self.value.median)


def ratios(numerators: Sequence[float], denominators: Sequence[float]) -> Spread:
    """The spread of the ratios within each pair."""
    return Spread.of([a / b for a, b in zip(numerators, denominators, strict=True)])


def at_most(bound: float) -> Goal:
    """The median must not exceed the bound."""
    return Goal("≤", bound)


def at_least(bound: float) -> Goal:
    """The median must reach the bound."""
    return Goal("≥", bound)


def quantile(values: Sequence[float], fraction: float) -> float:
    """The smallest value that at least this fraction of the values do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, min(len(ordered) - 1, -int(-fraction * len(ordered) // 1) - 1))]
