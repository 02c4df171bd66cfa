"""What is shown of signals passing through many networks: curves beside theory, and tables."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from engine.events import SeriesExtended, TableChanged
from engine.lab.known_starts import Factor
from engine.lab.outlook import Outlook
from engine.lab.propagation import Propagation, gradient_factors, typical
from engine.theory.variance_map import depth_scale

QUANTILES = {"band 5 %": 0.05, "median": 0.5, "band 95 %": 0.95}


def theory_curves(theory: Outlook) -> Iterator[SeriesExtended]:
    """The lines of the variance map and of the correlation map through depth."""
    lines = {
        "forward": [layer.second_moment for layer in theory.layers],
        "backward": [math.sqrt(layer.delta) for layer in theory.layers],
        "gradients": [math.sqrt(square) for square in theory.gradients],
        "correlation": theory.correlations,
    }
    x = tuple(float(layer) for layer in range(1, len(theory.layers) + 1))
    for chart, y in lines.items():
        yield SeriesExtended(series=f"{chart}/theory", x=x, y=tuple(y))


def spread(values: Tensor) -> dict[str, float]:
    """The mean of a quantity over nets [nets], and its quantiles, by the name of the curve."""
    shares = torch.tensor(list(QUANTILES.values()), dtype=torch.float64)
    at = torch.quantile(values, shares).tolist()
    return {"mean of nets": float(values.mean()), **dict(zip(QUANTILES, at, strict=True))}


def forward_points(seen: Propagation, layer: int) -> Iterator[tuple[str, float]]:
    """The newest point of each curve forward: the series and its value."""
    for name, value in spread(seen.h_squared[layer][:, 0]).items():
        yield f"forward/{name}", value
    for name, value in spread(seen.correlation[layer]).items():
        yield f"correlation/{name}", value


def backward_curves(seen: Propagation) -> Iterator[SeriesExtended]:
    """‖δ‖ and ‖∂W‖ of the layers passed so far, which come from the output's side."""
    layers = sorted(seen.delta)
    quantities = {
        "backward": [seen.delta[layer][:, 0] for layer in layers],
        "gradients": [seen.weight_gradient(layer)[:, 0] for layer in layers],
    }
    x = tuple(layer + 1.0 for layer in layers)
    for chart, squares in quantities.items():
        columns = [spread(square) for square in squares]
        for name in columns[0]:
            y = tuple(math.sqrt(column[name]) for column in columns)
            yield SeriesExtended(series=f"{chart}/{name}", x=x, y=y, afresh=True)


def ends(seen: Propagation, theory: Outlook | None) -> TableChanged:
    """First over last hidden layer: the weights' gradients alone can hide what happens."""
    last = seen.start.layers - 2
    n = seen.start.widths
    measured = {
        "activations ‖h‖": (seen.h_squared[0] * n[1], seen.h_squared[last] * n[last + 1]),
        "δ ‖∂loss/∂z‖": (seen.delta[0], seen.delta[last]),
        "weight gradients ‖∂loss/∂W‖": (seen.weight_gradient(0), seen.weight_gradient(last)),
    }
    predicted = [math.nan] * 3
    if theory:
        one, end = theory.layers[0], theory.layers[last]
        predicted = [
            _root(one.second_moment * n[1], end.second_moment * n[last + 1]),
            _root(one.delta, end.delta),
            _root(theory.gradients[0], theory.gradients[last]),
        ]
    return TableChanged(
        table="first over last hidden layer",
        columns=("rms over nets", "measured", "theory"),
        rows=tuple(
            (name, _root(float(a[:, 0].mean()), float(b[:, 0].mean())), predicted[i])
            for i, (name, (a, b)) in enumerate(measured.items())
        ),
    )


def start_table(theory: Outlook, factor: float | None) -> TableChanged:
    """Where the start lies, what its map leads to, and what its nets do."""
    fixed = theory.fixed
    chi = math.nan if factor is None else factor**2
    return TableChanged(
        table="this start",
        columns=("", "theory", "measured"),
        rows=(
            ("σw² = fan_in·Var[w]", theory.weight_variance, "—"),
            ("σb²", theory.bias_variance, "—"),
            ("q*, where E z² leads", fixed.q, "—"),
            ("χ₁ at q*; per layer of the nets", fixed.chi, chi),
            ("phase", fixed.phase, "—"),
            ("depth scale ξ, layers", fixed.depth_scale, depth_scale(chi)),
            ("‖δ‖ per layer, at this depth", theory.factor, math.sqrt(chi)),
            ("c*, where two inputs' correlation leads", theory.fixed_correlation, "—"),
        ),
    )


def known_table(factors: Sequence[Factor], depth: int, width: int) -> TableChanged:
    """The gradient factor per layer of starts that have a name."""
    return TableChanged(
        table="gradient factor per layer",
        columns=(f"{depth} layers of {width}", "theory", "measured", "± tolerance", "nets"),
        rows=tuple((f.name, f.predicted, f.measured, f.tolerance, f.nets) for f in factors),
    )


def summary(seen: Propagation, theory: Outlook | None) -> str:
    """What came out, in a sentence."""
    if 0 not in seen.delta:
        return "the signal was not followed to its end"
    measured = typical(gradient_factors(seen.delta, seen.start.layers - 1))
    said = f"‖δ‖ × {measured:.4f} per layer towards the input"
    if theory is None:
        return f"{said}; no theory for init {seen.start.rule.name}"
    fixed = theory.fixed
    return (
        f"{said} (theory {theory.factor:.4f}); χ₁ = {fixed.chi:.4g}, {fixed.phase}, "
        f"depth scale {fixed.depth_scale:.3g} layers"
    )


def _root(top: float, bottom: float) -> float:
    return math.sqrt(top / bottom) if bottom else math.nan
