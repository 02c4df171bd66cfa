"""What is sent through networks at initialization: Gaussian directions, or examples."""

from __future__ import annotations

import math

import torch
from torch import Generator, Tensor
from torch.nn.functional import normalize

from engine.data.dataset import Dataset


def pair_of_inputs(
    nets: int, features: int, second_moment: float, correlation: float, generator: Generator
) -> Tensor:
    """For each net two Gaussian directions, float64 [nets, 2, features].

    Each input has exactly this mean square, and each pair exactly this correlation (the cosine of
    the angle between them); at least two features.
    """
    draws = torch.randn(nets, 2, features, generator=generator, dtype=torch.float64)
    first = normalize(draws[:, 0], dim=-1)
    across = draws[:, 1] - (draws[:, 1] * first).sum(-1, keepdim=True) * first
    second = correlation * first + math.sqrt(1 - correlation**2) * normalize(across, dim=-1)
    return scaled(torch.stack([first, second], dim=1), second_moment)


def scaled(inputs: Tensor, second_moment: float) -> Tensor:
    """Every input [..., features] brought to this mean square, in float64."""
    return normalize(inputs.double(), dim=-1) * math.sqrt(inputs.shape[-1] * second_moment)


def some_examples(dataset: Dataset, count: int, generator: Generator) -> tuple[Tensor, float]:
    """Training examples, float64 [1, count, features], and the mean square of all training inputs.

    Each of them is scaled to that mean square.
    """
    unit = 255 if dataset.x_train.dtype == torch.uint8 else 1
    second = float(dataset.x_train.float().square().mean()) / unit**2
    some = torch.randperm(len(dataset.x_train), generator=generator)[:count]
    return scaled(dataset.x_train[some], second)[None], second
