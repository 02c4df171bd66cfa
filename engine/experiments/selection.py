"""Which degree fits? Polynomials of every degree, train and test error, cross-validation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import msgspec

from engine.controls import Controls
from engine.errors import BadInput
from engine.events import Event
from engine.experiments.contract import Chart, Experiment
from engine.experiments.course import Course, begun, claim, refuse_start
from engine.lab.common_settings import pace_of, seed_of
from engine.schema import Setting, check

if TYPE_CHECKING:
    from engine.lab.polynomial_study import Study
    from engine.store.checkpoint import Start

MOST_POINTS = 2**20  # of all data sets less a fold: 168 MB of features
DEGREES, FRAMES, PARTS = 20, 60, 10
"""Degrees that are fitted; times that SGD is shown; pieces of its cross-validation."""


class SelectionSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is drawn, how it is fitted, and how the degree is chosen."""

    degree: Annotated[
        int,
        Setting(
            "the degree that is drawn, and whose losses and learning curves are shown",
            ge=0,
            lt=DEGREES,
            key="d",
            ladder=(0, 1, 2, 3, 4, 5, 7, 10, 13, 16, 19),
        ),
    ] = 19
    n: Annotated[
        int,
        Setting(
            "training points", ge=20, le=1000, key="n", ladder=(20, 30, 50, 100, 200, 500, 1000)
        ),
    ] = 100
    noise: Annotated[
        float,
        Setting(
            "σ, the standard deviation of a label's noise",
            ge=1e-3,
            le=100,
            key="g",
            ladder=(0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0),
        ),
    ] = 0.1
    solver: Annotated[
        str,
        Setting(
            "exact least squares, or SGD on the features xⁱ/i!",
            choices=("exact", "sgd"),
            aliases={"least_squares": "exact"},
            key="a",
        ),
    ] = "exact"
    folds: Annotated[
        int, Setting("parts of cross-validation", ge=2, le=20, key="f", ladder=(2, 5, 10, 20))
    ] = 5
    seeds: Annotated[
        int, Setting("data sets at once", ge=1, le=10_000, key="t", ladder=(1, 10, 30, 100, 300))
    ] = 30
    epochs: Annotated[
        int,
        Setting(
            "epochs of SGD", ge=1, le=100_000, key="p", ladder=(10, 50, 100, 200, 400, 1000, 4000)
        ),
    ] = 400
    lr: Annotated[
        float,
        Setting(
            "learning rate of SGD on the mean squared error (no ½)",
            gt=0,
            le=1,
            key="v",
            ladder=(0.001, 0.003, 0.01, 0.03),
        ),
    ] = 0.01
    batch_size: Annotated[
        int,
        Setting(
            "examples in a minibatch of SGD; n or more is full-batch descent",
            ge=1,
            le=1000,
            key="z",
            ladder=(5, 10, 25, 50, 1000),
        ),
    ] = 10
    test_points: Annotated[int, Setting("test points", ge=1, le=10_000)] = 100
    seed: Annotated[int, seed_of("all draws", key="u")] = 0
    pace: Annotated[float, pace_of("degrees, or pictures of SGD,")] = 5.0

    def __post_init__(self) -> None:
        check(self)
        points = self.seeds * max(self.folds * self.n, self.test_points, 100)
        if points > MOST_POINTS:
            raise BadInput(
                f"seeds = {self.seeds} with folds = {self.folds} of n = {self.n} points are more "
                f"than the {MOST_POINTS:,} points held at once: take fewer of any"
            )


def run(
    config: SelectionSettings, controls: Controls, start: Start | None = None
) -> Iterator[Event]:
    """All degrees on all data sets; cross-validation; learning curves; claims."""
    refuse_start(start)
    # torch is loaded when a run begins, not by a menu
    from engine.lab.threads import one_thread

    with one_thread():
        yield from _selecting(config, controls)


def _selecting(config: SelectionSettings, controls: Controls) -> Iterator[Event]:
    from engine.lab import polynomial_views as views
    from engine.lab.polynomial_study import Plan, Study
    from engine.lab.polynomial_summary import summary

    wanted = {name: getattr(config, name) for name in Plan.__dataclass_fields__}
    plan = msgspec.convert(wanted, Plan)
    study = Study(plan)
    work = min(FRAMES, plan.epochs) + PARTS if plan.sgd else DEGREES
    course = Course(controls, work + len(plan.ladder), pace=config.pace)
    yield begun("selection", config)
    yield from views.points(study)
    yield from views.descent_theory(study)
    yield from _trained(study, course) if plan.sgd else _solved(study, course)
    if not course.ended:
        yield from _learned(study, course)
    yield from course.finished(summary(study))


