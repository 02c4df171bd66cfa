"""A power law through shares of errors, with what chance alone allows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class PowerLaw:
    """error ≈ exp(intercept) · n^slope; `error` is the slope's standard error.

    `scatter` is χ² over its degrees of freedom: 1 where nothing but the counting of test errors
    moves the points. Where it is above 1, `error` is already widened by its root.
    """

    slope: float
    error: float
    intercept: float
    scatter: float

    def at(self, n: float) -> float:
        """The law's error at n."""
        return math.exp(self.intercept + self.slope * math.log(n))


def fitted(points: Sequence[tuple[int, float]], tested: int) -> PowerLaw | None:
    """Weighted least squares of ln error on ln n for (n, share of `tested` answered wrongly).

    A share p of m has Var ln p = (1 − p)/(p·m), the delta method. None with fewer than three
    sizes; shares of 0 and 1 have no such variance and are left out.
    """
    kept = [(math.log(n), math.log(p), p * tested / (1 - p)) for n, p in points if 0 < p < 1]
    if len({x for x, _, _ in kept}) < 3:
        return None
    total = math.fsum(w for _, _, w in kept)
    middle = math.fsum(w * x for x, _, w in kept) / total
    height = math.fsum(w * y for _, y, w in kept) / total
    spread = math.fsum(w * (x - middle) ** 2 for x, _, w in kept)
    slope = math.fsum(w * (x - middle) * (y - height) for x, y, w in kept) / spread
    intercept = height - slope * middle
    rest = math.fsum(w * (y - intercept - slope * x) ** 2 for x, y, w in kept)
    scatter = rest / (len(kept) - 2)
    return PowerLaw(slope, math.sqrt(max(1.0, scatter) / spread), intercept, scatter)
