"""‖g_B‖² of many random minibatches at once, from the inner products of single gradients."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from engine.model.network import Network


@dataclass(frozen=True)
class Sampled:
    """The mean of ‖g_B‖² over random minibatches of B examples, and its standard error."""

    batch: int
    mean: float
    error: float


def gram(network: Network, x: Tensor, targets: Tensor) -> Tensor:
    """⟨gᵢ, gⱼ⟩ of the gradients of ½‖oᵢ − tᵢ‖² with respect to all weights and biases, [n, n].

    For an affine layer gᵢ = δᵢ·(xᵢ, 1)ᵀ, so ⟨gᵢ, gⱼ⟩ is the sum over layers of
    ⟨δᵢ, δⱼ⟩·(⟨xᵢ, xⱼ⟩ + 1): no gradient is ever written down. Learned slopes are left out.
    """
    with torch.enable_grad():
        trace = network.trace(x)
        loss = 0.5 * (trace.post[-1] - targets).square().sum()
    products = x.new_zeros(len(x), len(x))
    deltas = torch.autograd.grad(loss, trace.pre)
    for delta, inputs in zip(deltas, trace.inputs, strict=True):
        h = inputs.detach()
        products += (delta @ delta.t()) * (h @ h.t() + 1)
    return products


def full_square(products: Tensor) -> float:
    """‖g‖² of the mean gradient of all examples."""
    return float(products.mean())


def trace_of_noise(products: Tensor) -> float:
    """tr Σ = mean ‖gᵢ‖² − ‖g‖²."""
    return float(products.diagonal().mean()) - full_square(products)


def sampled(products: Tensor, batch: int, draws: int, generator: Generator) -> Sampled:
    """‖g_B‖² of `draws` minibatches of `batch` different examples each."""
    examples = len(products)
    order = torch.rand(draws, examples, generator=generator).argsort(1)[:, :batch]
    share = products.new_zeros(draws, examples).scatter_(1, order, 1 / batch)
    squares = (share @ products).mul_(share).sum(1)
    error = float(squares.std()) / math.sqrt(draws) if draws > 1 else math.nan
    return Sampled(batch, float(squares.mean()), error)


def batch_sizes(examples: int) -> list[int]:
    """1, 2, 4, … and all examples."""
    powers = [2**k for k in range(examples.bit_length())]
    return [*(size for size in powers if size < examples), examples]
