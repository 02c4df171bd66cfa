"""How fast a run goes: what was measured, and what a person has set."""

from __future__ import annotations

import math
from dataclasses import dataclass

_SMOOTHING = 2.0
"""Seconds over which the speed is averaged."""
_MOST = 0.5
"""The most that one block counts: somebody may have set the clock, or the disk was full."""
_ENOUGH = 0.2
"""Seconds from which on the time left is told from a speed: a single step, taken at once, looks
hundreds of times as fast as the run is."""


@dataclass(frozen=True, slots=True)
class Rate:
    """Samples per second, NaN where nothing was measured, and the seconds it was measured over."""

    per_second: float = math.nan
    seconds: float = 0.0

    def after(self, samples: float, elapsed: float) -> Rate:
        """With so many more in `elapsed` seconds, smoothed over time, however often that is."""
        if not elapsed > 0:
            return self
        now, seconds = samples / elapsed, self.seconds + elapsed
        if math.isnan(self.per_second):
            return Rate(now, seconds)
        # What was measured over a moment is no more than its share.
        smooth = min(-math.expm1(-elapsed / _SMOOTHING), _MOST)
        weight = smooth if self.seconds >= _ENOUGH else elapsed / seconds
        return Rate(self.per_second + weight * (now - self.per_second), seconds)

    def seconds_for(self, samples: float) -> float:
        """The time that so many take; NaN where it was not measured for long enough."""
        if self.seconds < _ENOUGH or not self.per_second > 0:
            return math.nan
        return samples / self.per_second


def told_pace(words: str) -> float:
    """The pace that a run says it has in steps/s, 0 for none: "20 steps/s" or "full speed"."""
    try:
        pace = float(words.partition(" ")[0])
    except ValueError:
        return 0.0
    return pace if 0 < pace < math.inf else 0.0
