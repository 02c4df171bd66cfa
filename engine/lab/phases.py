"""The plane of (σw², σb²): theory's phases, and networks measured here and there on it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from engine.events import GridChanged
from engine.lab.nets import Nets, Start, hidden_widths
from engine.lab.signals import scaled
from engine.rules.activations import Activation
from engine.rules.initializers import INITIALIZERS, Draw
from engine.theory.criticality import critical_points, half_stable_point
from engine.theory.fluctuations import slope_kurtosis
from engine.theory.phase_diagram import PhaseDiagram, phase_diagram
from engine.theory.variance_map import BEYOND, fixed_points

COLUMNS, ROWS = 32, 12
WIDTH, DEPTH, NETS = 96, 32, 4  # of the networks measured at each place of the plane
PLACES = (0.15, 0.4, 0.65, 0.9), (0.0, 0.5, 0.95)  # their shares of the axes
WIDENED = 4.0  # times, at most: farther off, the line would be a sliver at the edge
CLEAR = 0.1  # |ln χ₁| that stands out of what `DEPTH` layers' mean leaves of chance


@dataclass(frozen=True)
class Place:
    """A place of the plane, χ₁ there by theory, and as `NETS` networks measured it."""

    weight_variance: float
    bias_variance: float
    predicted: float
    measured: float
    blur: float

    @property
    def clear(self) -> bool:
        """Whether theory is far enough from critical for a few small networks to tell.

        Finite width lowers their ln χ by about κ/(2n); `blur` is κ/n.
        """
        return self.predicted == 0 or abs(math.log(self.predicted)) > CLEAR + self.blur

    @property
    def agrees(self) -> bool:
        """Whether theory and measurement call it the same phase."""
        return (self.predicted > 1) == (self.measured > 1)


def plane(activation: Activation, weight_variance: float, bias_variance: float) -> PhaseDiagram:
    """A part of the plane around the critical line, widened to hold this place if it is near."""
    turn = half_stable_point(activation)
    lines = [*critical_points(activation, 0.0), *([turn] if turn else [])]
    right = max(4.0, *(2 * point.weight_variance for point in lines)) if lines else 4.0
    if right < weight_variance <= WIDENED * right:
        right = 1.25 * weight_variance
    top = max(0.3, 1.25 * bias_variance, 2 * turn.bias_variance if turn else 0.0)
    return phase_diagram(
        activation,
        [right * (j + 1) / COLUMNS for j in range(COLUMNS)],
        [top * i / (ROWS - 1) for i in range(ROWS)],
    )


def heatmap(
    diagram: PhaseDiagram, here: tuple[float, float] | None, places: Sequence[Place]
) -> GridChanged:
    """ln χ₁ over the plane, σb² upwards: o ordered, c chaotic, 1 next to the line χ₁ = 1.

    `here` is the run's own place, ×; the `places` show the χ₁ that was measured there.
    """
    values = [
        [math.log(chi) if chi > 0 else -math.inf for chi in row] for row in diagram.chi.tolist()
    ]
    marks = _marks(values)
    points = [
        (*_cell(diagram, p.weight_variance, p.bias_variance), f"{p.measured:.2g}") for p in places
    ]
    if here and here[0] <= diagram.weight_variances[-1]:
        points.append((*_cell(diagram, *here), "×"))
    return GridChanged(
        grid="phases",
        rows=tuple(f"{value:.3g}" for value in reversed(diagram.bias_variances)),
        columns=tuple(f"{value:.3g}" for value in diagram.weight_variances),
        values=tuple(tuple(row) for row in reversed(values)),
        cells=tuple(tuple(row) for row in reversed(marks)),
        points=tuple(points),
    )


def measured_places(
    activation: Activation, diagram: PhaseDiagram, generator: Generator
) -> list[Place]:
    """χ₁ of networks at a dozen places, all of them one batch.

    χ₁ is the typical ‖δ_l‖²/‖δ_{l+1}‖² over the upper half of the layers below the top, where q
    has settled.
    """
    across = [share * diagram.weight_variances[-1] for share in PLACES[0]]
    up = [share * diagram.bias_variances[-1] for share in PLACES[1]]
    pairs = torch.tensor([(sw, sb) for sb in up for sw in across], dtype=torch.float64)
    q, predicted = fixed_points(activation, pairs[:, 0], pairs[:, 1])
    each = pairs.repeat_interleave(NETS, 0)
    start = Start(
        INITIALIZERS["lecun_normal"],
        activation,
        hidden_widths(WIDTH, WIDTH, DEPTH, WIDTH),
        Draw(0.0, 0.0),
    )
    stack = Nets(start, len(each), generator, gains=each[:, 0].sqrt(), bias_stds=each[:, 1].sqrt())
    factors = _slope(stack, generator).reshape(-1, NETS).log().mean(1).exp()
    blurs = [slope_kurtosis(activation, min(at, BEYOND)) / WIDTH for at in q.tolist()]
    rows = zip(pairs.tolist(), predicted.tolist(), factors.tolist(), blurs, strict=True)
    return [Place(sw, sb, theory, seen, blur) for (sw, sb), theory, seen, blur in rows]


def _slope(stack: Nets, generator: Generator) -> Tensor:
    """Each net's geometric mean of ‖δ_l‖²/‖δ_{l+1}‖² over its upper half, [nets]."""
    shape = stack.nets, 1, WIDTH
    x = scaled(torch.randn(shape, generator=generator), 1.0)
    for _ in stack.forward(x):
        pass
    end = torch.randn(shape, generator=generator, dtype=torch.float64)
    squares = [delta.square().sum((1, 2)) for delta in stack.backward(end)]
    half = DEPTH // 2
    return ((squares[half] / squares[0]).log() / half).exp()


def _cell(
    diagram: PhaseDiagram, weight_variance: float, bias_variance: float
) -> tuple[float, float]:
    column = weight_variance / diagram.weight_variances[-1] * COLUMNS - 1
    row = (ROWS - 1) * (1 - bias_variance / diagram.bias_variances[-1])
    return column, row


def _marks(values: list[list[float]]) -> list[list[str]]:
    marks = [["c" if value > 0 else "o" for value in row] for row in values]
    for row, mark in zip(values, marks, strict=True):
        for j in range(len(row) - 1):
            if (row[j] > 0) != (row[j + 1] > 0):
                mark[j if abs(row[j]) < abs(row[j + 1]) else j + 1] = "1"
    return marks
