"""Corrupted pictures: what they cost a classifier, and whether anyone notices."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from engine.controls import Controls
from engine.events import Event, Noted
from engine.experiments.contract import Chart, Experiment
from engine.experiments.course import Course, begun, claim, refuse_start
from engine.lab.classifier_settings import ClassifierSettings
from engine.schema import Setting, check

if TYPE_CHECKING:
    from engine.lab.classifier import Classifiers
    from engine.lab.corruption_study import Measured, Study, Tuned
    from engine.store.checkpoint import Start

# As `engine.lab.corruption.CORRUPTIONS`, whose functions need torch.
NAMES = (
    "brightness", "noise", "mirror", "shift", "upside-down", "invert",
    "blur", "contrast", "rotate", "patch",
)  # fmt: skip


class CorruptionSettings(ClassifierSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What happens to the pictures, and what a detector sees of them."""

    corruption: Annotated[
        str,
        Setting(
            "the corruption shown at the end, whose pictures the net is fine-tuned on",
            choices=NAMES,
            aliases={"horizontal_flip": "mirror", "vertical_flip": "upside-down"},
            key="d",
        ),
    ] = "mirror"
    level: Annotated[
        int,
        Setting(
            "severity of all corruptions from 1 to 5; chapter is each one's own",
            ge=1,
            le=5,
            words={"chapter": 0},
            key="v",
            ladder=(0, 1, 2, 3, 4, 5),
        ),
    ] = 0
    features: Annotated[
        str,
        Setting(
            "what a detector sees: 50 principal components of the pixels, or what the classifier "
            "says of a picture",
            choices=("pixels", "logits", "softmax"),
            key="f",
        ),
    ] = "pixels"
    pictures: Annotated[
        int,
        Setting(
            "pictures that accuracy is taken on and detectors draw from",
            ge=100,
            le=60_000,
            key="n",
            ladder=(500, 1000, 2000, 4000, 8000),
        ),
    ] = 4000
    repeats: Annotated[
        int, Setting("detectors of each size", ge=10, le=500, key="t", ladder=(10, 20, 50, 100))
    ] = 20

    def __post_init__(self) -> None:
        check(self)


class Corrupting:
    """Runs of one process; the data and the classifier of one are there for the next."""

    def __init__(self) -> None:
        self._classifiers: Classifiers | None = None

    def __call__(
        self, config: CorruptionSettings, controls: Controls, start: Start | None = None
    ) -> Iterator[Event]:
        """One corruption after another, each seen by the classifier and by detectors."""
        refuse_start(start)
        # torch is loaded when a run begins, not by a menu
        from engine.lab.classifier import Classifiers
        from engine.lab.corruption_study import Study, pictured, refuse_table

        refuse_table(config.data)
        self._classifiers = self._classifiers or Classifiers()
        with self._classifiers.trained(config, controls.report, pictured) as classifier:
            study = Study(classifier, config.pictures, config.repeats, config.features, config.seed)
            yield msgspec.structs.replace(begun("corruptions", config), dataset=classifier.info)
            course = Course(controls, len(NAMES) + 2, pace=config.pace)
            yield from _experiment(config, course, study)