def _solved(study: Study, course: Course) -> Iterator[Event]:
    """The fit morphs as the degree grows, and ends at the one to be drawn."""
    from engine.lab import polynomial_tables as tables
    from engine.lab import polynomial_views as views

    for degree in range(DEGREES):
        yield views.fit(study, degree)
        yield from views.by_degree(study, degree)
        yield from views.optimism(study, degree)
        yield tables.degrees_table(study, degree, degree)
        if not degree:
            yield tables.overfitted(study)
            yield from views.directions(study)
        yield from course.step()
        if course.ended:
            return
    yield views.fit(study, study.plan.degree)
    yield tables.degrees_table(study, study.plan.degree)


def _trained(study: Study, course: Course) -> Iterator[Event]:
    """The fit morphs as SGD goes on; then it is validated on one fold after another."""
    from engine.lab import polynomial_tables as tables
    from engine.lab import polynomial_views as views

    epochs, frames = study.plan.epochs, min(FRAMES, study.plan.epochs)
    for frame in range(frames):
        for epoch in range(epochs * frame // frames, epochs * (frame + 1) // frames):
            _losses(study, course, epoch)
            study.epoch()
        study.measure()
        if frame == frames - 1:
            _losses(study, course, epochs)
        yield from _pictures(study)
        yield from course.step()
        if course.ended:
            return
    for _ in study.validate(PARTS):
        yield from course.step()
        if course.ended:
            return
    yield from views.by_degree(study)
    yield tables.degrees_table(study, study.plan.degree)


def _learned(study: Study, course: Course) -> Iterator[Event]:
    """The learning curves, one n after another, and then the claims."""
    from engine.lab import polynomial_tables as tables
    from engine.lab import polynomial_views as views
    from engine.lab.polynomial_findings import findings

    yield from views.learning_theory(study)
    for learned in study.learn():
        for series, value in views.rung(study, learned):
            course.point(series, learned.n, value)
        yield tables.learning_table(study)
        yield from course.step()
        if course.ended:
            return
    for finding in findings(study):
        yield claim(**finding)


def _losses(study: Study, course: Course, epoch: int) -> None:
    train, test = study.losses(study.weights()[0].unsqueeze(1))
    course.point("loss/train", epoch, train[0])
    course.point("loss/test", epoch, test[0])


def _pictures(study: Study) -> Iterator[Event]:
    from engine.lab import polynomial_tables as tables
    from engine.lab import polynomial_views as views

    yield views.fit(study, study.plan.degree)
    yield from views.by_degree(study)
    yield from views.optimism(study)
    yield tables.degrees_table(study, study.plan.degree)
    yield tables.overfitted(study)
    yield from views.directions(study)


LESSON = (
    "Which degree fits points that came from a cubic with noise σ? With each coefficient more the "
    "train error falls, and from the true degree on it falls below the noise: on average to "
    "σ²(1 − p/n) with p coefficients, while the error on fresh labels at the same points rises to "
    "σ²(1 + p/n). So the train error cannot choose; an error on points that were held out can. "
    "K-fold cross-validation holds out every point once. It almost never takes too few "
    "coefficients, but takes too many in three cases of ten: from the right degree on the curve is "
    "flat. The common misunderstanding: that 20 coefficients trained by SGD must overfit. What "
    "overfits is the least-squares solution, and SGD does not get there. Along an eigenvector of "
    "the features' matrix with eigenvalue λ it has come 1 − (1 − ηλ)ᵏ of the way after k steps, "
    "and for 20 powers of x all but the first five λ are far below 1/(ηk): it has fitted about "
    "5 parameters, whatever the number of coefficients. Out of sample the test error has no "
    "useful mean: one far point can be all of it, so look at the median. And a test error twice "
    "the train error may be just such a point, not overfitting."
)

EXPERIMENT = Experiment(
    name="selection",
    question="Which degree fits, and do 20 coefficients always overfit?",
    config=SelectionSettings,
    run=run,
    shows="the fit morphing with the degree, the U of the test error, what cross-validation takes",
    lesson=LESSON,
    lasts="6 seconds to watch (16 with sgd), 2 (6) at full pace",
    charts=(
        Chart("fit", "Points and fit", "x", "y"),
        Chart("u", "Errors by degree", "degree", "mean square", log=True),
        Chart("loss", "SGD, first data set", "epochs", "mean square", log=True),
        Chart("directions", "How far SGD has come", "eigenvector", "share of the way"),
        Chart("optimism", "Same points, old and fresh labels", "degree", "error / σ²"),
        Chart("learning", "Learning curves", "training points", "error / σ²", log=True),
    ),
    checks=(
        SelectionSettings(pace=0.0, seeds=200),
        SelectionSettings(pace=0.0, seeds=200, n=20, degree=4, noise=0.3),
        SelectionSettings(pace=0.0, seeds=60, n=500, degree=5, folds=10),
        SelectionSettings(pace=0.0, solver="sgd", folds=2, epochs=100),
        SelectionSettings(
            pace=0.0, solver="sgd", folds=2, n=40, degree=7, batch_size=1000, epochs=500
        ),
    ),
)
