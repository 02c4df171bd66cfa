"""Many targets with shifted label shares at once, and what is estimated from each of them.

A trial divides a pool of examples that the classifier has never seen: some of each class are held
out, where labels are known, and others make up the target. Only counts of (predicted, label)
matter, and those of a random division are hypergeometric, so no example is ever moved. Given the
pool, trials are independent of each other, and the laws of `engine.theory.label_shift` hold for
each with the pool's own C (drawing two disjoint parts, the finite population cancels out of the
difference).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from engine.errors import BadInput
from engine.theory import label_shift as theory

SIGMAS_KEPT = 6.0
"""By how much the pool exceeds what a target is expected to take of any class."""
LEAST, FINE = 10, 200  # examples of a target, and from how many on it is cut by more than one
BAR = 1.959964  # of a normal: two-sided 95 %


@dataclass(frozen=True, eq=False)
class Trials:
    """R targets of `m` examples with label shares p, all float64.

    `matrix` [R, K, K] is the C of each one's held-out examples, `naive` [R, K] are the shares of
    predicted classes, `estimate` [R, K] is C⁻¹ of them (NaN where C is singular) and `std` [R, K]
    its standard deviation as an observer estimates it, who knows none of the target's labels.
    `correct` [R] is the fraction of the target that is classified rightly.
    """

    m: int
    matrix: Tensor
    naive: Tensor
    estimate: Tensor
    std: Tensor
    correct: Tensor

    def errors(self, p: Tensor) -> tuple[Tensor, Tensor]:
        """Σ|p̂ − p| of the estimates and of the naive shares, both [R]."""
        return (self.estimate - p).abs().sum(1), (self.naive - p).abs().sum(1)

    def covered(self, p: Tensor) -> Tensor:
        """Whether the 95 % bar of each class contains its true share, [R, K]."""
        return (self.estimate - p).abs() <= BAR * self.std


@dataclass(frozen=True, eq=False)
class Pool:
    """Counts [predicted, label] of the examples that a trial divides, int64.

    `held` [K] of each class are held out. Inputs that have changed since the training have
    `shifted` counts of the same examples: then the target is drawn from those.
    """

    counts: Tensor
    held: Tensor
    shifted: Tensor | None = None

    @property
    def matrix(self) -> Tensor:
        """C of the whole pool."""
        return theory.conditional(self.counts)

    @property
    def left(self) -> Tensor:
        """How many of each class a target can take, [K]."""
        return self.counts.sum(0) - self.held

    def most(self, p: Tensor, m: int) -> int:
        """The largest target up to `m` that the pool can supply with label shares p.

        Raises:
            BadInput: when there is none.
        """
        coarse = range(m, FINE, min(-1, -m // FINE))
        sizes: list[int] = [*coarse, *range(min(m, FINE), LEAST - 1, -1)]
        for wanted in sizes:
            expected = wanted * p
            enough = expected + SIGMAS_KEPT * (expected * (1 - p)).sqrt() <= self.left
            if bool((enough | (p == 0)).all()):
                return wanted
        raise BadInput(
            f"beside those trained on or held out {int(self.left[p > 0].min())} examples of a "
            f"class are left, too few for a target of {LEAST}: take fewer train_examples, fewer "
            "held, or more data"
        )

    def trials(self, p: Tensor, m: int, repeats: int, random: np.random.Generator) -> Trials:
        """`repeats` targets of `m` labels drawn by shares p [K], each with its own hold-out."""
        classes = len(p)
        pool = np.broadcast_to(self.counts.numpy(), (repeats, classes, classes))
        held = _drawn(pool, np.broadcast_to(self.held.numpy(), (repeats, classes)), random)
        labels = np.minimum(random.multinomial(m, p.numpy(), size=repeats), self.left.numpy())
        source = pool - held
        if self.shifted is not None:
            source = np.broadcast_to(self.shifted.numpy(), pool.shape)
        target = torch.from_numpy(_drawn(source, labels, random))
        return _solved(torch.from_numpy(held), target, m)


def _solved(held: Tensor, target: Tensor, m: int) -> Trials:
    matrix, total = theory.conditional(held), target.sum((1, 2)).double()
    naive = target.sum(2).double() / total[:, None]
    singular = theory.condition(matrix).isinf()[:, None]
    estimate = theory.solve(matrix, naive).masked_fill(singular, math.nan)
    spread = theory.covariance(matrix, estimate, m, held.sum(1).double())
    return Trials(
        m=m,
        matrix=matrix,
        naive=naive,
        estimate=estimate,
        std=theory.deviations(spread),
        correct=target.diagonal(dim1=1, dim2=2).sum(1).double() / total,
    )


def _drawn(pool: np.ndarray, sizes: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Without replacement `sizes` [R, label] of `pool` [R, predicted, label]: counts like it."""
    found = np.zeros_like(pool)
    others, wanted = pool.sum(1), sizes.copy()
    for row in range(pool.shape[1]):
        others = others - pool[:, row]
        found[:, row] = random.hypergeometric(pool[:, row], others, wanted)
        wanted = wanted - found[:, row]
    return found


def weights(estimate: Tensor, prior: Tensor) -> Tensor:
    """p̂/q as weights of the labels, for shares p̂ [..., K] that may stray below 0.

    Those are taken as 0, and the rest made to sum to 1; without an estimate (NaN), or where a
    class has no prior to divide by, all are 1: the classifier stays as it is.
    """
    positive = estimate.clamp(min=0)
    ratio = positive / positive.sum(-1, keepdim=True) / prior
    return torch.where(ratio.isfinite().all(-1, keepdim=True), ratio, 1.0)


class Exam:
    """A classifier's answers to examples of every class, to be reweighted.

    `answers` are logits [n, K] and `labels` [n].
    """

    def __init__(self, answers: Tensor, labels: Tensor) -> None:
        self._log_p = answers.log_softmax(1)
        self._labels = labels
        self._sizes = torch.bincount(labels, minlength=answers.shape[1]).double()

    def recall(self, weights: Tensor) -> Tensor:
        """P(right | y) [K] where each posterior p(y | x) is multiplied by weights [K] of y.

        That is Bayes' rule for a target whose p(x | y) is the source's (Saerens et al. 2002).
        """
        chosen = (self._log_p + weights.log().float()).argmax(1)
        right = self._labels[chosen == self._labels]
        return torch.bincount(right, minlength=len(self._sizes)).double() / self._sizes

    def accuracy(self, weights: Tensor, p: Tensor) -> float:
        """The accuracy of the reweighted classifier where labels have shares p."""
        return float(self.recall(weights) @ p)
