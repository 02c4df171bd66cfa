"""What is known of a batch of random products, as tables."""

from __future__ import annotations

import math
from decimal import Decimal

from engine.events import TableChanged
from engine.lab.explosion import CHAPTER_LOOP, SCALED, Explosion, Plan
from engine.lab.ranges import flushes
from engine.theory.overflow import DTYPES, Crossing, crossing, limits
from engine.theory.product_laws import largest_entry, leaves
from engine.theory.products import critical_sigma

CORNER = 4  # rows and columns shown of a larger matrix
CHAPTER_LARGEST = 3.3867e23  # the largest |entry| of the matrix that the chapter prints


def scientific(mantissa: float, exponent: int = 0) -> str:
    """mantissa · 2^exponent as ``-3.3867e+23``, far beyond what a float can hold."""
    if not math.isfinite(mantissa) or mantissa == 0:
        return f"{mantissa:.4e}"
    digits, power = f"{Decimal(mantissa) * Decimal(2) ** exponent:.4e}".split("e")
    return f"{digits}e{int(power):+03d}"


def matrix(explosion: Explosion) -> TableChanged:
    """The first seed's product, or its top left corner."""
    plan = explosion.plan
    if plan.dtype == SCALED:
        product = explosion.products.mantissa[0]
        exponent = int(explosion.products.exponent[0])
    else:
        product, exponent = explosion.shown(), 0
    corner = product[:CORNER, :CORNER].tolist()
    return TableChanged(
        table="matrix",
        columns=(f"M after {explosion.factors}", *map(str, range(1, len(corner) + 1))),
        rows=tuple(
            (str(i), *(_entry(value, exponent) for value in row))
            for i, row in enumerate(corner, start=1)
        ),
    )


def spectrum(explosion: Explosion) -> TableChanged:
    """Growth per factor of every direction beside theory."""
    plan, frames = explosion.plan, explosion.frames
    predicted = plan.ensemble.exponents(plan.n, plan.sigma)
    spread = plan.ensemble.variances(plan.n)
    measured, varies = frames.exponents().tolist(), frames.variances().tolist()
    draws = plan.seeds_in_frames * frames.factors
    return TableChanged(
        table="spectrum",
        columns=("", "measured", "± s.e.", "theory", "variance", "its theory"),
        rows=tuple(
            (
                f"λ{i + 1}",
                measured[i],
                math.sqrt(spread[i] / draws),
                predicted[i],
                varies[i],
                spread[i],
            )
            for i in range(plan.n)
        ),
    )


def critical(explosion: Explosion) -> TableChanged:
    """σ of this run, σ* and 1/√n, with the growth per factor that each gives.

    Scaling every factor by c adds ln c to the growth exactly, so these very products say what
    they would have done at another σ.
    """
    plan = explosion.plan
    grown = float(explosion.growth().mean())
    sigmas = {
        "of this run": plan.sigma,
        "critical": critical_sigma(plan.n, plan.entries),
        "1/√n": plan.n**-0.5,
    }
    return TableChanged(
        table="critical σ",
        columns=("σ", "value", "growth per factor", "theory"),
        rows=tuple(
            (
                name,
                sigma,
                grown + math.log(sigma / plan.sigma),
                plan.ensemble.exponents(plan.n, sigma)[0],
            )
            for name, sigma in sigmas.items()
        ),
    )


def ends(explosion: Explosion) -> TableChanged:
    """After how many factors each dtype was lost, by multiplying in it, beside theory."""
    plan, ranges = explosion.plan, explosion.ranges
    rows: list[tuple[str | float, ...]] = []
    for name, dtype in DTYPES.items():
        predicted = expected_end(plan, name)
        left = ranges.left[dtype]
        gone = left[left > 0].double()
        mean = float(gone.mean()) if len(gone) else math.nan
        deviation = float(gone.std()) if len(gone) > 1 else math.nan
        span = f"{int(gone.min())}–{int(gone.max())}" if len(gone) else "—"
        rows.append(
            (
                name,
                "overflow" if predicted.level > 0 else "all zero",
                f"{len(gone)} of {len(left)}",
                mean,
                deviation,
                span,
                predicted.first,
                predicted.deviation,
            )
        )
    return TableChanged(
        table="range",
        columns=("dtype", "ends by", "lost", "at factor", "s.d.", "range", "theory", "its s.d."),
        rows=tuple(rows),
    )


def expected_end(plan: Plan, dtype: str) -> Crossing:
    """The factor at which products leave a dtype on this machine."""
    law = leaves(plan.entries, plan.n, plan.sigma, dtype)
    size = plan.n * plan.ensemble.beta
    if law.level < 0 and plan.entries != "orthogonal" and flushes(DTYPES[dtype], size):
        smallest = math.log(limits(dtype).smallest_normal)
        return crossing(plan.n, plan.sigma, smallest, plan.entries)
    return law


def chapter(explosion: Explosion) -> TableChanged:
    """Where the chapter's own printed matrix lies among such products."""
    law = largest_entry("gaussian", 4, 1.0, CHAPTER_LOOP)
    printed = math.log(CHAPTER_LARGEST)
    rows: list[tuple[str | float, ...]] = [
        ("largest |entry| it prints", scientific(CHAPTER_LARGEST)),
        ("its log10", printed / math.log(10)),
        (
            f"theory, {CHAPTER_LOOP} matrices",
            f"{law.log10_mean:.3f} ± {law.log10_deviation:.3f}",
        ),
        ("percentile by theory", 100 * law.quantile_of(printed)),
    ]
    seen = explosion.after_chapter_loop
    if seen is not None and explosion.plan.entries == "gaussian" and explosion.plan.n == 4:
        share = float((seen < printed).double().mean())
        rows.append((f"percentile among {len(seen)} seeds", 100 * share))
    return TableChanged(table="the chapter's matrix", columns=("", "value"), rows=tuple(rows))


def _entry(value: float | complex, exponent: int) -> str:
    if isinstance(value, complex):
        imaginary = scientific(value.imag, exponent)
        sign = "" if imaginary.startswith("-") else "+"
        return f"{scientific(value.real, exponent)}{sign}{imaginary}i"
    return scientific(value, exponent)
