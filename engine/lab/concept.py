"""Labels change their meaning under a classifier: the line, the monitor, and adapting."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from engine.lab.classifier import Classifier, confusion, fine_tuned, inputs, logits
from engine.lab.detector import Detected, Standardized, detect, principal_axes
from engine.theory import concept_shift as theory
from engine.theory import label_shift
from engine.training.seeds import generator

LABELS = (50, 500, 5000)  # new labels to adapt to
WINDOW, BEFORE, AFTER = 100, 10, 15  # labelled examples of a window; windows before and after
SEEN = 200  # examples of each domain that a detector sees
_FOR_AXES = 5000
_TUNING_LR, _TUNING_EPOCHS = 0.1, 5


def renaming(kind: str, classes: int, old: int, new: int) -> Tensor:
    """π: what each class may be called from now on, int64 [classes]."""
    names = torch.arange(classes)
    if kind == "cycle":
        return names.roll(-1)
    names[old] = new
    return names


@dataclass(frozen=True, eq=False)
class Relabelled:
    """The target with a fraction of it relabelled: labels [m] and whether each is predicted."""

    fraction: float
    labels: Tensor
    right: Tensor

    @property
    def accuracy(self) -> float:
        """On the new labels."""
        return float(self.right.double().mean())


@dataclass(frozen=True)
class Adapted:
    """Accuracies after adapting to `labels` new labels; `unshifted` where nothing had changed."""

    way: str
    labels: int
    shifted: float
    unshifted: float


class Concept:
    """Examples that the classifier has not seen: held-out ones, a target, and some to learn from.

    `renamed` is π. The held-out examples keep their labels.
    """

    def __init__(
        self, classifier: Classifier, renamed: Tensor, held: int, examples: int, seed: int
    ) -> None:
        self.classifier, self.renamed = classifier, renamed
        self.random = generator(seed, "sampling")
        n = len(classifier.y)
        # a fifth at least is left to learn from
        examples = min(examples, 2 * n // 5)
        held = min(held, 2 * n // 5)
        predicted, y = classifier.predicted, classifier.y
        self.target = slice(held, held + examples)
        self.rest = slice(held + examples, n)
        self.y, self.predicted = y[self.target], predicted[self.target]
        counts = confusion(predicted[:held], y[:held], classifier.classes)
        self.held = held
        self.joint = label_shift.joint(counts)
        shares = counts.sum(0).double()
        self.p = shares / shares.sum()
        # a class that was not held out has no share, and its column is not asked for
        self.matrix = label_shift.conditional(counts).nan_to_num(0.0)
        self._needed: dict[float, float] = {}

    @property
    def clean(self) -> float:
        """The accuracy on the held-out examples."""
        return self.law(0.0)

    @property
    def before(self) -> float:
        """The accuracy on the target while nothing is relabelled."""
        return float((self.y == self.predicted).double().mean())

    def law(self, fraction: float) -> float:
        """The accuracy that the held-out confusion predicts."""
        return theory.accuracy(self.matrix, self.p, self.renamed, fraction)

    def labels_needed(self, fraction: float) -> float:
        """Labels with which 90 % of monitors notice this fraction; infinite where none do."""
        if fraction not in self._needed:
            self._needed[fraction] = theory.labels_needed(self.clean, self.law(fraction))
        return self._needed[fraction]

    def sigma(self, fraction: float) -> float:
        """Of the target's accuracy less the law's: both are counted on samples.

        The variance of an answer is taken as 1/n at least: that all n are right, or none, does not
        tell that the next is.
        """
        a, b = self.law(0.0), self.law(1.0)
        mean = self.law(fraction)
        moved = self.joint[self.renamed, torch.arange(len(self.p))]
        own = self.joint.diagonal()
        both = float(own[self.renamed == torch.arange(len(self.p))].sum())
        apart = float(own.sum()) - both, float(moved.sum()) - both
        # of the held-out (1 − f)·[ŷ = y] + f·[ŷ = π(y)], which cannot both be unless π(y) = y
        square = (1 - fraction) ** 2 * apart[0] + fraction**2 * apart[1] + both
        assert abs(apart[0] + both - a) < 1e-9 and abs(apart[1] + both - b) < 1e-9
        n = len(self.y)
        held = max(1 / self.held, square - mean**2) / self.held
        return float((held + max(1 / n, mean * (1 - mean)) / n) ** 0.5)

    def relabel(self, fraction: float) -> Relabelled:
        """Call each example of the target by its new name with this probability."""
        labels = self._called(self.y, fraction)
        return Relabelled(fraction, labels, labels == self.predicted)

    def _called(self, y: Tensor, fraction: float) -> Tensor:
        moved = torch.rand(len(y), generator=self.random) < fraction
        return torch.where(moved, self.renamed[y], y)

    def by_class(self, found: Relabelled) -> list[float]:
        """The accuracy by old class; NaN where the target has none."""
        sizes = torch.bincount(self.y, minlength=len(self.p)).double()
        right = torch.bincount(self.y[found.right], minlength=len(self.p)).double()
        per_class: list[float] = (right / sizes).tolist()
        return per_class

    def detectors(self, repeats: int) -> Detected:
        """Detectors that see old and new inputs and no label; each divides the examples anew."""
        features = self._features
        size = min(SEEN, len(features) // 4 * 2)
        return detect(features, features, size, repeats, self.random)

    @cached_property
    def _features(self) -> Tensor:
        x = self.classifier.x
        axes = principal_axes(inputs(x[-_FOR_AXES:]))
        features = inputs(x[: self.target.stop]) @ axes
        return Standardized(features)(features)

    def monitors(self, found: Relabelled, n: int, repeats: int) -> tuple[theory.Monitor, float]:
        """A monitor of n labels, and the share of `repeats` of them that raise an alarm.

        Each draws its examples from the target with replacement.
        """
        monitor = theory.Monitor(n, self.clean)
        drawn = torch.randint(len(self.y), (repeats, n), generator=self.random)
        right = found.right[drawn].sum(1)
        return monitor, float((right < monitor.bound).double().mean())

    def stream(self, fraction: float) -> Iterator[float]:
        """The accuracy of one window of labelled examples after another; the labels change."""
        for window in range(BEFORE + AFTER):
            drawn = torch.randint(len(self.y), (WINDOW,), generator=self.random)
            labels = self._called(self.y[drawn], fraction if window >= BEFORE else 0.0)
            yield float((labels == self.predicted[drawn]).double().mean())

    def adapted(self, found: Relabelled) -> Iterator[Adapted]:
        """As it is, then renaming predictions and fine-tuning, with more and more labels."""
        yield Adapted("as it is", 0, found.accuracy, self.relabel(0.0).accuracy)
        left = len(self.classifier.y) - self.rest.start
        # where few are left to learn from, several counts come to the same
        for count in sorted({min(count, left) for count in LABELS}):
            own = self.classifier.y[self.rest][:count]
            both = [self._called(own, fraction) for fraction in (found.fraction, 0.0)]
            for way, adapt in (("renamed", self._renamed), ("fine-tuned", self._tuned)):
                shifted, unshifted = (adapt(labels) for labels in both)
                yield Adapted(
                    way,
                    len(own),
                    float((shifted == found.labels).double().mean()),
                    float((unshifted == self.y).double().mean()),
                )

    def _renamed(self, labels: Tensor) -> Tensor:
        """Predictions of the target, each called what it meant most often in the new labels."""
        predicted = self.classifier.predicted[self.rest][: len(labels)]
        counts = confusion(predicted, labels, len(self.p))
        return theory.best_renaming(counts.double())[self.predicted]

    def _tuned(self, labels: Tensor) -> Tensor:
        """Predictions of the target by the net, trained further on the new labels."""
        x = inputs(self.classifier.x[self.rest][: len(labels)])
        network = fine_tuned(self.classifier, x, labels, lr=_TUNING_LR, epochs=_TUNING_EPOCHS)
        return logits(network, self.classifier.x[self.target]).argmax(1)
