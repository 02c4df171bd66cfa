"""Four sizes of a training run, held against their laws."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from engine.lab.descent import Descent
from engine.lab.edge import Edge
from engine.lab.finding import Finding
from engine.lab.gradient_squares import Sampled
from engine.lab.starting_losses import StartingLoss
from engine.theory.edge import stable_sharpness
from engine.theory.initial_loss import small_logits

HOVERING = 0.15  # sharpness hovers at the edge or just above: no law says how far
CLAIMED = (1.0, 10.0)  # deviations of the logits
_NOTHING = 1e-9
_NOISE = "‖g‖² + (tr Σ/B)(n − B)/(n − 1); Cochran 1977, theorem 2.2"


def findings(edge: Edge) -> Iterator[Finding]:
    """All that came out and has a law."""
    yield from of_losses(edge.losses, edge.classes)
    if edge.square_by_autograd > 0:
        yield _full_gradient(edge)
        yield from of_noise(edge.noise, edge.laws)
    yield from _at_the_edge(edge.descent)


def of_losses(losses: Sequence[StartingLoss], classes: int) -> Iterator[Finding]:
    """The loss before training at each deviation of the logits."""
    least = losses[0]
    yield Finding(
        text=f"loss before training, logits of s = {least.deviation:g}, by the expansion",
        measured=least.mean,
        predicted=small_logits(classes, least.deviation),
        tolerance=5 * least.error + least.deviation**4,
        source=f"ln {classes} + {0.5 * (1 - 1 / classes):.3g} s² + O(s⁴)",
    )
    for loss in (loss for loss in losses if loss.deviation in CLAIMED):
        yield Finding(
            text=f"loss before training, logits of s = {loss.deviation:g}",
            measured=loss.mean,
            predicted=loss.predicted,
            tolerance=5 * loss.error + _NOTHING,
            source="E ln Σ exp(s g), by quadrature",
        )
    yield _worst(
        f"loss before training at all {len(losses)} deviations",
        [abs(loss.mean - loss.predicted) / (loss.error + _NOTHING) for loss in losses],
    )


def of_noise(samples: Sequence[Sampled], laws: Sequence[float]) -> Iterator[Finding]:
    """The mean square of minibatch gradients at each batch size."""
    both = list(zip(samples, laws, strict=True))
    for sample, law in (both[0], both[len(both) // 2], both[-1]):
        yield Finding(
            text=f"E‖g_B‖² over its formula, B = {sample.batch}",
            measured=sample.mean / law,
            predicted=1.0,
            tolerance=5 * sample.error / law + _NOTHING,
            source=_NOISE,
        )
    yield _worst(
        f"E‖g_B‖² at all {len(both)} batch sizes",
        [abs(sample.mean - law) / (sample.error + _NOTHING * law) for sample, law in both],
    )


def _worst(what: str, distances: Sequence[float]) -> Finding:
    return Finding(
        text=f"{what}: the worst distance in standard errors",
        measured=max(distances),
        predicted=0.0,
        tolerance=math.sqrt(25 + 2 * math.log(len(distances))),
        source="five sigma, for as many tries",
    )


def _full_gradient(edge: Edge) -> Finding:
    return Finding(
        text="‖g‖² from the inner products of single gradients, over autograd's",
        measured=edge.full_square / edge.square_by_autograd,
        predicted=1.0,
        tolerance=_NOTHING,
        source="g is the mean of all gᵢ",
    )


def _at_the_edge(descent: Descent) -> Iterator[Finding]:
    hovers = descent.hovers()
    if hovers is not None:
        edge = stable_sharpness(descent.lr)
        yield Finding(
            text=f"sharpness at the edge of stability, median up to step {descent.steps}",
            measured=hovers,
            predicted=edge,
            tolerance=HOVERING * edge,
            source="2/η; Cohen et al. 2021, arXiv 2103.00065 (an observation, not a theorem)",
        )
