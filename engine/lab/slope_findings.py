"""What theory knows of slopes, held against what was sampled."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from engine.lab.finding import Finding
from engine.lab.slopes import Portrait, SlopeProducts, gradient, worst_rule
from engine.rules.activations import ACTIVATIONS

EXACT = 1e-12  # an exact law, but for rounding
SEEN = 100  # living paths from which a share is measured
_QUADRATURE = "Gauss–Legendre panels; Poole et al. 2016, eq. 3"


def of_portraits(portraits: Sequence[Portrait], chosen: Portrait) -> Iterator[Finding]:
    """The rules of all activations, and their moments."""
    yield Finding(
        text="largest gradient of the sigmoid on −8 … 8, by autograd",
        measured=float(gradient(ACTIVATIONS["sigmoid"]).max()),
        predicted=0.25,
        tolerance=EXACT,
        source="σ′ = σ(1 − σ), at most ¼",
    )
    yield Finding(
        text="all derivative rules against autograd on −8 … 8: the worst difference",
        measured=worst_rule(),
        predicted=0.0,
        tolerance=EXACT,
        source="the derivative of each formula",
    )
    yield Finding(
        text="steepest slopes of all activations, found by search: the worst difference",
        measured=max(abs(p.steepest - p.activation.steepest) for p in portraits),
        predicted=0.0,
        tolerance=1e-6,
        source="φ″ = 0",
    )
    name = chosen.activation.name
    for what, square in (("φ²", chosen.value_square), ("φ′²", chosen.slope_square)):
        yield Finding(
            text=f"E {what} of {name}, sampled",
            measured=square.sampled,
            predicted=square.exact,
            tolerance=5 * square.error + EXACT,
            source=_QUADRATURE,
        )
    squares = [square for p in portraits for square in (p.value_square, p.slope_square)]
    yield Finding(
        text="E φ² and E φ′² of all activations, sampled: the worst distance in standard errors",
        measured=max(abs(s.sampled - s.exact) / (s.error + EXACT) for s in squares),
        predicted=0.0,
        tolerance=math.sqrt(25 + 2 * math.log(len(squares))),
        source=_QUADRATURE,
    )


def of_depth(products: SlopeProducts) -> Iterator[Finding]:
    """The product of slopes after all layers; for one that dies, the share of living paths."""
    law, depth, paths = products.law, products.depth, len(products.logs)
    if law.alive == 1:
        yield Finding(
            text=f"log10 of the product of {depth} slopes, mean over {paths:,} paths",
            measured=products.log10()[0],
            predicted=depth * law.mean / math.log(10),
            tolerance=5 * math.sqrt(depth * law.variance / paths) / math.log(10) + EXACT,
            source="depth · E ln|φ′|, by quadrature",
        )


def of_living(products: SlopeProducts) -> Finding | None:
    """The share of paths with a slope other than 0, while enough are left to tell."""
    share = products.law.alive**products.depth
    paths = len(products.logs)
    if products.law.alive == 1 or share * paths < SEEN:
        return None
    return Finding(
        text=f"paths that are alive after {products.depth} layers of {products.activation.name}",
        measured=products.alive(),
        predicted=share,
        tolerance=5 * math.sqrt(share * (1 - share) / paths),
        source="P(φ′ ≠ 0) per layer: ½ for relu",
    )
