"""Measure what one layer does to variances, forward and back, at every initializer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import msgspec

from engine.controls import Controls
from engine.errors import BadInput
from engine.events import ClaimChecked, Event, TableChanged
from engine.experiments.contract import Chart, Experiment
from engine.experiments.course import Course, begun, claim, refuse_start
from engine.lab.common_settings import activation_of, pace_of, seed_of
from engine.rules import activations, initializers
from engine.schema import Setting, check

if TYPE_CHECKING:
    from torch import Generator

    from engine.lab.layers import Passed
    from engine.store.checkpoint import Start
    from engine.theory.through_layer import Passage

MOST_WEIGHTS = 2**23  # of one layer
MOST_DRAWN = 2**28  # of all draws of a layer
SHAPES = (0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 10.0)  # fan_out over fan_in
SHAPE_FAN_IN = 128
SHAPE_DRAWS = 40
XAVIER = "xavier_normal"
_FANS = (10, 32, 64, 128, 256, 512, 784, 1024)


class VarianceSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which layer, and how often it is drawn."""

    fan_in: Annotated[
        int, Setting("inputs of the layer", ge=1, le=65536, key="f", ladder=_FANS)
    ] = 784
    fan_out: Annotated[
        int, Setting("units of the layer", ge=1, le=65536, key="w", ladder=_FANS)
    ] = 256
    activation: Annotated[
        str, activation_of("activation function between z ~ N(0, 1) and the layer")
    ] = "identity"
    draws: Annotated[
        int,
        Setting(
            "weights drawn at each initializer, each with an input of its own",
            ge=2,
            le=100_000,
            key="n",
            ladder=(5, 20, 50, 100, 200),
        ),
    ] = 50
    init_std: Annotated[
        float,
        Setting("std of init normal", ge=0, le=1e3, key="g", ladder=(0.001, 0.01, 0.05, 0.1, 1.0)),
    ] = 0.01
    init_constant: Annotated[float, Setting("the value of init constant", ge=-1e3, le=1e3)] = 0.01
    seed: Annotated[int, seed_of("all draws", key="u")] = 0
    pace: Annotated[float, pace_of("initializers")] = 5.0

    def __post_init__(self) -> None:
        check(self)
        weights = self.fan_in * self.fan_out
        if weights > MOST_WEIGHTS or weights * self.draws > MOST_DRAWN:
            raise BadInput(
                f"draws = {self.draws} of fan_in = {self.fan_in} times fan_out = {self.fan_out} "
                f"are more than {MOST_WEIGHTS:,} weights in a layer or {MOST_DRAWN:,} in all: take "
                "fewer draws or a smaller layer"
            )

    @property
    def draw(self) -> initializers.Draw:
        """What the rules may depend on."""
        return initializers.Draw(self.init_std, self.init_constant)


Row = tuple["initializers.Initializer", "Passed", "Passage"]


def measure(
    config: VarianceSettings, controls: Controls, start: Start | None = None
) -> Iterator[Event]:
    """Every initializer in turn, then Xavier's at other shapes."""
    refuse_start(start)
    # torch is loaded when a run begins, not by a menu
    from engine.lab.threads import one_thread

    with one_thread():
        yield from _measuring(config, controls)


def _measuring(config: VarianceSettings, controls: Controls) -> Iterator[Event]:
    from engine.training.seeds import generator

    draws = generator(config.seed, "initialization")
    course = Course(controls, len(initializers.INITIALIZERS) + len(SHAPES), pace=config.pace)
    yield begun("variance", config)
    rows: list[Row] = []
    for number, rule in enumerate(initializers.INITIALIZERS.values(), start=1):
        row = _one(rule, config, config.fan_in, config.fan_out, config.draws, draws)
        rows.append(row)
        yield _table(rows)
        for series, value in _bars(row):
            course.point(series, number, value)
        yield from course.step()
        if course.ended:
            break
    if not course.ended:
        yield from _shapes(config, course, draws)
    if not course.ended:
        for row in rows:
            yield from _claims(row, config.draws)
    yield from course.finished(_summary(config, rows))


def _one(  # noqa: PLR0913, PLR0917 (a layer, and how often it is drawn)
    rule: initializers.Initializer,
    config: VarianceSettings,
    fan_in: int,
    fan_out: int,
    count: int,
    draws: Generator,
) -> Row:
    from engine.lab.layers import pass_through
    from engine.theory.through_layer import passage

    phi = activations.ACTIVATIONS[config.activation]
    measured = pass_through(rule, phi, fan_in, fan_out, config.draw, count, draws)
    return rule, measured, passage(rule, phi, fan_in, fan_out, config.draw)


