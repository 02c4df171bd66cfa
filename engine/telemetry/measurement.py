"""The rarer measurements of a network: matrix magnitudes and histograms."""

from __future__ import annotations

from collections.abc import Iterator

from torch import Tensor

from engine.events import Event, HistogramsMeasured, MatricesMeasured
from engine.model.network import Network
from engine.telemetry.histograms import histogram
from engine.telemetry.matrices import matrix_row


def measured(
    step: int, network: Network, gradients: list[Tensor], activations: list[Tensor]
) -> Iterator[Event]:
    """Both events for the state after `step` updates.

    `gradients` [fan_out, fan_in] and `activations` [batch, fan_out] are those of one minibatch at
    these parameters, a tensor for each layer.
    """
    layers = list(zip(network.names, network.weights, gradients, activations, strict=True))
    rows = [
        row
        for name, weight, gradient, _ in layers
        for row in (matrix_row(name, "weight", weight), matrix_row(name, "gradient", gradient))
    ]
    yield MatricesMeasured(step=step, rows=tuple(rows))
    spreads = [
        spread
        for name, weight, gradient, h in layers
        for spread in (
            histogram(name, "weight", weight),
            histogram(name, "gradient", gradient),
            histogram(name, "activation", h),
        )
    ]
    yield HistogramsMeasured(step=step, histograms=tuple(spreads))
