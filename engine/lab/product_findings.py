"""What theory knows exactly of random products, held against a batch of them."""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch

from engine.lab.explosion import CHAPTER_LOOP, Explosion
from engine.lab.finding import Finding
from engine.lab.product_tables import CHAPTER_LARGEST, expected_end
from engine.theory.overflow import DTYPES
from engine.theory.product_laws import gap, largest_entry
from engine.theory.products import critical_sigma

_NEWMAN = "Newman 1986"


def findings(explosion: Explosion) -> Iterator[Finding]:
    """What theory knows exactly of these settings."""
    if explosion.plan.ensemble.exact:
        yield from _growth_claims(explosion)
        yield _spectrum_claim(explosion)
        yield from _rank_claim(explosion)
        yield from _end_claims(explosion)
    plan = explosion.plan
    if plan.entries == "gaussian" and plan.n == 4:
        yield _chapter_claim()


def _growth_claims(explosion: Explosion) -> Iterator[Finding]:

    plan = explosion.plan
    grown, k = explosion.growth(), explosion.factors
    per_factor = plan.ensemble.exponents(plan.n, plan.sigma)[0]
    variance = plan.ensemble.variances(plan.n)[0]
    tolerance = 5 * math.sqrt(variance / (k * plan.seeds)) + 1e-12
    measured = float(grown.mean())
    yield Finding(
        text="growth per factor, mean of ln‖e₁ᵀM‖ over seeds",
        measured=measured,
        predicted=per_factor,
        tolerance=tolerance,
        source=plan.ensemble.source,
    )
    critical = critical_sigma(plan.n, plan.entries)
    yield Finding(
        text="critical σ, at which these products would neither grow nor shrink",
        measured=plan.sigma * math.exp(-measured),
        predicted=critical,
        tolerance=critical * math.expm1(tolerance),
        source=f"exp(−λ₁) at σ = 1; {plan.ensemble.source}",
    )
    if variance and plan.seeds >= 20:
        yield Finding(
            text="variance of that growth over seeds, over its theory",
            measured=float(grown.var()) * k / variance,
            predicted=1.0,
            tolerance=_variance_tolerance(plan.seeds),
            source="¼ψ′(βn/2) per factor; Forrester 2015, arXiv 1501.05702",
        )
    law = largest_entry(plan.entries, plan.n, plan.sigma, k)
    yield Finding(
        text=f"log10 of the first seed's largest entry after {k} factors",
        measured=float(explosion.products.log_largest()[0]) / math.log(10),
        predicted=law.log10_mean,
        tolerance=(5 if variance else 1) * law.log10_deviation + 1e-9,
        source=f"law of ln max|M| of a product of rank one; {_NEWMAN}",
    )


def _variance_tolerance(seeds: int) -> float:
    """Five sigma above for a χ² over its degrees of freedom (Wilson and Hilferty 1931)."""
    share = 2 / (9 * (seeds - 1))
    return (1 - share + 5 * math.sqrt(share)) ** 3 - 1


def _spectrum_claim(explosion: Explosion) -> Finding:

    plan, frames = explosion.plan, explosion.frames
    spread = torch.tensor(plan.ensemble.variances(plan.n), dtype=torch.float64)
    predicted = torch.tensor(plan.ensemble.exponents(plan.n, plan.sigma), dtype=torch.float64)
    off = (frames.exponents() - predicted).abs()
    errors = (spread / (plan.seeds_in_frames * frames.factors)).sqrt() + 1e-12
    return Finding(
        text=f"all {plan.n} Lyapunov exponents by QR: the worst one's distance, in standard errors",
        measured=float((off / errors).max()),
        predicted=0.0,
        tolerance=math.sqrt(25 + 2 * math.log(plan.n)),
        source=plan.ensemble.source,
    )


def _rank_claim(explosion: Explosion) -> Iterator[Finding]:

    plan = explosion.plan
    if explosion.log_gap is None:
        return
    mean, variance = gap(plan.ensemble, plan.n, plan.gap_at)
    yield Finding(
        text=f"towards rank one: ln σ₁/σ₂ after {plan.gap_at} factors, mean over seeds",
        measured=float(explosion.log_gap.mean()),
        predicted=mean,
        tolerance=5 * math.sqrt(variance / plan.seeds),
        source=f"k(λ₁ − λ₂) and what k → ∞ leaves over; {_NEWMAN}",
    )


def _end_claims(explosion: Explosion) -> Iterator[Finding]:
    """Overflow alone: the last digits of a product that shrinks are few, and theory's are not."""

    plan, seeds = explosion.plan, explosion.plan.seeds_in_ranges
    for name in ("float32", "float64"):
        left = explosion.ranges.left[DTYPES[name]]
        law = expected_end(plan, name)
        if law.level < 0 or not bool((left > 0).all()) or law.deviation > 0.2 * law.first:
            continue
        yield Finding(
            text=f"the factor at which {name} overflows, mean over {seeds} seeds",
            measured=float(left.double().mean()),
            predicted=law.first,
            tolerance=5 * law.deviation / math.sqrt(seeds) + 1,
            source="first passage of a random walk; Siegmund 1985, chapter 8",
        )


def _chapter_claim() -> Finding:

    law = largest_entry("gaussian", 4, 1.0, CHAPTER_LOOP)
    return Finding(
        text=f"log10 of the largest entry that the chapter prints, of {CHAPTER_LOOP} matrices",
        measured=math.log10(CHAPTER_LARGEST),
        predicted=law.log10_mean,
        tolerance=5 * law.log10_deviation,
        source=f"the chapter's own output; {_NEWMAN}",
    )
