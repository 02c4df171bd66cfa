"""Label shift: find the target's p(y) from predictions alone, and correct a classifier with it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from engine.controls import Controls
from engine.errors import BadInput
from engine.events import Event, Noted
from engine.experiments.contract import Chart, Experiment
from engine.experiments.course import Course, begun, claim, refuse_start
from engine.lab.classifier_settings import ClassifierSettings
from engine.lab.common_settings import SIZES, class_of
from engine.schema import Setting, check

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

    from engine.lab.classifier import Classifier, Classifiers
    from engine.lab.label_shift_cases import Case, Outcome
    from engine.store.checkpoint import Start

TARGETS = (100, *SIZES)  # examples of a target, from few to many
CASES = 5
NOVICE = 300  # training examples of a net that is hardly trained


class LabelShiftSettings(ClassifierSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the labels' shares change, and how many examples tell of it."""

    shift: Annotated[
        str,
        Setting(
            "one class dominates, one class loses half of its examples, all shares are drawn from "
            "a Dirichlet distribution, or nothing changes",
            choices=("dominant", "halved", "dirichlet", "none"),
            aliases={"half": "halved", "random": "dirichlet", "off": "none"},
            key="d",
        ),
    ] = "dominant"
    label: Annotated[
        int,
        class_of(
            "the class that dominates or is halved",
            key="a",
            auto="the one that the classifier knows worst",
        ),
    ] = -1
    share: Annotated[
        float,
        Setting(
            "the dominant class's share of the target",
            gt=0,
            lt=1,
            key="p",
            ladder=(0.1, 0.25, 0.5, 0.7, 0.9),
        ),
    ] = 0.5
    alpha: Annotated[
        float,
        Setting(
            "concentration of the Dirichlet draw: small is uneven",
            gt=0.01,
            le=1000,
            key="g",
            ladder=(0.2, 0.5, 1.0, 2.0, 5.0),
        ),
    ] = 1.0
    examples: Annotated[
        int,
        Setting("unlabelled examples of the target", ge=10, le=60_000, key="n", ladder=TARGETS),
    ] = 10_000
    held: Annotated[
        int,
        Setting(
            "held-out examples on which C is counted, all classes together",
            ge=10,
            le=50_000,
            key="v",
            ladder=SIZES,
        ),
    ] = 5000
    targets: Annotated[
        int, Setting("targets drawn at each size", ge=2, le=5000, key="t", ladder=(20, 200, 1000))
    ] = 200

    def __post_init__(self) -> None:
        check(self)


class LabelShift:
    """Runs of one process; the data and the classifier of one are there for the next."""

    def __init__(self) -> None:
        self._classifiers: Classifiers | None = None

    def __call__(
        self, config: LabelShiftSettings, controls: Controls, start: Start | None = None
    ) -> Iterator[Event]:
        """Targets of more and more examples, then the cases in which the correction hurts."""
        refuse_start(start)
        # torch is loaded when a run begins, not by a menu
        from engine.lab.classifier import Classifiers
        from engine.lab.label_shift_cases import case_of

        self._classifiers = self._classifiers or Classifiers()
        weak = msgspec.structs.replace(config, train_examples=NOVICE, epochs=1)
        with (
            self._classifiers.trained(config, controls.report) as classifier,
            self._classifiers.trained(weak, controls.report) as novice,
        ):
            random = _random(config)
            p = _shares(config, classifier, random)
            case = case_of("this shift", classifier, config.held, p, config.examples)
            started = begun("label-shift", config)
            yield msgspec.structs.replace(started, dataset=classifier.info)
            if case.m < config.examples:
                yield Noted(
                    text=f"the target has {case.m:,} examples: no more of some class are left "
                    "beside those that were trained on or held out"
                )
            yield from _experiment(config, controls, case, (classifier, novice), random)


def _random(config: LabelShiftSettings) -> np.random.Generator:
    import numpy as np

    from engine.training.seeds import derived

    return np.random.default_rng(derived(config.seed, "sampling"))


def _shares(
    config: LabelShiftSettings, classifier: Classifier, random: np.random.Generator
) -> Tensor:
    """p(y) of the target, float64 [classes]."""
    import torch

    classes = classifier.classes
    if classes < 2:
        raise BadInput(
            f"{classifier.info.name} has one class, whose share cannot change: take a data set of "
            "two classes or more"
        )
    if config.label >= classes:
        raise BadInput(
            f"label = {config.label} is no class of this data set: give one of 0 to {classes - 1}"
        )
    counts = classifier.confusion
    recall = counts.diagonal() / counts.sum(0)
    label = int(recall.argmin()) if config.label < 0 else config.label
    p = torch.ones(classes, dtype=torch.float64)
    if config.shift == "dirichlet":
        p = torch.from_numpy(random.dirichlet([config.alpha] * classes))
    elif config.shift == "halved":
        p[label] = 0.5
    elif config.shift == "dominant":
        p[label] = 0.0
        p *= (1 - config.share) / (classes - 1)
        p[label] = config.share
    return p / p.sum()


