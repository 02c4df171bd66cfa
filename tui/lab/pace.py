"""How fast an experiment advances, and how long it will still take."""

from __future__ import annotations

import math
from dataclasses import dataclass

from engine.events import Advanced

_KEPT = 40
_SECONDS = 6.0


@dataclass(frozen=True, slots=True)
class Speed:
    """The last few (time, done), from which the time left is told."""

    marks: tuple[tuple[float, float], ...] = ()

    def after(self, event: Advanced) -> Speed:
        """With one more report."""
        recent = [mark for mark in self.marks[-_KEPT:] if event.time - mark[0] <= _SECONDS]
        return Speed((*recent, (event.time, event.done)))

    def seconds_left(self, total: float) -> float:
        """The seconds until `total` at the speed of the last seconds; NaN where unknown."""
        if len(self.marks) < 2:
            return math.nan
        (began, first), (now, done) = self.marks[0], self.marks[-1]
        rate = (done - first) / (now - began) if now > began else 0.0
        return max(0.0, total - done) / rate if rate > 0 else math.nan
