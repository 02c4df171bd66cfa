"""What a soak counts, and whether that is good enough."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from statistics import median

MOST_MEMORY = 16 << 20
"""Bytes that a process may have grown by between the first and the last quarter of its samples."""
MOST_DESCRIPTORS = 1
WARM_UP = 0.1
"""The share of the samples, at the beginning, in which memory is still being acquired."""


@dataclass
class Growth:
    """A quantity of a process that lives through the whole soak: (seconds, value) in time order."""

    unit: str
    most: float
    samples: list[tuple[float, float]] = field(default_factory=list)

    @property
    def settled(self) -> list[tuple[float, float]]:
        """The samples after the warm-up."""
        return self.samples[int(len(self.samples) * WARM_UP) :]

    @property
    def first(self) -> float:
        """Median of the first quarter."""
        return median(value for _, value in self.settled[: self._quarter])

    @property
    def last(self) -> float:
        """Median of the last quarter."""
        return median(value for _, value in self.settled[-self._quarter :])

    @property
    def slope(self) -> float:
        """Least squares, per hour."""
        points = self.settled
        t = sum(seconds for seconds, _ in points) / len(points)
        v = sum(value for _, value in points) / len(points)
        spread = sum((seconds - t) ** 2 for seconds, _ in points)
        rise = sum((seconds - t) * (value - v) for seconds, value in points)
        return 3600 * rise / spread if spread else 0.0

    @property
    def flat(self) -> bool:
        """Whether it has stayed within its bound."""
        return not self.samples or self.last - self.first <= self.most

    @property
    def _quarter(self) -> int:
        return max(1, len(self.settled) // 4)


def memory() -> Growth:
    """Resident bytes."""
    return Growth("MiB", MOST_MEMORY)


def descriptors() -> Growth:
    """Open file descriptors."""
    return Growth("", MOST_DESCRIPTORS)


@dataclass
class Tally:
    """Everything counted. `done` counts by kind of action; `problems` say in words what is wrong.

    `kept_back` are resumes of runs that were killed before their first checkpoint.
    """

    done: Counter[str] = field(default_factory=Counter)
    acknowledged: int = 0
    recovered: int = 0
    torn: int = 0
    resumes: int = 0
    compared: int = 0
    bitwise: int = 0
    kept_back: int = 0
    injected: int = 0
    detected: int = 0
    harmless: int = 0
    silent: int = 0
    tried: int = 0
    clean: int = 0
    left_behind: int = 0
    engine_memory: Growth = field(default_factory=memory)
    engine_descriptors: Growth = field(default_factory=descriptors)
    own_memory: Growth = field(default_factory=memory)
    own_descriptors: Growth = field(default_factory=descriptors)
    problems: list[str] = field(default_factory=list)

    @property
    def lost(self) -> int:
        """Events that somebody had seen and that are not in the record."""
        return self.acknowledged - self.recovered

    @property
    def growths(self) -> dict[str, Growth]:
        """What must stay flat."""
        return {
            "memory of the engine": self.engine_memory,
            "descriptors of the engine": self.engine_descriptors,
            "memory of its viewer": self.own_memory,
            "descriptors of its viewer": self.own_descriptors,
        }

    @property
    def passed(self) -> bool:
        """Whether nothing was lost, silent, unclean, different, left behind or growing."""
        bad = self.lost or self.silent or self.left_behind or self.problems
        short = self.bitwise < self.compared or self.clean < self.tried
        return not (bad or short) and all(growth.flat for growth in self.growths.values())
