"""From how many examples a shift is noticed: a classifier's held-out hits, tested exactly.

The classifier two-sample test (Lopez-Paz and Oquab 2017). If nothing has shifted, domains of
held-out examples are exchangeable: given how many of them are called target, the number that come
from the target is hypergeometric, and a test by permutations has Fisher's exact p-value.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from engine.lab.covariate_domain import classify, logits
from engine.theory.importance import Shift

LEVEL, RUNS, RIDGE = 0.05, 200, 1e-3
SIZES = (8, 16, 32, 64, 128, 256, 512, 1024)
"""Examples of each domain: half to learn from, half held out."""


@dataclass(frozen=True)
class Alarms:
    """Runs in which the test of size `level` rejects: at the shift, and where nothing moved.

    `attained` is each run's exact probability of a false alarm given its margins, at most LEVEL.
    """

    size: int
    noticed: Tensor
    false: Tensor
    attained: Tensor

    @property
    def power(self) -> float:
        """How often the shift is noticed."""
        return float(self.noticed.double().mean())

    @property
    def false_rate(self) -> float:
        """How often nothing is taken for a shift."""
        return float(self.false.double().mean())


class Watch:
    """RUNS runs with the same standard normal examples at every size, the first so many."""

    def __init__(self, degree: int, random: Generator) -> None:
        self._degree = degree
        shape = (2, RUNS, SIZES[-1])
        self._source, self._target = torch.randn(shape, generator=random, dtype=torch.float64)

    def alarms(self, shift: Shift, size: int) -> Alarms:
        """Learn from one half and test with the other."""
        source, moved = self._source[:, :size], shift.mean + shift.std * self._target[:, :size]
        noticed, _ = self._rejected(source, moved)
        false, attained = self._rejected(source, self._target[:, :size])
        return Alarms(size, noticed, false, attained)

    def _rejected(self, source: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        half = source.shape[1] // 2
        phi = classify(source[:, :half], target[:, :half], self._degree, ridge=RIDGE)
        hits = (logits(target[:, half:], phi) > 0).sum(1)
        called = hits + (logits(source[:, half:], phi) > 0).sum(1)
        tail = tails(called, half)
        rejected = tail.gather(1, hits[:, None])[:, 0] <= LEVEL
        return rejected, torch.where(tail <= LEVEL, tail, 0).amax(1)


def tails(called: Tensor, half: int) -> Tensor:
    """P(hits ≥ j) for j = 0 … half, [runs, half + 1].

    Of `half` examples of each domain so many of both [runs] are called target, regardless of
    the domain: hits, those among them that are the target's, are hypergeometric.
    """
    j = torch.arange(half + 1, dtype=torch.float64)
    rest = called[:, None].double() - j
    possible = (rest >= 0) & (rest <= half)
    log_p = _log_choose(half, j) + _log_choose(half, rest.clamp(0, half))
    log_p = log_p - _log_choose(2 * half, called[:, None].double())
    p = torch.where(possible, log_p.exp(), 0)
    return p.flip(1).cumsum(1).flip(1).clamp(max=1)


def _log_choose(n: int, k: Tensor) -> Tensor:
    whole = torch.tensor(float(n + 1), dtype=torch.float64)
    return torch.lgamma(whole) - torch.lgamma(k + 1) - torch.lgamma(n - k + 1)
