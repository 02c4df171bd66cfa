"""A net with one hidden layer and weight decay as a graph: every value, every gradient by hand.

z = W1 x, h = φ(z), o = W2 h, L = loss(o, y), s = λ/2 (‖W1‖² + ‖W2‖²), J = L + s: "Forward
Propagation, Backward Propagation, and Computational Graphs" of Dive into Deep Learning. Examples
are columns, so that x is [inputs × n]; L is the mean over them. There are no biases.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from engine.rules.activations import ACTIVATIONS, Activation
from engine.training.seeds import generator

DTYPES = {"float64": torch.float64, "float32": torch.float32}
PARAMETERS = ("W1", "W2")
Phi = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Plan:
    """What the graph is made of; `loss` is "squared" or "cross_entropy", `decay` is λ."""

    activation: str
    inputs: int
    hidden: int
    outputs: int
    batch: int
    loss: str
    decay: float
    dtype: str
    seed: int


@dataclass(frozen=True)
class Net:
    """The givens: x [inputs × n], y [outputs × n], W1 [hidden × inputs], W2 [outputs × hidden].

    For the cross-entropy the columns of y are one-hot.
    """

    x: Tensor
    y: Tensor
    w1: Tensor
    w2: Tensor
    activation: Activation
    loss: str
    decay: float


def net(plan: Plan) -> Net:
    """Weights N(0, 1/fan_in), inputs and targets N(0, 1), classes at random.

    The numbers are drawn in float64 and then rounded: both dtypes have the same net.
    """
    random = generator(plan.seed, "initialization")

    def normal(rows: int, columns: int, scale: float = 1.0) -> Tensor:
        drawn = torch.randn(rows, columns, generator=random, dtype=torch.float64) * scale
        return drawn.to(DTYPES[plan.dtype])

    w1 = normal(plan.hidden, plan.inputs, plan.inputs**-0.5)
    w2 = normal(plan.outputs, plan.hidden, plan.hidden**-0.5)
    x, y = normal(plan.inputs, plan.batch), normal(plan.outputs, plan.batch)
    if plan.loss == "cross_entropy":
        y = torch.zeros_like(y).scatter_(0, y.argmax(0, keepdim=True), 1.0)
    return Net(x, y, w1, w2, ACTIVATIONS[plan.activation], plan.loss, plan.decay)


def values(given: Net) -> dict[str, Tensor]:
    """The value of every node, in the order of the forward pass; autograd may watch."""
    z = given.w1 @ given.x
    h = given.activation.forward(z)
    o = given.w2 @ h
    loss = mean_loss(o, given.y, given.loss)
    s = penalty(given.w1, given.w2, given.decay)
    return {
        "x": given.x,
        "W1": given.w1,
        "z": z,
        "h": h,
        "W2": given.w2,
        "o": o,
        "y": given.y,
        "L": loss,
        "s": s,
        "J": loss + s,
    }


def mean_loss(o: Tensor, y: Tensor, loss: str) -> Tensor:
    """L [...] of o [... × outputs × n], the mean over the n examples; complex o are taken too.

    Squared: ½‖o − y‖². Cross-entropy: −yᵀ ln softmax(o).
    """
    if loss == "squared":
        return 0.5 * (o - y).square().sum((-2, -1)) / y.shape[-1]
    return -(y * _log_softmax(o)).sum((-2, -1)) / y.shape[-1]


def _log_softmax(o: Tensor) -> Tensor:
    if not o.is_complex():
        return o.log_softmax(-2)
    shifted = o - o.real.amax(-2, keepdim=True)
    return shifted - shifted.exp().sum(-2, keepdim=True).log()


def penalty(w1: Tensor, w2: Tensor, decay: float) -> Tensor:
    """s = λ/2 (‖W1‖² + ‖W2‖²) [...] of stacked matrices."""
    return 0.5 * decay * (w1.square().sum((-2, -1)) + w2.square().sum((-2, -1)))


def objective(given: Net, w1: Tensor, w2: Tensor, phi: Phi) -> Tensor:
    """J [...] at other weights, one matrix or many stacked in front, real or complex."""
    kind = torch.result_type(w1, w2)
    o = w2.to(kind) @ phi(w1.to(kind) @ given.x.to(kind))
    return mean_loss(o, given.y, given.loss) + penalty(w1, w2, given.decay)


def gradients(given: Net, v: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """∂J/∂node by hand, in the order of the backward pass, each of its node's shape."""
    one = torch.ones_like(v["J"])
    of_o = _loss_slope(given, v["o"]) / given.y.shape[1]
    of_h = given.w2.T @ of_o
    rule = given.activation.derivative
    assert rule is not None, "the settings offer no φ with a learned parameter"
    of_z = of_h * rule(v["z"], v["h"])
    return {
        "J": one,
        "L": one,
        "s": one,
        "o": of_o,
        "W2": of_o @ v["h"].T + given.decay * given.w2,
        "h": of_h,
        "z": of_z,
        "W1": of_z @ given.x.T + given.decay * given.w1,
    }


def _loss_slope(given: Net, o: Tensor) -> Tensor:
    """∂loss/∂o of each example by itself, [outputs × n]."""
    return (o if given.loss == "squared" else o.softmax(0)) - given.y


def one_by_one(given: Net) -> dict[str, Tensor]:
    """∂L/∂W1 and ∂L/∂W2 as the means of every single example's own gradient, no decay."""
    count = given.x.shape[1]
    total = {name: torch.zeros_like(w) for name, w in zip(PARAMETERS, weights(given), strict=True)}
    for i in range(count):
        single = replace(given, x=given.x[:, i : i + 1], y=given.y[:, i : i + 1], decay=0.0)
        found = gradients(single, values(single))
        for name in PARAMETERS:
            total[name] += found[name] / count
    return total


def weights(given: Net) -> tuple[Tensor, Tensor]:
    """W1 and W2."""
    return given.w1, given.w2
