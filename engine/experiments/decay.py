"""Weight decay on 200 weights and 20 examples: what it shrinks, and what that is worth."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from engine.controls import Controls
from engine.errors import BadInput
from engine.events import Event
from engine.experiments.contract import Chart, Experiment
from engine.experiments.course import Course, begun, claim, refuse_start
from engine.lab.common_settings import pace_of, seed_of
from engine.schema import Setting, check

if TYPE_CHECKING:
    from engine.lab.decay import Decay, Plan
    from engine.lab.decay_paths import Paths
    from engine.store.checkpoint import Start

MOST_NUMBERS = 2**24  # of all inputs
LOOKS = 50  # times that histogram and sweep are drawn


class DecaySettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which penalty, on which data. The loss is ½(ŷ − y)², the penalty λ/2·‖w‖² or λ·‖w‖₁."""

    decay: Annotated[
        float,
        Setting(
            "λ, beside λ = 0",
            ge=0,
            le=1e4,
            key="v",
            ladder=(0.0, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0),
        ),
    ] = 3.0
    penalty: Annotated[
        str,
        Setting(
            "l2: λ/2·‖w‖²; l1: λ·‖w‖₁ by proximal step, with the plain subgradient beside it",
            choices=("l2", "l1"),
            key="p",
        ),
    ] = "l2"
    start: Annotated[
        str,
        Setting(
            "first weights: N(0, 1) as in the chapter, or 0",
            choices=("normal", "zero"),
            aliases={"zeros": "zero", "random": "normal"},
            key="i",
        ),
    ] = "normal"
    examples: Annotated[
        int,
        Setting("training examples n", ge=2, le=10_000, key="n", ladder=(5, 10, 20, 50, 100, 400)),
    ] = 20
    features: Annotated[
        int,
        Setting("inputs d", ge=1, le=10_000, key="d", ladder=(5, 10, 20, 50, 100, 200, 400)),
    ] = 200
    lr: Annotated[
        float,
        Setting("learning rate η", gt=0, le=10, key="u", ladder=(0.0003, 0.001, 0.003, 0.01, 0.03)),
    ] = 0.003
    epochs: Annotated[
        int, Setting("passes", ge=1, le=10_000, key="t", ladder=(20, 50, 100, 200, 500))
    ] = 100
    batch_size: Annotated[
        int, Setting("examples in a minibatch", ge=1, le=10_000, key="g", ladder=(1, 5, 10, 20))
    ] = 5
    noise: Annotated[
        float,
        Setting(
            "σ of the labels' noise", ge=0, le=100, key="z", ladder=(0.0, 0.01, 0.03, 0.1, 0.3)
        ),
    ] = 0.01
    seeds: Annotated[
        int, Setting("data sets at once", ge=1, le=10_000, key="w", ladder=(1, 10, 50, 200))
    ] = 50
    seed: Annotated[int, seed_of("data, weights and order")] = 0
    pace: Annotated[float, pace_of("epochs")] = 15.0

    def __post_init__(self) -> None:
        check(self)
        numbers = self.seeds * self.features * max(self.examples, 100)
        if numbers > MOST_NUMBERS:
            raise BadInput(
                f"seeds = {self.seeds} data sets with examples = {self.examples} of features = "
                f"{self.features} are more than the {MOST_NUMBERS:,} numbers kept at once: take "
                "fewer of any"
            )


def shrink(
    config: DecaySettings, controls: Controls, start: Start | None = None
) -> Iterator[Event]:
    """Nets of every λ trained at once, epoch by epoch, and one exact path after another."""
    refuse_start(start)
    # torch is loaded when a run begins, not by a menu
    from engine.lab.threads import one_thread

    with one_thread():
        yield from _shrinking(config, controls)


def _shrinking(config: DecaySettings, controls: Controls) -> Iterator[Event]:
    from engine.lab import decay_outcome, decay_views
    from engine.lab.decay import Decay
    from engine.lab.decay_paths import Paths

    decay = Decay(_plan(config), config.seed)
    paths = Paths(decay)
    course = Course(controls, max(config.epochs, paths.sets), pace=config.pace)
    yield begun("decay", config)
    yield from _drawn(decay, paths, course)
    while course.done < course.total and not course.ended:
        if decay.epochs < config.epochs:
            decay.epoch()
        if len(paths.lasso) < paths.sets:
            paths.follow()
        if not course.done:
            yield from decay_views.coefficients(paths)
        yield from _drawn(decay, paths, course)
        yield from course.step()
    yield decay_outcome.outcome(decay, paths)
    if config.penalty == "l2":
        yield decay_views.conventions(decay)
    if not course.ended:
        yield from _claims(decay, paths)
    yield from course.finished(decay_outcome.summary(decay))


