"""Concept shift: the same pictures, other names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from engine.controls import Controls
from engine.errors import BadInput
from engine.events import Event
from engine.experiments.contract import Chart, Experiment
from engine.experiments.course import Course, begun, claim, refuse_start
from engine.lab.classifier_settings import ClassifierSettings
from engine.lab.common_settings import SIZES, class_of, pace_of
from engine.schema import Setting, check

if TYPE_CHECKING:
    from engine.lab.classifier import Classifiers
    from engine.lab.concept import Adapted, Concept, Relabelled
    from engine.lab.detector import Detected
    from engine.store.checkpoint import Start

FRACTIONS = tuple(i / 10 for i in range(11))


def _examples(what: str, key: str) -> Setting:
    return Setting(what, ge=50, le=60_000, key=key, ladder=SIZES)


class ConceptShiftSettings(
    ClassifierSettings, frozen=True, kw_only=True, forbid_unknown_fields=True
):
    """What is called by another name, and how often."""

    kind: Annotated[
        str,
        Setting(
            "every class takes the name of the next, or one class that of another",
            choices=("cycle", "rename"),
            aliases={"cyclic": "cycle", "permutation": "cycle"},
            key="d",
        ),
    ] = "cycle"
    fraction: Annotated[
        float,
        Setting(
            "share of the examples concerned that are called by the new name",
            ge=0,
            le=1,
            key="f",
            ladder=(0.0, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9, 1.0),
        ),
    ] = 0.3
    old: Annotated[int, class_of("the class that is renamed", key="a")] = 6
    new: Annotated[int, class_of("the class whose name it takes", key="w")] = 8
    examples: Annotated[
        int,
        _examples(
            "labelled examples of the target, at most two fifths of those not trained on", "n"
        ),
    ] = 5000
    held: Annotated[
        int, _examples("held-out examples of the clean confusion, as many at most", "v")
    ] = 5000
    repeats: Annotated[
        int, Setting("detectors at each fraction", ge=2, le=500, key="t", ladder=(5, 20, 50))
    ] = 20
    pace: Annotated[float, pace_of("steps")] = 5.0

    def __post_init__(self) -> None:
        check(self)
        if self.kind == "rename" and self.old == self.new:
            raise BadInput(f"old = new = {self.old} renames nothing: give another class as new")


class ConceptShift:
    """Runs of one process; the data and the classifier of one are there for the next."""

    def __init__(self) -> None:
        self._classifiers: Classifiers | None = None

    def __call__(
        self, config: ConceptShiftSettings, controls: Controls, start: Start | None = None
    ) -> Iterator[Event]:
        """The accuracy line, a stream in which the names change, and ways to adapt."""
        refuse_start(start)
        # torch is loaded when a run begins, not by a menu
        from engine.lab.classifier import Classifiers
        from engine.lab.concept import AFTER, BEFORE, Concept, renaming

        self._classifiers = self._classifiers or Classifiers()
        with self._classifiers.trained(config, controls.report) as classifier:
            classes = classifier.classes
            if classes < 2:
                raise BadInput(
                    f"{classifier.info.name} has one class, which no other name is left for: take "
                    "a data set of two classes or more"
                )
            for name in ("old", "new"):
                if config.kind == "rename" and getattr(config, name) >= classes:
                    raise BadInput(
                        f"{name} = {getattr(config, name)} is no class of this data set: give "
                        f"one of 0 to {classes - 1}"
                    )
            renamed = renaming(config.kind, classes, config.old, config.new)
            concept = Concept(classifier, renamed, config.held, config.examples, config.seed)
            yield msgspec.structs.replace(begun("concept-shift", config), dataset=classifier.info)
            steps = len(FRACTIONS) + BEFORE + AFTER + 1
            course = Course(controls, steps, pace=config.pace)
            yield from _experiment(config, course, concept)


def _experiment(config: ConceptShiftSettings, course: Course, concept: Concept) -> Iterator[Event]:
    from engine.lab import concept_findings as findings

    line: list[tuple[Relabelled, Detected]] = []
    yield from _line(config, course, concept, line)
    if not course.ended:
        yield from _stream(config, course, concept)
    tried: list[Adapted] = []
    found = concept.relabel(config.fraction)
    if not course.ended:
        yield from _adapting(course, concept, found, tried)
    if not course.ended:
        claims = [
            *findings.of_line(concept, [each for each, _ in line]),
            *findings.of_inputs([detected for _, detected in line]),
            *findings.of_monitors(concept, found, 100 * config.repeats),
            *findings.of_adapting(concept, found, tried),
        ]
        for finding in claims:
            yield claim(**finding)
    yield from course.finished(_summary(concept, found, tried))


def _line(
    config: ConceptShiftSettings,
    course: Course,
    concept: Concept,
    line: list[tuple[Relabelled, Detected]],
) -> Iterator[Event]:
    """Relabel more and more: the accuracy, the detectors, the pictures."""
    from engine.lab import concept_views as views

    classes = concept.classifier.info.classes
    yield from views.line(concept)
    yield from views.detector_lines(config.repeats)
    for fraction in FRACTIONS:
        found = concept.relabel(fraction)
        detected = concept.detectors(config.repeats)
        line.append((found, detected))
        course.point("accuracy/measured", fraction, found.accuracy)
        course.point("detector/points inputs alone", fraction, detected.mean)
        if shown := views.pictures(concept, found):
            yield shown
        yield views.by_class(concept, found, classes)
        yield views.needed(concept, line)
        yield from course.step()
        if course.ended:
            return


def _stream(config: ConceptShiftSettings, course: Course, concept: Concept) -> Iterator[Event]:
    """Labelled examples come window by window, and from some window on under new names."""
    from engine.events import Noted
    from engine.lab import concept_views as views
    from engine.lab.concept import BEFORE, WINDOW
    from engine.theory.concept_shift import Monitor

    bound = Monitor(WINDOW, concept.clean).bound
    yield from views.stream_theory(concept, config.fraction, bound)
    alarms = 0
    for window, accuracy in enumerate(concept.stream(config.fraction)):
        course.point("stream/points of a window", (window + 0.5) * WINDOW, accuracy)
        if window == BEFORE:
            alarms = 0
        if round(accuracy * WINDOW) < bound:
            alarms += 1
            if alarms == 1:
                yield Noted(text=_alarm(window, accuracy, bound))
        yield from course.step()
        if course.ended:
            return


def _alarm(window: int, accuracy: float, bound: int) -> str:
    from engine.lab.concept import BEFORE, WINDOW

    seen = f"{accuracy * WINDOW:.0f} of {WINDOW} right, fewer than {bound}"
    if window < BEFORE:
        return f"a false alarm in window {window + 1}: {seen}"
    late = window - BEFORE + 1
    return f"alarm in window {window + 1}, {late * WINDOW} labels after the change: {seen}"


def _adapting(
    course: Course, concept: Concept, found: Relabelled, tried: list[Adapted]
) -> Iterator[Event]:
    from engine.lab import concept_views as views

    classes = concept.classifier.info.classes
    if shown := views.pictures(concept, found):
        yield shown
    yield views.by_class(concept, found, classes)
    for each in concept.adapted(found):
        tried.append(each)
        yield views.adapted(tried)
    yield from course.step()


def _summary(concept: Concept, found: Relabelled, tried: list[Adapted]) -> str:
    told = (
        f"with {found.fraction:.0%} relabelled the accuracy is {found.accuracy:.3f} (on the same "
        f"examples before {concept.before:.3f}), by the confusion of other, held-out ones "
        f"{concept.law(found.fraction):.3f} (before {concept.clean:.3f})"
    )
    if tried:
        last = {each.way: each for each in tried}
        told += "; " + ", ".join(
            f"{way} by {each.labels:,} labels {each.shifted:.3f}"
            for way, each in last.items()
            if each.labels
        )
    return told


LESSON = (
    "Nothing about the pictures changes, only what people call them: what was a sneaker is a bag "
    "from now on, or is one for three customers in ten. The accuracy falls on a straight line, (1 "
    "− f)·a + f·b, and both ends are known before it happens: a is the share of predictions that "
    "are right, b the share that already say the new name, and both stand in the clean confusion "
    "matrix. Where a net takes the one class for the other anyway, the line is nearly flat. The "
    "common misunderstanding: that watching the inputs would warn. Their distribution is what it "
    "was, so a detector that tells old pictures from new has .50, whatever the fraction: only "
    "labels tell, and the number of labels until an error count raises an alarm goes as one over "
    "the square of the fall. Adapting needs labels too, and it hurts when there are few, or when "
    "nothing has changed: fine-tuning on a handful unlearns. What is relabelled at random, without "
    "a trace in the picture, nobody can learn: below one half the old answer stays the best there "
    "is."
)

_QUICK: dict[str, Any] = {"pace": 0.0, "data": "synthetic", "train_examples": 5000}
EXPERIMENT = Experiment(
    name="concept-shift",
    question="The same pictures get other names: what does it cost, and who can tell?",
    config=ConceptShiftSettings,
    run=ConceptShift(),
    shows="the accuracy line beside the clean confusion's, a monitor's alarm, ways to adapt",
    lesson=LESSON,
    lasts="9 seconds to watch, 3 at full pace",
    charts=(
        Chart("accuracy", "Accuracy by fraction relabelled", "fraction"),
        Chart("stream", "Labelled examples, 100 at a time", "examples seen", "accuracy"),
        Chart("detector", "A detector that sees inputs", "fraction relabelled", "accuracy"),
    ),
    checks=(
        ConceptShiftSettings(**_QUICK),
        ConceptShiftSettings(**_QUICK, kind="rename", fraction=1.0, seed=1),
        ConceptShiftSettings(**_QUICK, fraction=0.8, examples=1000, held=2000, seed=2),
    ),
)
