"""After how many factors a product of Gaussian matrices leaves the range of a floating dtype.

ln max|M| is a walk with drift λ₁ and variance ¼ψ′(n/2) per factor. It reaches a level b where its
mean does, at k* = (b − c)/λ₁ with c the mean's constant part; the deviation of that step is the
walk's own at k*, over |λ₁| (to the order of the inverse Gaussian law; Siegmund 1985, chapter 8).
A walk in whole steps passes the level by more than nothing: by E X²/(2 E X) on average, X one
step, when it seldom turns back, which delays the first step beyond it by that over |λ₁|.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch

from engine.errors import BadInput
from engine.theory.largest_entry import rank_one_law

DTYPES = {
    "float64": torch.float64,
    "float32": torch.float32,
    "float16": torch.float16,
    "bfloat16": torch.bfloat16,
}


@dataclass(frozen=True)
class Limits:
    """Magnitudes where a dtype ends: the largest finite one, the smallest one with all digits, and
    the smallest one that does not round to zero (half the smallest subnormal)."""

    largest: float
    smallest_normal: float
    zero_below: float


@dataclass(frozen=True)
class Crossing:
    """The number of factors at which ln max|M| reaches a level.

    `level` is that level, `crossing` the step where the mean of ln max reaches it, `first` the mean
    of the first whole step beyond it, `deviation` the standard deviation of both. All are infinite
    when the product drifts the other way.
    """

    level: float
    crossing: float
    first: float
    deviation: float


def limits(dtype: str) -> Limits:
    """Where `dtype` ends, IEEE 754 (bfloat16: float32's exponents with 8 bits)."""
    if dtype not in DTYPES:
        raise BadInput(f"no dtype {dtype!r}: choose one of {', '.join(DTYPES)}")
    info = torch.finfo(DTYPES[dtype])
    subnormal = math.log2(info.tiny) + math.log2(info.eps) - 1
    # 2⁻¹⁰⁷⁵ for float64 is itself no float64: the level is kept as the smallest that is
    return Limits(info.max, info.tiny, math.ldexp(1.0, round(max(subnormal, -1074))))


def overflow(n: int, sigma: float, dtype: str = "float32", ensemble: str = "gaussian") -> Crossing:
    """The step at which a product that grows has an entry that is not finite.

    n = 4, σ = 1, float32: 157.8 ± 8.9, the first whole step at 158.6.
    """
    return crossing(n, sigma, math.log(limits(dtype).largest), ensemble)


def underflow(n: int, sigma: float, dtype: str = "float32", ensemble: str = "gaussian") -> Crossing:
    """The step at which every entry of a product that shrinks is rounded to zero.

    Approximate in its last steps, where entries have few digits left; hardware that flushes
    subnormals to zero gets there at `crossing(n, sigma, ln(smallest_normal))`.
    """
    return crossing(n, sigma, math.log(limits(dtype).zero_below), ensemble)


def crossing(n: int, sigma: float, level: float, ensemble: str = "gaussian") -> Crossing:
    """When ln max|M| reaches `level`, from below when the level is positive, else from above.

    Raises:
        BadInput: as `log_largest_entry`.
    """
    one, two = (rank_one_law(n, sigma, factors, ensemble) for factors in (1, 2))
    drift, spread = two.mean - one.mean, two.variance - one.variance
    if drift == 0 or (level > 0) != (drift > 0):
        return Crossing(level, math.inf, math.inf, math.inf)
    steps = max(1 + (level - one.mean) / drift, 1.0)
    beyond = (spread + drift**2) / (2 * drift**2)
    variance = one.variance + (steps - 1) * spread
    deviation = math.sqrt(max(variance, spread))  # the law is too narrow for a few factors
    return Crossing(level, steps, steps + beyond, deviation / abs(drift))
