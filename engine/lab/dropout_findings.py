"""What dropout must do, held against masks and a law."""

from __future__ import annotations

from collections.abc import Iterator

from engine.lab.dropout_law import RATES, Law
from engine.lab.dropout_masks import HEIGHT, Identities, MaskSums
from engine.lab.finding import Finding
from engine.theory import dropout as theory

LEAST = 25  # zeros, and ones, to expect before their number is nearly normal
ROUNDING = 1e-12
_TWO_VALUES = "a unit is 0 with probability p, else h/(1 − p)"
_BITS = "the mask is all ones"
_EDGE = "u in [0, 1): P(u < p) = p, and p = 0 keeps u = 0"
_LAW = "Srivastava et al. 2014, section 9.1; Wager et al. 2013"


def mask_findings(masks: MaskSums) -> Iterator[Finding]:
    """Zeros, mean and variance, where enough was drawn for five sigma to mean something."""
    p, draws = masks.p, masks.draws
    if 0 < p < 1 and draws * min(p, 1 - p) < LEAST:
        return
    mean, variance = masks.moments()
    drawn = f"{draws:,} draws at p = {p:g}"
    yield Finding(
        text=f"zeros among {drawn}",
        measured=masks.zeros(),
        predicted=p,
        tolerance=theory.fraction_tolerance(p, draws),
        source="the definition: a unit is dropped with probability p",
    )
    yield Finding(
        text=f"mean of h∘mask/(1 − p), h = {HEIGHT:g}, {drawn}",
        measured=mean,
        predicted=theory.mean(HEIGHT, p),
        tolerance=theory.mean_tolerance(HEIGHT, p, draws) + ROUNDING,
        source=f"E = h: {_TWO_VALUES}" if p < 1 else "nothing is left",
    )
    yield Finding(
        text=f"variance of h∘mask/(1 − p), h = {HEIGHT:g}, {drawn}",
        measured=variance,
        predicted=theory.variance(HEIGHT, p),
        tolerance=theory.variance_tolerance(HEIGHT, p, draws) + ROUNDING,
        source=f"h²p/(1 − p): {_TWO_VALUES}" if p < 1 else "nothing is left",
    )


def identity_findings(found: Identities, p: float) -> Iterator[Finding]:
    """What must be so to the last bit."""
    rows = (
        ("p = 0: entries that differ in any bit from a layer without dropout", found.kept, _BITS),
        (f"eval mode at p = {p:g}: entries that differ in any bit", found.evaluated, "no mask"),
        ("p = 1: entries that are not 0, NaN among them", found.lost, "the mask is all zeros"),
        ("p = a number drawn: units on its wrong side, u < p kept or u ≥ p not", found.edge, _EDGE),
    )
    for text, measured, source in rows:
        yield Finding(text=text, measured=measured, predicted=0.0, tolerance=0.0, source=source)


def law_findings(law: Law) -> Iterator[Finding]:
    """E‖y − (X∘M)w‖² = RSS + p/(1 − p)·Σ wⱼ²‖Xⱼ‖²: every mask counted, and masks drawn."""
    yield Finding(
        text=f"linear law: |loss over all masks ÷ law − 1| at most, for {len(RATES)} rates",
        measured=max(abs(law.counted(p)[0] / law.expected(p) - 1) for p in RATES),
        predicted=0.0,
        tolerance=ROUNDING,
        source=_LAW,
    )
    yield Finding(
        text="linear law: |w that is best over all masks − w of ridge regression| at most",
        measured=max(
            float((law.counted_weights(p) - theory.ridge_weights(law.x, law.y, p)).abs().max())
            for p in RATES
        ),
        predicted=0.0,
        tolerance=ROUNDING,
        source=f"{_LAW}: penalty p/(1 − p)·‖Xⱼ‖² on wⱼ²",
    )
    if law.draws >= LEAST:
        yield Finding(
            text=f"linear law: farthest mean loss of {law.draws:,} draws from it, in its sigmas",
            measured=law.farthest(),
            predicted=0.0,
            tolerance=theory.SIGMAS,
            source=f"{_LAW}; sigma counted over all masks",
        )
