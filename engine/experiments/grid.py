"""Every initializer with every activation: which pairs train, and did theory know?"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import msgspec

from engine.controls import Controls
from engine.errors import BadInput
from engine.events import Event
from engine.experiments.contract import Chart, Experiment
from engine.experiments.course import Course, begun, claim, refuse_start
from engine.experiments.together import Standing, train
from engine.lab.entrants import MOST_LAYERS, Entrant, parse_names
from engine.lab.race_settings import TogetherSettings
from engine.schema import Setting, check

if TYPE_CHECKING:
    from engine.lab.grid_views import GridViews
    from engine.lab.grounds import Grounds
    from engine.lab.race import Race
    from engine.store.checkpoint import Start

MOST_CELLS = 200


class GridSettings(TogetherSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which initializers and activations, at which depths, on what.

    Raises:
        BadInput: on creation, naming the field or the rule that cannot be used and why.
    """

    inits: Annotated[
        str,
        Setting(
            "initializers, the rows",
            key="i",
            ladder=(
                "normal,torch_default,xavier_uniform,kaiming_normal,orthogonal",
                "normal,zeros,constant,xavier_uniform,xavier_normal,kaiming_uniform,"
                "kaiming_normal,lecun_normal,orthogonal,lsuv,torch_default",
                "xavier_uniform,kaiming_normal",
            ),
        ),
    ] = "normal,torch_default,xavier_uniform,kaiming_normal,orthogonal"
    activations: Annotated[
        str,
        Setting(
            "activations, the columns",
            key="a",
            ladder=(
                "sigmoid,tanh,relu,gelu,selu",
                "identity,relu,leaky_relu,elu,selu,gelu,silu,softplus,tanh,sigmoid",
                "sigmoid,relu",
            ),
        ),
    ] = "sigmoid,tanh,relu,gelu,selu"
    depths: Annotated[
        tuple[int, ...],
        Setting(
            "hidden layers; every depth has a grid of its own",
            ge=1,
            le=MOST_LAYERS,
            key="d",
            ladder=((2,), (5,), (10,), (20,), (50,), (2, 5, 10)),
        ),
    ] = (5,)

    def __post_init__(self) -> None:
        check(self)
        if not self.depths or len(set(self.depths)) < len(self.depths):
            raise BadInput("depths needs at least one number of hidden layers, and each only once")
        if len(self.cells()) > MOST_CELLS:
            raise BadInput(
                f"inits, activations and depths make {len(self.cells())} networks, more than the "
                f"{MOST_CELLS} trained at once: name fewer"
            )

    def cells(self) -> tuple[Entrant, ...]:
        """All networks, depth by depth and row by row."""
        inits = parse_names("inits", self.inits, "initializers")
        activations = parse_names("activations", self.activations, "activations")
        return tuple(
            Entrant(a, i, depth) for depth in self.depths for i in inits for a in activations
        )


class TrainingAll:
    """Grids of one process; the data that one has loaded is there for the next."""

    def __init__(self) -> None:
        self._grounds: Grounds | None = None

    def __call__(
        self, config: GridSettings, controls: Controls, start: Start | None = None
    ) -> Iterator[Event]:
        """Theory's call on every cell, then all of them trained together."""
        refuse_start(start)
        # torch is loaded when a run begins, not by a menu
        from engine.lab.grounds import Grounds

        self._grounds = self._grounds or Grounds()
        with self._grounds.opened(config, config.cells(), controls.report) as race:
            started = begun("grid", config, race.device_name)
            yield msgspec.structs.replace(started, dataset=race.info)
            yield from _grid(config, Course(controls, race.cadence.total, pace=config.pace), race)


def _grid(config: GridSettings, course: Course, race: Race) -> Iterator[Event]:
    from engine.lab import verdicts
    from engine.lab.grid_views import GridViews

    gauged, judged = race.gauge(curvature=False), verdicts.verdicts(race)
    standing = Standing(race)
    views = GridViews(race, judged)

    def show() -> Iterator[Event]:
        accuracies = standing.tested[1]
        yield from views.measured(accuracies, standing.lost_at)
        yield views.agreement(accuracies)
        if standing.tested_at > 0:
            course.point("learned/nets that learn", race.done, views.learning(accuracies))

    yield from views.theory()
    for step in (0, race.cadence.total):
        course.point("learned/theory", step, views.called_trainable)
    yield from show()
    yield from train(standing, course, show, curves=False)
    if not course.ended:
        accuracies = standing.tested[1]
        for finding in (
            *verdicts.chi_worst(judged, gauged, config.width),
            *verdicts.rule_findings(judged, accuracies, len(race.info.classes)),
            *verdicts.known_findings(race, config.train_examples, accuracies),
        ):
            yield claim(**finding)
    yield from course.finished(_summary(race, views, standing))


def _summary(race: Race, views: GridViews, standing: Standing) -> str:
    accuracies = standing.tested[1]
    tested = [
        (accuracy, entrant.label)
        for accuracy, entrant in zip(accuracies, race.entrants, strict=True)
        if not math.isnan(accuracy)
    ]
    best, who = max(tested, default=(math.nan, "none"))
    right, called = views.right(accuracies)
    return (
        f"{views.learning(accuracies):.0f} of {len(accuracies)} networks learn, "
        f"{len(accuracies) - len(tested)} are lost; "
        f"theory called {right} of {called} rightly; best is {who} with {best:.3f}"
    )


LESSON = (
    "Which initializer belongs to which activation? All pairs train at once on the same batches, "
    "each cell coloured by its test accuracy; beside it the call that theory makes before the "
    "first step, from nothing but the product of χ = σw²·E φ′² through the layers: gradients that "
    "shrink by more than 10¹·⁵ on the way down vanish, those that grow by more than 10³ explode. "
    "Turn the depth: at two layers nearly everything trains, at fifty next to nothing. The common "
    "misunderstanding: that there is one best initializer. There are pairs; He's weights make "
    "tanh chaotic, Xavier's starve ReLU of half its signal in every layer. Where the call is "
    "wrong, the rule is too simple: deep critical nets have gradients of the right size and still "
    "fail, at this learning rate; shallow nets with small weights are called trainable and "
    "need more steps than these."
)

EXPERIMENT = Experiment(
    name="grid",
    question="Which initializer with which activation trains, and does theory know beforehand?",
    config=GridSettings,
    run=TrainingAll(),
    shows="initializers × activations coloured by test accuracy, theory's call beside it",
    lesson=LESSON,
    lasts="10 seconds to watch, 3 at full pace",
    charts=(Chart("learned", "Networks that learn", "step", "networks"),),
    checks=(
        GridSettings(
            pace=0.0,
            width=64,
            train_examples=6_000,
            test_examples=1_000,
            activations="sigmoid,tanh,relu",
            depths=(2, 5, 10),
        ),
    ),
)