def _experiment(
    config: LabelShiftSettings,
    controls: Controls,
    case: Case,
    nets: tuple[Classifier, Classifier],
    random: np.random.Generator,
) -> Iterator[Event]:
    from engine.lab import label_shift_views as views
    from engine.lab.label_shift_cases import hard_cases, outcome
    from engine.lab.label_shift_findings import findings

    classes = nets[0].info.classes
    ladder = [*(size for size in TARGETS if size < case.m), case.m]
    course = Course(controls, len(ladder) + CASES, pace=config.pace)
    yield from views.theory_curves(case, ladder)
    for size in ladder:
        found = outcome(replace(case, m=size), config.targets, random)
        yield from views.accuracy_lines(found, ladder)
        for series, value in views.points(found).items():
            if math.isfinite(value):
                course.point(series, math.log10(size), value)
        yield views.bars(found, classes)
        yield views.readings(found, classes)
        yield from course.step()
        if size == ladder[0]:  # after the bars, which then stand before it
            yield views.confusion_grid(case, classes)
        if course.ended:
            break
    tried: list[Outcome] = []
    for hard in () if course.ended else hard_cases(case, *nets, config.held):
        tried.append(outcome(hard, config.targets, random))
        yield views.cases_table(tried)
        yield from course.step()
        if course.ended:
            break
    if not course.ended:
        for finding in findings(found, random):
            yield claim(**finding)
    yield from course.finished(_summary(found))


def _summary(found: Outcome) -> str:
    case = found.case
    if found.missing:
        return (
            f"{case.m:,} unlabelled examples give {found.missing}, C singular for "
            f"{found.singular:.0%} of the targets; the classifier stays as it is, with an accuracy "
            f"of {found.before:.3f} (predicted shares are off by L1 {found.naive_error:.3f})"
        )
    told = (
        f"from {case.m:,} unlabelled examples p(y) is known to L1 {found.estimate_error:.3f} "
        f"(predicted shares: {found.naive_error:.3f}); reweighting the posteriors takes the "
        f"accuracy from {found.before:.3f} to {found.after:.3f}, and the true p(y) would take it "
        f"to {found.oracle:.3f}"
    )
    if found.rough:
        told += (
            f"; the 95 % bars are rough: {found.held:.0%} of them hold the true share, as a few "
            "held-out examples decide on them"
        )
    return told


LESSON = (
    "The mix of classes has changed since the training, nobody labels the new examples, and only "
    "predictions are at hand. Counting these is wrong: a classifier that takes half of all shirts "
    "for something else reports too few. But how it errs is known from held-out examples, and as "
    "long as each class looks as it did, p(x | y) unchanged, the shares of predictions are C p: "
    "solve for p. Then multiply each posterior by p/q, the new share over the old, and classify "
    "again. The error falls with 1/√m until the sampling error of C itself is what is left. The "
    "common misunderstanding: which C. Each column, a true class, must sum to 1. Read as a joint "
    "share, P(ŷ, y), the same equation gives the weights p/q, which sum to 10 for ten classes. And "
    "the correction is not free: with nothing shifted, or with few examples, it trades a right "
    "answer for a noisy one; a net that can hardly tell classes apart makes C nearly singular and "
    "multiplies noise by its condition number; and where the pictures have changed as well, C is "
    "no longer true and the estimate is confidently wrong."
)

# a net good enough that laws of the first order hold
_QUICK: dict[str, Any] = {"pace": 0.0, "data": "synthetic", "lr": 0.3, "epochs": 4}
EXPERIMENT = Experiment(
    name="label-shift",
    question="The mix of classes has changed: can unlabelled examples tell to what?",
    config=LabelShiftSettings,
    run=LabelShift(),
    shows="p(y) as bars: true, estimated with its error, naive; errors over m; when it hurts",
    lesson=LESSON,
    lasts="8 seconds to watch, 3 at full pace",
    leads="p(y)",
    charts=(
        Chart("error", "Error of p(y)", "log10 of m", "L1", log=True),
        Chart("accuracy", "Accuracy on the target", "log10 of m"),
    ),
    checks=(
        LabelShiftSettings(**_QUICK),
        LabelShiftSettings(**_QUICK, shift="dirichlet", examples=2000, seed=1),
        LabelShiftSettings(**_QUICK, shift="none", examples=1000, held=1000, seed=2),
    ),
)
