"""Deep networks side by side on the same batches: which of their layers still learn?"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

import msgspec

from engine.controls import Controls
from engine.events import Event
from engine.experiments.contract import Chart, Experiment
from engine.experiments.course import Course, begun, claim, refuse_start
from engine.experiments.together import Standing, train
from engine.lab.entrants import MATCHED, MOST_LAYERS, Entrant, parse_entrants
from engine.lab.race_settings import TogetherSettings
from engine.rules.initializers import ALIASES, INITIALIZERS
from engine.schema import Setting, check

if TYPE_CHECKING:
    from engine.lab.grounds import Grounds
    from engine.lab.race import Race
    from engine.lab.verdicts import Verdict
    from engine.store.checkpoint import Start

MOST = 8  # curves that can be told apart


class RaceSettings(TogetherSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who races, on what, and how fast it is shown.

    Raises:
        BadInput: on creation, naming the field or the entrant that cannot be used and why.
    """

    entrants: Annotated[
        str,
        Setting(
            "activation/init/depth of up to 8 networks, e.g. relu/he/5,sigmoid/xavier/5; "
            "init and depth may be left out",
            key="p",
            ladder=(
                "relu,sigmoid",
                "relu/he,relu/xavier,relu/default,relu/normal",
                "tanh/orthogonal,tanh/xavier,tanh/default,tanh/normal",
                "relu/he/2,relu/he/5,relu/he/10,relu/he/20",
                "sigmoid/xavier/1,sigmoid/xavier/2,sigmoid/xavier/3,sigmoid/xavier/5",
                "relu,leaky_relu,elu,selu,gelu,silu,tanh,sigmoid",
            ),
        ),
    ] = "relu,sigmoid"
    init: Annotated[
        str,
        Setting(
            "initializer of entrants that name none; matched is the one made for each activation",
            choices=(MATCHED, *INITIALIZERS),
            aliases=ALIASES,
            key="i",
        ),
    ] = MATCHED
    depth: Annotated[
        int,
        Setting(
            "hidden layers of entrants that name none",
            ge=1,
            le=MOST_LAYERS,
            key="d",
            ladder=(1, 2, 3, 5, 8, 10, 20, 50),
        ),
    ] = 5

    def __post_init__(self) -> None:
        check(self)
        self.parsed()

    def parsed(self) -> tuple[Entrant, ...]:
        """The entrants that the settings name."""
        return parse_entrants(self.entrants, self.init, self.depth, MOST)


class Racing:
    """Races of one process; the data that one has loaded is there for the next."""

    def __init__(self) -> None:
        self._grounds: Grounds | None = None

    def __call__(
        self, config: RaceSettings, controls: Controls, start: Start | None = None
    ) -> Iterator[Event]:
        """Gauge every net at its start, then train all of them batch by batch."""
        refuse_start(start)
        # torch is loaded when a run begins, not by a menu
        from engine.lab.grounds import Grounds

        self._grounds = self._grounds or Grounds()
        with self._grounds.opened(config, config.parsed(), controls.report) as race:
            started = begun("relu-vs-sigmoid", config, race.device_name)
            yield msgspec.structs.replace(started, dataset=race.info)
            yield from _race(config, Course(controls, race.cadence.total, pace=config.pace), race)


def _race(config: RaceSettings, course: Course, race: Race) -> Iterator[Event]:
    from engine.lab import race_views, verdicts

    gauged, judged = race.gauge(curvature=True), verdicts.verdicts(race)
    standing = Standing(race)

    def show() -> Iterator[Event]:
        yield race_views.standings(race, judged, gauged, standing.tested, standing.lost_at)
        if race.measured:
            yield from race_views.heatmaps(race)
            yield race_views.learning_layers(race)

    yield from show()
    yield from train(standing, course, show, curves=True)
    if not course.ended:
        for finding in verdicts.chi_findings(judged, gauged, config.width):
            yield claim(**finding)
        for finding in verdicts.known_findings(race, config.train_examples, standing.tested[1]):
            yield claim(**finding)
    yield from course.finished(_summary(race, judged, standing))


def _summary(race: Race, judged: Sequence[Verdict], standing: Standing) -> str:
    from engine.lab.verdicts import agreement

    accuracies = standing.tested[1]
    right, called = agreement(judged, accuracies, len(race.info.classes))
    reached = ", ".join(
        f"{entrant.label} {'lost' if math.isnan(accuracy) else f'{accuracy:.3f}'}"
        for entrant, accuracy in zip(race.entrants, accuracies, strict=True)
    )
    return f"test accuracies {reached}; theory called {right} of {called} rightly (trains or not)"


LESSON = (
    "The same deep net twice, on the same batches: only the activation differs. A sigmoid's slope "
    "is at most ¼, so every layer takes at least three quarters of the gradient away; after five "
    "the first layers get a thousandth of it and stand still, while the output layer goes on. "
    "ReLU with He's weights hands the gradient down whole. The heatmaps show it: layers from input "
    "to output, time to the right. The common misunderstanding: that ReLU is what matters. Give it "
    "small weights, N(0, .01²), and it dies like the sigmoid; give tanh Xavier's and it learns at "
    "depth ten. What counts is the product of weight variance and slope, χ. And χ is not all: deep "
    "critical nets have gradients of the right size, but all inputs look alike at the top, or the "
    "loss is too sharp for the learning rate. Hence three gauges, each measured before the start: "
    "χ's product, the correlation of two inputs' logits, and ηλ/2."
)

EXPERIMENT = Experiment(
    name="relu-vs-sigmoid",
    question="Two deep nets on the same batches: which of their layers still learn?",
    config=RaceSettings,
    run=Racing(),
    shows="loss and accuracy side by side, gradient norms as layers × time, theory's call",
    lesson=LESSON,
    lasts="6 seconds to watch, 1 at full pace",
    charts=(
        Chart("loss", "Training loss", "step", "nats"),
        Chart("accuracy", "Test accuracy", "step"),
    ),
    checks=(
        # The settings of the accuracies that were measured before.
        RaceSettings(
            pace=0.0,
            width=256,
            entrants="relu/he/2,relu/xavier/2,relu/normal/5,relu/he/5,sigmoid/xavier/2,"
            "sigmoid/xavier/5,tanh/xavier/2,tanh/orthogonal/5",
        ),
    ),
)