def _claims(decay: Decay, paths: Paths) -> Iterator[Event]:
    from engine.lab import decay_findings, decay_path_findings, linear_findings

    for finding in decay_findings.findings(decay):
        yield claim(**finding)
    for finding in linear_findings.findings(decay, paths):
        yield claim(**finding)
    for finding in decay_path_findings.findings(decay, paths):
        yield claim(**finding)


def _plan(config: DecaySettings) -> Plan:
    from engine.lab.decay import Plan
    from engine.theory.linear_models import Truth

    return Plan(
        penalty=config.penalty,
        decay=config.decay,
        start=config.start,
        examples=config.examples,
        batch_size=min(config.batch_size, config.examples),
        lr=config.lr,
        epochs=config.epochs,
        seeds=config.seeds,
        truth=Truth(config.features, noise=config.noise),
    )


def _drawn(decay: Decay, paths: Paths, course: Course) -> Iterator[Event]:
    """The curves, the weights and what there is over λ, as they are now."""
    from engine.lab import decay_views

    epochs = decay.plan.epochs
    if course.done < epochs:
        for series, x, y in decay_views.points(decay):
            course.point(series, x, y)
    every = max(1, epochs // LOOKS)
    if decay.epochs % every == 0 or decay.epochs == epochs or course.done < paths.sets:
        yield decay_views.histogram(decay)
        yield from decay_views.sweep(decay)
        yield from decay_views.paths(decay, paths)


LESSON = (
    "What does weight decay do? 20 examples say nothing about 180 of 200 directions. No gradient "
    "ever points there, so the weights stay what they were drawn as, N(0, 1), and spoil every "
    "prediction: test loss 90 at a train loss of nearly 0. Decay multiplies this part by (1 − ηλ) "
    "at every update; at λ = 3 only .027 of it is left. That is the whole gain that the chapter "
    "shows. The common misunderstanding: that decay has found a better fit. It has unlearned its "
    "own first weights. Start from 0 and λ = 3 gains 3 % (.0102 to .0098). Predicting a constant "
    "scores .0113 (.0101 for the best one), so λ = 3 from N(0, 1) is eight times worse than that, "
    "and the best λ is so large that it just predicts a constant. Decay earns its keep where noise "
    "has to be held down: with 100 examples, 100 inputs and noise .1, from 0, it lowers .0118 to "
    ".0082 at λ = 1, below any constant. The loss here is ½(ŷ − y)² with λ/2·‖w‖², so a step "
    "shrinks by ηλ; without the ½, as in torch's MSELoss, the same steps need half the rate and "
    "twice the λ. L1 makes weights exactly 0, but only by a proximal step: the plain subgradient "
    "steps over 0 for ever."
)

_QUICK: dict[str, Any] = {"pace": 0.0}
EXPERIMENT = Experiment(
    name="decay",
    question="What does weight decay do?",
    config=DecaySettings,
    run=shrink,
    shows="loss and ‖w‖ with and without decay, the weights' histogram, ridge and lasso paths",
    lesson=LESSON,
    lasts="8 seconds to watch, 4 at full pace",
    charts=(
        Chart("loss", "Loss, ½ squared error", "epochs", log=True),
        Chart("norm", "Size of the weights", "epochs", "‖w‖", log=True),
        Chart("sweep", "Test loss of SGD over λ", "log10 λ", log=True),
        Chart("paths", "Test loss: SGD from 0, ridge, lasso", "log10 λ"),
        Chart("freedom", "Degrees of freedom", "log10 λ"),
        Chart("coefficients", "Lasso: the first weights in", "log10 λ"),
    ),
    checks=(
        DecaySettings(**_QUICK, seeds=25),
        DecaySettings(**_QUICK, penalty="l1", decay=1.0, seeds=10),
        DecaySettings(**_QUICK, penalty="l1", start="zero", seeds=10, epochs=20),
        DecaySettings(**_QUICK, start="zero", decay=0.3, batch_size=20, seeds=10, epochs=30),
        DecaySettings(**_QUICK, examples=60, features=30, noise=0.3, seeds=20, epochs=20),
    ),
)