def _bars(row: Row) -> Iterator[tuple[str, float]]:
    _, measured, predicted = row
    yield "gains/theory forward", predicted.forward
    yield "gains/theory backward", predicted.backward
    yield "gains/forward", measured.forward
    yield "gains/backward", measured.backward


def _table(rows: list[Row]) -> TableChanged:
    return TableChanged(
        table="gains of one layer",
        columns=(
            "",
            "init",
            "Var[w]",
            "forward",
            "its theory",
            "backward",
            "its theory",
            "draws from",
        ),
        rows=tuple(
            (
                number,
                rule.name,
                measured.weight_square,
                measured.forward,
                predicted.forward,
                measured.backward,
                predicted.backward,
                rule.formula,
            )
            for number, (rule, measured, predicted) in enumerate(rows, start=1)
        ),
    )


def _shapes(config: VarianceSettings, course: Course, draws: Generator) -> Iterator[Event]:
    """Xavier at several shapes: what one direction gains the other loses."""
    rule = initializers.INITIALIZERS[XAVIER]
    for ratio in SHAPES:
        fan_out = round(SHAPE_FAN_IN * ratio)
        _, measured, predicted = _one(rule, config, SHAPE_FAN_IN, fan_out, SHAPE_DRAWS, draws)
        lines = {"theory forward": predicted.forward, "theory backward": predicted.backward}
        marks = {"forward": measured.forward, "backward": measured.backward}
        for name, value in {**lines, **marks}.items():
            course.point(f"xavier/{name}", fan_out / SHAPE_FAN_IN, value)
        yield from course.step()
        if course.ended:
            return


def _claims(row: Row, draws: int) -> Iterator[ClaimChecked]:
    from engine.model.lsuv import TOLERANCE
    from engine.theory.through_layer import tolerance

    rule, measured, predicted = row
    slack = TOLERANCE if rule.calibrated else 0.0  # LSUV is content within this of 1
    for way, seen, theory, spread in (
        ("forward", measured.forward, predicted.forward, predicted.forward_spread),
        ("backward", measured.backward, predicted.backward, predicted.backward_spread),
    ):
        within = tolerance(theory, spread, draws) + slack * theory
        if within < theory or not theory:  # else these draws are too few to tell
            yield claim(
                f"{rule.name}: {way} gain",
                measured=seen,
                predicted=theory,
                tolerance=within,
                source=f"{rule.source}; five sigma over {draws} draws",
            )


def _summary(config: VarianceSettings, rows: list[Row]) -> str:
    xavier = [(m, p) for rule, m, p in rows if rule.name == XAVIER]
    if not xavier:
        return "no initializer was measured"
    measured, predicted = xavier[0]
    return (
        f"{config.fan_in}→{config.fan_out}: Xavier's gain is {measured.forward:.3f} forward "
        f"(theory {predicted.forward:.3f}) and {measured.backward:.3f} backward "
        f"(theory {predicted.backward:.3f})"
    )


LESSON = (
    "How large must random weights be so that a layer neither blows up what passes nor lets it "
    "die? One layer multiplies the variance by fan_in·Var[w] on the way up, and that of "
    "gradients by fan_out·Var[w] on the way back. Both cannot be 1 unless fan_in = fan_out. The "
    "common misunderstanding: Xavier is said to make the variance of outputs independent of the "
    "number of inputs, and that of gradients independent of the number of outputs. Each of these "
    "would need a weight variance of its own, 1/fan_in or 1/fan_out; Xavier takes "
    "2/(fan_in + fan_out), a compromise that keeps neither: for 784→256 outputs grow to "
    "1.508 and gradients shrink to .492, and only their sum is 2. He's 2/fan_in doubles both, "
    "because a ReLU before the layer passes half of the mean square: turn the activation to relu "
    "and its forward gain is 1."
)

EXPERIMENT = Experiment(
    name="variance",
    question="What does one layer do to variances, forward and back?",
    config=VarianceSettings,
    run=measure,
    shows="both gains of every initializer beside theory, and Xavier between two wishes",
    lesson=LESSON,
    lasts="4 seconds",
    charts=(
        Chart("gains", "Gains, numbered as in the table", "initializer", "factor", log=True),
        Chart("xavier", "Xavier at other shapes", "fan_out / fan_in", "factor"),
    ),
    checks=(
        VarianceSettings(pace=0.0, draws=20),
        VarianceSettings(pace=0.0, fan_in=100, fan_out=300, activation="relu", draws=100),
        VarianceSettings(pace=0.0, fan_in=64, fan_out=64, activation="sigmoid", draws=100),
    ),
)
