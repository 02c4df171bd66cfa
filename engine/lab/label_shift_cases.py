"""Where the correction of a label shift helps and where it hurts: the same figures case by case."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from engine.lab.classifier import Classifier, confusion, inputs
from engine.lab.label_shift import BAR, Exam, Pool, Trials, weights
from engine.theory import label_shift as theory

EXAMINED = 20_000  # examples that a reweighted classifier is tried on
RETRIED = 20  # trials whose weights are tried
EXPECTED = 200  # drawn estimates that tell what such weights should come to
ROUGH = 0.03  # expected below 95 %: from there on an expansion is no longer one
FEW = 30  # unlabelled examples: too few
DARKER = 0.4  # of the brightness that the classifier was trained on


@dataclass(frozen=True, eq=False)
class Case:
    """A classifier and a target of `m` examples whose labels have shares p [K]."""

    name: str
    pool: Pool
    exam: Exam
    prior: Tensor
    p: Tensor
    m: int


@dataclass(frozen=True)
class Outcome:
    """Over trials: mean Σ|error| of both ways, and accuracies for the target's true shares.

    `typical_error` is the median of the estimate's, which a few wild ones do not move.

    A trial whose C is singular has no error of its estimate, and its classifier stays as it is.
    """

    case: Case
    trials: Trials
    estimate_error: float
    typical_error: float
    naive_error: float
    before: float
    after: float
    oracle: float

    @property
    def condition(self) -> float:
        """The median condition number of C; infinite where most targets meet a singular one."""
        return float(theory.condition(self.trials.matrix).median())

    @property
    def singular(self) -> float:
        """The share of targets for which C has no inverse, so that there is no estimate."""
        return float(self.trials.estimate.isnan().any(1).double().mean())

    @property
    def held(self) -> float:
        """The share of the 95 % bars that hold the true share."""
        return float(self.trials.covered(self.case.p).double().mean())

    @property
    def shortfall(self) -> float:
        """By how much that share is expected below 95 %, the mean of all classes."""
        pool = self.case.pool
        each = theory.undercoverage(pool.matrix, self.case.p, self.case.m, pool.held.double(), BAR)
        return float(each.mean())

    @property
    def rough(self) -> bool:
        """Whether there are bars, of which fewer hold than the 95 % that they are named by."""
        return self.singular <= 0.5 and not self.shortfall < ROUGH

    @property
    def unseen(self) -> int:
        """How many classes were never trained on: their p/q is no number, so nothing is weighed."""
        return int((self.case.prior == 0).sum())

    @property
    def missing(self) -> str:
        """Why there is no correction, in words; empty where there is one.

        An estimate that most targets lack is none: those that have one owe it to rounding.
        """
        never = f"{self.unseen} class{'es' * (self.unseen > 1)} never trained on"
        if self.singular > 0.5:
            return f"no estimate: {never if self.unseen else 'C is singular'}"
        return f"no weights: {never}" if self.unseen else ""


def case_of(name: str, classifier: Classifier, held: int, p: Tensor, m: int) -> Case:
    """A case with nothing but the labels shifted; `held` examples in all, as many of each class.

    Raises:
        BadInput: when too few examples are left for a target.
    """
    counts = classifier.confusion
    own = torch.full_like(counts[0], max(1, held // len(p)))
    pool = Pool(counts, torch.minimum(own, (counts.sum(0) // 2).clamp(min=1)))
    exam = Exam(classifier.answers[:EXAMINED], classifier.y[:EXAMINED])
    return Case(name, pool, exam, classifier.prior, p, pool.most(p, m))


def darker(case: Case, classifier: Classifier) -> Case:
    """The same target with its inputs scaled down: p(x | y) is no longer the source's."""
    answers = classifier.logits(inputs(classifier.x) * DARKER)
    counts = confusion(answers.argmax(1), classifier.y, classifier.classes)
    return replace(
        case,
        pool=replace(case.pool, shifted=counts),
        exam=Exam(answers[:EXAMINED], classifier.y[:EXAMINED]),
    )


def hard_cases(case: Case, classifier: Classifier, novice: Classifier, held: int) -> Iterator[Case]:
    """The case itself, and those in which an assumption or the numbers fail."""
    uniform = classifier.prior / classifier.prior.sum()
    yield replace(case, name="this shift")
    yield case_of("no shift at all", classifier, held, uniform, case.m)
    few = min(FEW, case.m)
    yield replace(case, name=f"only {few} examples", m=few)
    yield replace(darker(case, classifier), name=f"and pictures darker ×{DARKER:g}")
    yield case_of("a net hardly trained", novice, held, case.p, case.m)


def expected(case: Case, random: np.random.Generator) -> tuple[float, float]:
    """Mean and deviation of the accuracy that estimates give which err as the delta method says.

    Of `EXPECTED` draws of p̂ ~ N(p, Cov[p̂]), each put through the same weights and the same exam.
    """
    spread = theory.covariance(case.pool.matrix, case.p, case.m, case.pool.held.double())
    drawn = random.multivariate_normal(case.p.numpy(), spread.numpy(), EXPECTED, method="eigh")
    tried = [weights(each, case.prior) for each in torch.from_numpy(drawn)]
    found = np.array([case.exam.accuracy(each, case.p) for each in tried])
    return float(found.mean()), float(found.std(ddof=1))


def outcome(case: Case, repeats: int, random: np.random.Generator) -> Outcome:
    """Estimate from `repeats` targets, and classify again with some of the estimates."""
    trials = case.pool.trials(case.p, case.m, repeats, random)
    estimated, naive = trials.errors(case.p)
    tried = [weights(estimate, case.prior) for estimate in trials.estimate[:RETRIED]]
    after = [case.exam.accuracy(each, case.p) for each in tried]
    return Outcome(
        case=case,
        trials=trials,
        estimate_error=float(estimated.nanmean()),
        typical_error=float(estimated.nanmedian()),
        naive_error=float(naive.mean()),
        before=case.exam.accuracy(torch.ones_like(case.p), case.p),
        after=math.fsum(after) / len(after),
        oracle=case.exam.accuracy(weights(case.p, case.prior), case.p),
    )
