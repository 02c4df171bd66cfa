"""What relabelling does to a classifier that stays as it is, from its clean confusion alone.

The inputs are drawn as before, but an example of class j is called π(j) with probability f. With
C[i, j] = P(ŷ = i | y = j) and label shares p before the change, the accuracy is the line
(1 − f)·a + f·b, a = Σ p(j) C[j, j] and b = Σ p(j) C[π(j), j]. Tensors are float64.
"""

from __future__ import annotations

import itertools
import math

import torch
from torch import Tensor

COUNTED = 2000
"""Up to so many labels the fewest that do are counted exactly; of more, the rough figure is given.
"""


def per_class(matrix: Tensor, renamed: Tensor, fraction: float) -> Tensor:
    """P(right | old class j) = (1 − f) C[j, j] + f C[π(j), j], [K], for π(j) = renamed[j]."""
    old = torch.arange(len(renamed))
    return (1 - fraction) * matrix[old, old] + fraction * matrix[renamed, old]


def accuracy(matrix: Tensor, p: Tensor, renamed: Tensor, fraction: float) -> float:
    """The accuracy with a fraction f relabelled: (1 − f)·a + f·b."""
    return float(per_class(matrix, renamed, fraction) @ p)


def relabelled(joint: Tensor, renamed: Tensor, fraction: float) -> Tensor:
    """P(ŷ = i, new label = l) [K, K] from P(ŷ = i, y = j)."""
    moved = torch.zeros_like(joint).index_add(1, renamed, joint)
    return (1 - fraction) * joint + fraction * moved


def best_renaming(joint: Tensor) -> Tensor:
    """For each predicted class the label that it means most often now, [K]; its own on a tie."""
    own = torch.eye(len(joint), dtype=joint.dtype) * 1e-12
    return (joint + own).argmax(1)


def ceiling(joint: Tensor) -> float:
    """The accuracy of the best renaming of predictions: Σ maxₗ P(ŷ = i, new label = l).

    What is relabelled at random, without a trace in x, no classifier can tell.
    """
    return float(joint.amax(1).sum())


class Monitor:
    """Counts errors among n labelled examples: an alarm where a classifier gets fewer right than
    `bound`, which one of unchanged accuracy does with probability of at most `level`.
    """

    def __init__(self, n: int, accuracy: float, level: float = 0.01) -> None:
        below = binomial_pmf(n, accuracy).cumsum(0)  # P(right ≤ k)
        self.n = n
        self.bound = int((below <= level).sum())
        self.false_alarms = float(below[self.bound - 1]) if self.bound else 0.0

    def power(self, accuracy: float) -> float:
        """The probability of an alarm where the accuracy is now this, exactly."""
        return float(binomial_pmf(self.n, accuracy)[: self.bound].sum())


def binomial_pmf(n: int, p: float) -> Tensor:
    """P(k of n) for k = 0 … n, float64."""
    k = torch.arange(n + 1, dtype=torch.float64)
    if p in (0.0, 1.0):
        return (k == n * p).double()
    ways = torch.lgamma(torch.tensor(n + 1.0).double()) - torch.lgamma(k + 1)
    ways = ways - torch.lgamma(n - k + 1)
    return torch.exp(ways + k * math.log(p) + (n - k) * math.log1p(-p))


def labels_needed(before: float, after: float, *, most: int = 1_000_000) -> float:
    """The fewest labels with which 90 % of monitors at the level of 1 % notice a fall.

    Exact where the near-normal figure is at most `COUNTED`; from there on it is that figure, which
    is a few percent too small. Infinite where the accuracy has not fallen, or where it takes more
    than `most`.
    """
    fall = before - after
    if fall <= 0:
        return math.inf
    spread = 2.326348 * math.sqrt(before * (1 - before)) + 1.281552 * math.sqrt(after * (1 - after))
    rough = (spread / fall) ** 2
    if rough > COUNTED:
        return math.ceil(rough) if rough <= most else math.inf
    # a few labels are far from normal; of many, no count much below the rough one is enough
    first = 1 if rough <= 100 else math.floor(0.8 * rough)
    return next(n for n in itertools.count(first) if Monitor(n, before).power(after) >= 0.9)
