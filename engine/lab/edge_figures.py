"""What the edge experiment draws: laws as curves, measurements as tables."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from engine.events import Event, SeriesExtended, TableChanged
from engine.lab.descent import Descent
from engine.lab.edge import DEVIATIONS, Edge
from engine.theory.edge import (
    HEALTHY_UPDATE,
    instability,
    stable_sharpness,
    update_is_healthy,
)
from engine.theory.initial_loss import (
    expected_maximum,
    initial_loss,
    large_logits,
    small_logits,
)

SMALL_UNTIL = 4.0  # as far as the expansion for small logits is drawn


def laws_of_loss(classes: int) -> Iterator[Event]:
    """Loss against the logits' deviation: exact, and its two limits."""
    grid = [DEVIATIONS[-1] * k / 20 for k in range(21)]
    small = [s for s in grid if s <= SMALL_UNTIL]
    name = f"theory ln {classes} + {0.5 * (1 - 1 / classes):.3g} s²"
    yield _curve("initial/theory", grid, [initial_loss(classes, s) for s in grid])
    yield _curve(f"initial/{name}", small, [small_logits(classes, s) for s in small])
    name = f"theory {expected_maximum(classes):.3g} s"
    yield _curve(f"initial/{name}", grid, [large_logits(classes, s) for s in grid])


def losses(edge: Edge) -> TableChanged:
    """The loss before training at each deviation of the logits."""
    return TableChanged(
        table="loss before training",
        columns=("logits' s", "measured", "± s.e.", "theory", "for small s", "for large s"),
        rows=tuple(
            (
                loss.deviation,
                loss.mean,
                loss.error,
                loss.predicted,
                small_logits(edge.classes, loss.deviation),
                large_logits(edge.classes, loss.deviation),
            )
            for loss in edge.losses
        ),
    )


def law_of_noise(edge: Edge) -> Event:
    """The formula over the batch sizes."""
    sizes = [math.log2(size) for size in edge.sizes]
    return _curve("noise/theory", sizes, [log10(law) for law in edge.laws])


def noise(edge: Edge) -> TableChanged:
    """The mean square of minibatch gradients at each batch size."""
    return TableChanged(
        table="gradient noise",
        columns=("B", "E‖g_B‖²", "± s.e.", "theory"),
        rows=tuple(
            (sample.batch, sample.mean, sample.error, law)
            for sample, law in zip(edge.noise, edge.laws, strict=False)
        ),
    )


def laws_of_descent(lr: float, steps: int) -> Iterator[Event]:
    """The edge, and the healthy band of updates, over the steps to come."""
    span, edge = (0.0, float(steps)), stable_sharpness(lr)
    yield _curve("sharpness/theory 2/η", span, (edge, edge))
    for bound in HEALTHY_UPDATE:
        yield _curve(f"update/band {bound:g}", span, (bound, bound))


def sizes(edge: Edge) -> TableChanged:
    """Sharpness, updates and noise in numbers, once there was a step."""
    down = edge.descent
    hovers = down.hovers()
    rows: list[tuple[str | float, ...]] = [
        ("2/η", stable_sharpness(down.lr)),
        ("sharpness at the start", down.sharpness[0]),
        ("sharpness at the end", down.sharpness[-1]),
        ("hovers at", "not settled at the edge" if hovers is None else hovers),
        ("ηλ/2 at the end", instability(down.sharpness[-1], down.lr)),
        ("loss", down.loss),
        ("tr Σ/‖g‖² before training, in examples", edge.noise_scale),
    ]
    for name, ratio in zip(down.network.names, down.ratios, strict=True):
        verdict = "healthy" if update_is_healthy(ratio) else "outside −3.5 … −2.5"
        rows.append((f"log10 |Δ|/|W| of {name}", f"{log10(ratio):.2f}, {verdict}"))
    return TableChanged(table="sizes", columns=("", "value"), rows=tuple(rows))


def summary(down: Descent) -> str:
    """What came out beside theory, in a sentence."""
    if not down.steps:
        return "nothing was trained"
    edge, hovers = stable_sharpness(down.lr), down.hovers()
    if down.diverged:
        return (
            f"gradient descent diverged in step {down.steps}: it began at sharpness "
            f"{down.sharpness[0]:.4g}, beside 2/η = {edge:.4g}"
        )
    if hovers is None:
        return (
            f"after {down.steps} steps the sharpness is {down.sharpness[-1]:.4g} (it began at "
            f"{down.sharpness[0]:.4g}) beside 2/η = {edge:.4g}, where it has not settled"
        )
    return (
        f"the sharpness rose from {down.sharpness[0]:.4g} and hovers at {hovers:.4g}, beside "
        f"2/η = {edge:.4g}; the loss is {down.loss:.4g} after {down.steps} steps"
    )


def log10(value: float) -> float:
    """NaN, which is not drawn, for what has no logarithm."""
    return math.log10(value) if value > 0 else math.nan


def _curve(series: str, x: Sequence[float], y: Sequence[float]) -> SeriesExtended:
    return SeriesExtended(series=series, x=tuple(x), y=tuple(y), afresh=True)
