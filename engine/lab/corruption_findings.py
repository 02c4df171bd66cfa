"""What is known of corrupted pictures and of detectors where nothing has shifted."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from engine.lab.classifier_settings import ClassifierSettings
from engine.lab.corruption import CLEAN, CORRUPTIONS
from engine.lab.corruption_study import Measured, Study
from engine.lab.detector import Detected, of_nothing
from engine.lab.finding import Finding

_TESTED_ON = "a classifier two-sample test: Lopez-Paz and Oquab 2017, arXiv 1610.06545"
_SHARES = ("mirror", "upside-down")


def of_tests(tests: Sequence[Detected]) -> Iterator[Finding]:
    """Detectors of a shift that is none."""
    yield of_nothing(tests, "detectors' accuracy where nothing has shifted", _TESTED_ON)
    repeats = sum(len(d.accuracy) for d in tests)
    alarms = math.fsum(d.alarms * len(d.accuracy) for d in tests) / repeats
    yield Finding(
        text="share of false alarms at the level of one percent",
        measured=alarms,
        predicted=0.01,
        tolerance=0.01 + 5 * math.sqrt(0.01 * 0.99 / repeats),
        source=f"{_TESTED_ON}; a count cannot meet the level exactly",
    )


def of_shares(study: Study, found: Measured) -> Iterator[Finding]:
    """Where a share of the pictures is changed, the accuracy is linear in that share."""
    if found.name not in _SHARES:
        return
    share = CORRUPTIONS[found.name].severity(3)
    clean, whole = found.accuracies[0], found.accuracies[-1]
    expected = (1 - share) * clean + share * whole
    yield Finding(
        text=f"accuracy with {share:.0%} of the pictures changed: {found.name}",
        measured=found.accuracies[3],
        predicted=expected,
        # at most every picture's answer changes from right to wrong or back
        tolerance=5 * math.sqrt(share * (1 - share) / len(study.y)),
        source="(1 − f)·clean + f·changed; five sigma at most",
    )


def of_the_chapter(
    study: Study, found: Sequence[Measured], settings: ClassifierSettings
) -> Iterator[Finding]:
    """The chapter's accuracies, where the classifier and the pictures are such as it had."""
    default = ClassifierSettings()
    names = ("train_examples", "width", "epochs", "batch_size", "lr")
    alike = all(getattr(settings, name) == getattr(default, name) for name in names)
    if not study.of_the_chapter or not alike:
        return
    known = {"clean": (study.accuracy, CLEAN)}
    for measured in found:
        if measured.known:
            known[measured.name] = (measured.accuracy, measured.known)
    for name, (accuracy, reference) in known.items():
        yield Finding(
            text=f"accuracy: {name}",
            measured=accuracy,
            predicted=reference.accuracy,
            tolerance=reference.tolerance(len(study.y)),
            source="the chapter's figure; five sigma of a net's seed and of the pictures drawn",
        )
