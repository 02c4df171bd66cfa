"""Four sizes of a training run beside their laws: loss, gradient noise, sharpness, update."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from engine.config import RunConfig
from engine.controls import Controls
from engine.events import Event
from engine.experiments.contract import Chart, Experiment
from engine.experiments.course import Course, begun, claim, refuse_start
from engine.lab.common_settings import BY_RULE, activation_of, pace_of, seed_of
from engine.schema import Setting, check, setting_of

if TYPE_CHECKING:
    from engine.lab.edge import Edge
    from engine.lab.examples import Bench
    from engine.store.checkpoint import Start

DRAWN_POINTS = 2_000


class EdgeSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The network, its data, and the step size that draws the edge."""

    lr: Annotated[
        float,
        Setting(
            "learning rate η; the edge of stability is at 2/η",
            gt=0,
            le=10,
            key="u",
            ladder=(0.02, 0.05, 0.1, 0.2, 0.3, 0.4),
        ),
    ] = 0.1
    width: Annotated[
        int, Setting("hidden units", ge=1, le=1024, key="w", ladder=(8, 16, 32, 64, 128, 256))
    ] = 64
    activation: Annotated[str, activation_of("activation function", BY_RULE)] = "tanh"
    examples: Annotated[
        int,
        Setting("training examples", ge=2, le=2000, key="n", ladder=(100, 200, 500, 1000, 2000)),
    ] = 500
    steps: Annotated[
        int,
        Setting(
            "updates with all examples",
            ge=1,
            le=100_000,
            key="t",
            ladder=(300, 600, 1000, 1500, 3000, 6000),
        ),
    ] = 1500
    every: Annotated[int, Setting("updates from one measured sharpness to the next", ge=1)] = 10
    draws: Annotated[
        int, Setting("random last layers, and minibatches of each size", ge=20, le=10_000)
    ] = 400
    data: Annotated[str, setting_of(RunConfig, "data")] = "auto"
    data_dir: Annotated[str, setting_of(RunConfig, "data_dir")] = ""
    seed: Annotated[int, seed_of("weights and draws")] = 0
    pace: Annotated[float, pace_of("steps of work")] = 0.0

    def __post_init__(self) -> None:
        check(self)


class Approach:
    """Runs of one process; the data that one has loaded is there for the next."""

    def __init__(self) -> None:
        self._bench: Bench | None = None

    def __call__(
        self, config: EdgeSettings, controls: Controls, start: Start | None = None
    ) -> Iterator[Event]:
        """What is known before the first step; then descent, up to the edge and along it."""
        refuse_start(start)
        # torch is loaded when a run begins, not by a menu
        from engine.lab.edge import Edge, Plan
        from engine.lab.examples import Bench

        self._bench = self._bench or Bench()
        source = (config.data, config.data_dir, config.examples, config.seed, controls.report)
        with self._bench.examples(*source) as shown:
            plan = Plan(config.width, config.activation, config.lr, config.draws, config.seed)
            edge = Edge(plan, shown)
            yield msgspec.structs.replace(begun("edge", config), dataset=shown.info)
            yield from _watched(edge, config, controls)


def _watched(edge: Edge, config: EdgeSettings, controls: Controls) -> Iterator[Event]:
    from engine.lab import edge_figures
    from engine.lab.edge import DEVIATIONS
    from engine.lab.edge_findings import findings

    total = len(DEVIATIONS) + len(edge.sizes) + config.steps
    course = Course(controls, total, pace=config.pace)
    yield from edge_figures.laws_of_loss(edge.classes)
    while len(edge.losses) < len(DEVIATIONS) and not course.ended:
        loss = edge.take_loss()
        course.point("initial/measured", loss.deviation, loss.mean)
        yield edge_figures.losses(edge)
        yield from course.step()
    yield edge_figures.law_of_noise(edge)
    while len(edge.noise) < len(edge.sizes) and not course.ended:
        noise = edge.take_noise()
        course.point("noise/measured", math.log2(noise.batch), edge_figures.log10(noise.mean))
        yield edge_figures.noise(edge)
        yield from course.step()
    yield from edge_figures.laws_of_descent(config.lr, config.steps)
    yield from _descent(edge, config, course)
    if edge.descent.steps:
        yield edge_figures.sizes(edge)
    if not course.ended:
        course.total = course.done
        for finding in findings(edge):
            yield claim(**finding)
    yield from course.finished(edge_figures.summary(edge.descent))


def _descent(edge: Edge, config: EdgeSettings, course: Course) -> Iterator[Event]:
    from engine.lab.edge_figures import log10, sizes

    down, drawn = edge.descent, max(1, config.steps // DRAWN_POINTS)
    while down.steps < config.steps and not course.ended and not down.diverged:
        measured = down.steps % config.every == 0
        if measured:
            course.point("sharpness/λ max", down.steps, down.measure())
        down.step()
        if down.steps % drawn == 0:
            course.point("loss/loss", down.steps, down.loss)
            for name, ratio in zip(down.network.names, down.ratios, strict=True):
                course.point(f"update/{name}", down.steps, log10(ratio))
        if measured:
            yield sizes(edge)
        yield from course.step()


LESSON = (
    "How large may a step be? In a quadratic valley of curvature λ gradient descent is stable for "
    "η < 2/λ. The common misunderstanding: that η must therefore stay below 2/λ of the loss at "
    "hand. A network moves instead: the sharpness λ of its loss rises by itself until it meets "
    "2/η, and hovers there while the loss goes on falling in jumps. So the step size chooses the "
    "curvature. The other sizes have laws, too: the loss before training tells the size of the "
    "logits (ln 10 + .45 s² while they are small, 1.54 s when they are large), and the square of "
    "a minibatch's gradient falls as 1/B, down to that of the full gradient. That log10 of update "
    "over weight lies between −3.5 and −2.5 is a rule of thumb for small steps, not a law."
)

_QUICK: dict[str, Any] = {"pace": 0.0, "data": "synthetic", "examples": 200, "width": 32}
EXPERIMENT = Experiment(
    name="edge",
    question="How large may a step be, and what do loss and gradients say about it?",
    config=EdgeSettings,
    run=Approach(),
    shows="sharpness rising to 2/η, loss before training, gradient noise, update over weight",
    lesson=LESSON,
    lasts="20 seconds",
    charts=(
        Chart("sharpness", "Sharpness of the loss", "steps", "λ max"),
        Chart("loss", "Training loss, ½ mean ‖o − t‖²", "steps", log=True),
        Chart("update", "Update over weight", "steps", "log10 |Δ|/|W|"),
        Chart("initial", "Loss before training", "standard deviation of a logit", "nats"),
        Chart("noise", "Square of a minibatch's gradient", "log2 B", "log10 E‖g_B‖²"),
    ),
    checks=(
        EdgeSettings(**_QUICK, lr=0.2, steps=450),
        EdgeSettings(**_QUICK, lr=0.3, steps=450, activation="relu"),
    ),
)
