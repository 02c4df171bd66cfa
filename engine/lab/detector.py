"""Does a classifier tell source from target? If nothing has shifted, half of its answers are right.

A domain classifier: logistic regression on features of the pictures, trained on one half and
tested on the other (a classifier two-sample test: Lopez-Paz and Oquab 2017, arXiv 1610.06545).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from engine.lab.finding import Finding
from engine.lab.logistic import Logistic, by_bound

RIDGE = 0.01
"""Of |w|²/2, beside the mean logistic loss: what tells apart perfectly has no other minimum."""
ROUNDS = 20
COMPONENTS = 50
ALARM = 2.326348  # of a normal: a false alarm in a hundred


@dataclass(frozen=True, eq=False)
class Detected:
    """`accuracy` [repeats] on `size` fresh pictures, half from each domain."""

    size: int
    accuracy: Tensor

    @property
    def mean(self) -> float:
        """The mean accuracy."""
        return float(self.accuracy.mean())

    @property
    def alarms(self) -> float:
        """The share of repeats whose accuracy is beyond a guess's at the level of one percent."""
        bound = 0.5 + 0.5 * ALARM / math.sqrt(self.size)
        return float((self.accuracy > bound).double().mean())


def of_nothing(tests: Sequence[Detected], text: str, source: str) -> Finding:
    """What all answers of detectors come to where the inputs have not shifted: a half."""
    answers = sum(d.size * len(d.accuracy) for d in tests)
    right = math.fsum(d.size * float(d.accuracy.sum()) for d in tests)
    return Finding(
        text=text,
        measured=right / answers,
        predicted=0.5,
        tolerance=5 * 0.5 / math.sqrt(answers),
        source=f"{source}; five sigma binomial",
    )


def detect(source: Tensor, target: Tensor, size: int, repeats: int, random: Generator) -> Detected:
    """Try `repeats` detectors on `size` pictures of each domain, half of them to train on.

    `source` and `target` are features [n, d] of the same n examples; no example is taken twice in
    a repeat, neither for both domains. `size` is even and at most n/2.
    """
    half = size // 2
    order = torch.stack(
        [torch.randperm(len(source), generator=random)[: 4 * half] for _ in range(repeats)]
    )
    ones, others, more, rest = order.view(repeats, 4, half).unbind(1)
    labels = torch.cat([torch.zeros(half), torch.ones(half)])
    z = _features(source[ones], target[others])
    w = by_bound(Logistic(z, labels.expand(repeats, -1), RIDGE), ROUNDS)
    guessed = (_features(source[more], target[rest]) @ w.unsqueeze(2)).squeeze(2) > 0
    return Detected(2 * half, (guessed == (labels > 0)).double().mean(1))


def _features(source: Tensor, target: Tensor) -> Tensor:
    both = torch.cat([source, target], 1)
    return torch.cat([both, torch.ones_like(both[..., :1])], 2)


class Standardized:
    """Features of pictures in units of their spread over clean ones."""

    def __init__(self, clean: Tensor) -> None:
        self._mean, self._std = clean.mean(0), clean.std(0)

    def __call__(self, x: Tensor) -> Tensor:
        """[n, d] less the mean, over the standard deviation; what is constant stays as it is."""
        return (x - self._mean) / torch.where(self._std > 0, self._std, 1.0)


def principal_axes(x: Tensor) -> Tensor:
    """The first principal axes of x [n, features], at most 50: [features, axes]."""
    centred = (x - x.mean(0)).double()
    vectors: Tensor
    _, vectors = torch.linalg.eigh(centred.T @ centred / len(x))
    return vectors[:, -COMPONENTS:].flip(1).to(x.dtype)
