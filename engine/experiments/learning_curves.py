"""When to stop training, and what more examples bring: early stopping and learning curves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import msgspec

from engine.config import RunConfig
from engine.controls import Controls
from engine.events import Event, Noted
from engine.experiments.contract import Chart, Experiment
from engine.experiments.course import Course, begun, claim, refuse_start
from engine.lab.learning_curves_settings import LearningCurvesSettings

if TYPE_CHECKING:
    from engine.lab.learning_curves_study import Study
    from engine.store.checkpoint import Start
    from engine.training.shelf import Shelf


class LearningCurves:
    """Runs of one process; the data that one has loaded is there for the next."""

    def __init__(self) -> None:
        self._shelf: Shelf | None = None

    def __call__(
        self, config: LearningCurvesSettings, controls: Controls, start: Start | None = None
    ) -> Iterator[Event]:
        """One net until it is stopped early, then others on fewer examples."""
        refuse_start(start)
        # torch is loaded when a run begins, not by a menu
        from engine.lab.learning_curves_study import Plan, Study
        from engine.training import numerics
        from engine.training.shelf import Shelf

        self._shelf = self._shelf or Shelf()
        device = numerics.resolve_device(config.device)
        made = _made(config)
        with numerics.applied(made, device):
            dataset = self._shelf.load(made, device, controls.report)
            plan = Plan(made, config.examples, config.validation, config.patience, config.runs)
            study = Study(plan, dataset, device)
            started = begun("learning-curves", config, numerics.device_name(device))
            yield msgspec.structs.replace(started, dataset=dataset.info)
            yield Noted(text=study.described())
            yield from _watched(study, config, controls)


def _made(config: LearningCurvesSettings) -> RunConfig:
    return RunConfig(
        data=config.data,
        data_dir=config.data_dir,
        hidden=(config.width,),
        init=config.init,
        dropout=(config.dropout,),
        lr=config.lr,
        batch_size=config.batch_size,
        weight_decay=config.weight_decay,
        epochs=config.epochs,
        seed=config.seed,
    )


def _watched(study: Study, config: LearningCurvesSettings, controls: Controls) -> Iterator[Event]:
    from engine.lab import learning_curves_views as views

    course = Course(controls, config.epochs * study.nets, pace=config.pace)
    yield from _one_net(study, course)
    if not course.ended:
        yield from views.chosen(study.choices, study.least)
        yield from _others(study, course, config.budget)
    if not course.ended:
        for finding in study.findings():
            yield claim(**finding)
    yield from course.finished(study.summary())


def _one_net(study: Study, course: Course) -> Iterator[Event]:
    """The net that is watched, epoch by epoch; the test set is opened when it has stopped."""
    from engine.lab import learning_curves_views as views

    trainee = study.watched
    for point in views.look_points(trainee.first):
        course.point(*point)
    while not trainee.stopping.over and not course.ended:
        for point in views.look_points(study.epoch(trainee)):
            course.point(*point)
        yield from views.best_so_far(trainee)
        yield views.verdict(trainee)
        yield from course.step()
    if not course.ended:
        _shorten(course, study, trainee.stopping.epoch)
        yield views.verdict(trainee, study.conclude(trainee))
        yield from views.ladder(study.done)


def _others(study: Study, course: Course, budget: int) -> Iterator[Event]:
    """Nets on fewer examples, then more on as many, as far as the budget goes."""
    from engine.lab import learning_curves_views as views

    for n, seed in study.planned():
        if study.spent >= budget:
            yield Noted(
                text=f"the budget of {budget:,} examples is spent: {len(study.done)} of "
                f"{study.nets} nets were trained"
            )
            course.total = course.done
            return
        trainee = study.trainee(n, seed)
        while not trainee.stopping.over:
            study.epoch(trainee)
            yield from course.step()
            if course.ended:
                return
        _shorten(course, study, trainee.stopping.epoch)
        study.conclude(trainee)
        yield from views.ladder(study.done)


def _shorten(course: Course, study: Study, epochs: int) -> None:
    """Epochs that a net stopped early has not taken are no part of the way."""
    course.total -= study.config.epochs - epochs


LESSON = (
    "When should training stop? The train loss cannot say: it is what is being minimized. So some "
    "training images are held out, and the epoch is taken whose loss on these is least; patience "
    "says how long to wait for a lower one. What has chosen is no longer a fair judge: the least "
    "of many scores is low partly by luck, on average never higher than what fresh images give "
    "(Jensen's inequality; the chart has by how much: .24 with 10 images, .05 with 100, .006 with "
    "1,000). So the test set must not choose, and stays closed here until training is over. The "
    "misunderstanding: that a rising validation loss means more wrong answers. A wrong answer "
    "costs ln 2 at least, and the more the surer the net is of it. With 200 images of "
    "Fashion-MNIST and patience off, at rate .05, a net's validation loss rose from .70 at its "
    "best epoch to .81 at the 200th, yet the last nets are as accurate on the test set (.737 "
    "beside .734, means of ten): there stopping early gains honest probabilities and time, not "
    "accuracy. And part of what it gains elsewhere is no overfitting undone: at a constant rate "
    "the loss leaps from epoch to epoch, and the last one is as it comes. With more images the "
    "best epoch comes after fewer passes but many more updates, so an epoch found on few images "
    "does not fit many. The gap closes, and the test error falls about like a power of n: that is "
    "a fit, not a law."
)

_QUICK: dict[str, Any] = {"data": "synthetic", "width": 32, "validation": 1000, "runs": 1}
EXPERIMENT = Experiment(
    name="learning-curves",
    question="When to stop training, and what do more examples bring?",
    config=LearningCurvesSettings,
    run=LearningCurves(),
    shows="train and validation growing, the best epoch marked, then learning curves over n",
    lesson=LESSON,
    lasts="15 to 40 seconds on two slow cores",
    charts=(
        Chart("loss", "Loss", "epoch", "nats", log=True),
        Chart("accuracy", "Accuracy", "epoch"),
        Chart("learning", "Test error over n", "log10 n", log=True),
        Chart("gap", "Validation − train loss", "log10 n", "nats", log=True),
        Chart("moves", "The best epoch moves", "log10 n", log=True),
        Chart("choosing", "The chosen epoch's loss", "log10 of images that choose", "nats"),
    ),
    checks=(
        LearningCurvesSettings(**_QUICK, examples=1000, patience=3, init="normal", lr=0.05),
        LearningCurvesSettings(**_QUICK, examples=500, patience=0, epochs=25, lr=0.1),
        LearningCurvesSettings(
            **{**_QUICK, "width": 128}, examples=200, patience=0, epochs=200, lr=0.05
        ),
        LearningCurvesSettings(
            **{**_QUICK, "validation": 200, "runs": 2}, examples=500, dropout=0.5, epochs=12
        ),
    ),
)