def _experiment(config: CorruptionSettings, course: Course, study: Study) -> Iterator[Event]:
    from engine.lab import corruption_findings as findings
    from engine.lab import corruption_views as views
    from engine.lab.corruption_laws import of_pixels
    from engine.training.seeds import generator

    yield views.pictures(study, None)
    tests = study.null(5 * config.repeats)
    for chart in ("detector", "detector of others"):
        yield views.detector_curve(f"{chart}/nothing", tests)
    yield from course.step()
    found: dict[str, Measured] = {}
    # the one that was asked for comes last, and stays
    for name in sorted(NAMES, key=lambda name: name == config.corruption):
        if course.ended:
            break
        found[name] = study.measure(name, config.level)
        so_far = [found[each] for each in NAMES if each in found]
        yield views.pictures(study, found[name])
        yield Noted(text=views.described(study, found[name]))
        yield from views.bars(study, so_far)
        yield from views.curves(found[name])
        yield views.table(study, so_far, tests)
        yield from course.step()
    tuned: list[Tuned] = []
    if not course.ended:
        for each in study.tuned(found[config.corruption]):
            tuned.append(each)
            yield views.tuning_table(config.corruption, tuned)
        yield from course.step()
    if not course.ended:
        everything = [found[name] for name in NAMES]
        for finding in of_pixels(generator(config.seed, "sampling")):
            yield claim(**finding)
        for finding in findings.of_tests(tests):
            yield claim(**finding)
        for each_found in everything:
            for finding in findings.of_shares(study, each_found):
                yield claim(**finding)
        for finding in findings.of_the_chapter(study, everything, config):
            yield claim(**finding)
    yield from course.finished(_summary(study, found, config.corruption, tuned))


def _summary(study: Study, found: dict[str, Measured], name: str, tuned: list[Tuned]) -> str:
    from engine.lab.corruption_study import noticed_after

    if name not in found:
        return "the corruption asked for was not reached"
    worst = min(found.values(), key=lambda m: m.accuracy)
    unnoticed = [m.name for m in found.values() if noticed_after(m.detected) is None]
    parts = [
        f"clean {study.accuracy:.3f}, {name} {found[name].accuracy:.3f}, worst {worst.name} "
        f"{worst.accuracy:.3f}",
        f"not noticed: {', '.join(unnoticed) or 'none'}",
    ]
    if tuned:
        last = tuned[-1]
        parts.append(
            f"fine-tuned on {last.corrupted} labelled and {last.clean} clean pictures "
            f"{last.on_corrupted:.3f}, clean {last.on_clean:.3f}"
        )
    return "; ".join(parts)


LESSON = (
    "A net with .83 on clean pictures meets the same pictures spoilt: half as bright, noisy, "
    "mirrored, three pixels aside, upside down, as a negative. What people hardly see can be the "
    "worst: three pixels cost more than half of the right answers, a mirror a quarter, and of "
    "negatives a net gets fewer right than by guessing, since ink and ground have changed places. "
    "So a test score holds for pictures drawn as the test set was, and for no others. Does anybody "
    "notice? A second classifier that is to tell new pictures from old ones needs no labels; it "
    "has .50 where nothing has shifted. The common misunderstanding: that it sees harm. It sees "
    "change. A contrast of .8 costs next to nothing and is noticed from 200 pictures; a fifth of "
    "them upside down costs eleven points and escapes 500; and noise whose mean is zero is "
    "invisible to anything linear in the pixels: look at the logits instead. And the remedy hurts "
    "where it is not needed: fine-tuned on corrupted pictures alone, a net gains on these and "
    "loses on clean ones; mix both."
)

_QUICK: dict[str, Any] = {"pace": 0.0, "pictures": 1000, "repeats": 10}
EXPERIMENT = Experiment(
    name="corruptions",
    question="Pictures arrive dim, noisy or mirrored: what does it cost, and does anyone notice?",
    config=CorruptionSettings,
    run=Corrupting(),
    shows="pictures clean and spoilt with their predicted labels, accuracy by severity, a detector",
    lesson=LESSON,
    lasts="10 seconds",
    leads="corrupted",
    charts=(
        Chart("severity", "Accuracy by severity", "level"),
        Chart("detector", "Detector: source or target?", "log10 of pictures", "accuracy"),
        Chart("others", "Accuracy, other corruptions", "level"),
        Chart("detector of others", "Detector, other corruptions", "log10 of pictures", "accuracy"),
    ),
    checks=(
        # the chapter's figures are claimed too where its pictures are on this machine
        CorruptionSettings(**_QUICK),
        CorruptionSettings(
            **_QUICK,
            data="synthetic",
            train_examples=5000,
            features="logits",
            level=2,
            corruption="noise",
        ),
    ),
)
