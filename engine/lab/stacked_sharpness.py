"""The largest curvature of the loss, of many nets at once: power iteration on the Hessian.

The loss of all nets together is the sum of theirs, and none depends on another's parameters: one
backward pass gives all gradients, and a second one, through g·v, all products H·v (Pearlmutter
1994). In float64.
"""

from __future__ import annotations

import torch
from torch import Tensor

from engine.lab.stacked import Stack

ITERATIONS = 8
MOST_NUMBERS = 2**24  # beyond it, a graph in float64 is more than a gauge is worth


def sharpness(stack: Stack, x: Tensor, y: Tensor, iterations: int = ITERATIONS) -> Tensor:
    """|λ| of the Hessian's largest eigenvalue on x [batch, inputs], y [batch]; float64 [K].

    From below: the Rayleigh quotient of the last iterate, from the gradient as the first. The
    stack is left as it was. NaN for a net whose gradient is 0 or whose numbers are lost, and for
    all where they are too many to be worth it.
    """
    if sum(weight.numel() for weight in stack.weights) > MOST_NUMBERS:
        return torch.full((stack.nets,), torch.nan, dtype=torch.float64, device=x.device)
    with torch.enable_grad():
        weights = [weight.double().requires_grad_() for weight in stack.weights]
        biases = [bias.double().requires_grad_() for bias in stack.biases]
        parameters = [*weights, *biases]
        loss = _loss(stack, weights, biases, (x.double(), y))
        gradient = torch.autograd.grad(loss, parameters, create_graph=True)
    direction = _unit(tuple(g.detach() for g in gradient))
    curvature = parameters[0].new_zeros(stack.nets)
    for _ in range(iterations):
        product = torch.autograd.grad(
            gradient, parameters, direction, retain_graph=True, materialize_grads=True
        )
        curvature = _inner(product, direction).abs()
        direction = _unit(product)
    return curvature


def _loss(
    stack: Stack, weights: list[Tensor], biases: list[Tensor], minibatch: tuple[Tensor, Tensor]
) -> Tensor:
    x, y = minibatch
    h = x.t().expand(stack.nets, -1, -1)
    for layer, (weight, bias) in enumerate(zip(weights, biases, strict=True)):
        z = weight @ h + bias
        if layer < len(weights) - 1:
            h = torch.cat([rule.forward(z[nets]) for rule, nets in stack.runs])
    losses = torch.nn.functional.cross_entropy(z, y.expand(stack.nets, -1), reduction="none").mean(
        1
    )
    return losses.sum()


def _inner(first: tuple[Tensor, ...], second: tuple[Tensor, ...]) -> Tensor:
    parts = [(a * b).flatten(1).sum(1) for a, b in zip(first, second, strict=True)]
    return torch.stack(parts).sum(0)


def _unit(vector: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    norm = _inner(vector, vector).sqrt().view(-1, 1, 1)
    return tuple(v / norm for v in vector)
