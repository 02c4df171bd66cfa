"""Hidden units that begin alike: which starts, dropouts and dtypes part them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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
    from torch import Tensor

    from engine.lab.examples import Bench, Examples
    from engine.lab.units import OneUnit, Units
    from engine.store.checkpoint import Start

LOOKS = 50  # times that rank and tiles are taken


class SymmetrySettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the units start, and what might part them."""

    start: Annotated[
        str,
        Setting(
            "all weights equal, all zero, equal but for the last unit, or all random",
            choices=("constant", "zero", "perturbed", "normal"),
            aliases={"zeros": "zero", "broken": "perturbed", "random": "normal"},
            key="i",
        ),
    ] = "constant"
    dropout: Annotated[
        str,
        Setting("what dropout leaves out", choices=("none", "hidden", "input"), key="d"),
    ] = "none"
    dtype: Annotated[
        str,
        Setting("numbers of the units shown", choices=("float64", "float32"), key="t"),
    ] = "float64"
    optimizer: Annotated[str, Setting("update rule", choices=("sgd", "adam"), key="p")] = "sgd"
    width: Annotated[
        int,
        Setting("hidden units", ge=2, le=1024, key="w", ladder=(16, 64, 128, 255, 256, 257, 512)),
    ] = 256
    activation: Annotated[str, activation_of("activation function", BY_RULE)] = "relu"
    lr: Annotated[
        float,
        Setting("learning rate", gt=0, le=1, key="u", ladder=(0.001, 0.003, 0.01, 0.03, 0.1, 0.3)),
    ] = 0.1
    steps: Annotated[
        int, Setting("updates", ge=1, le=10_000, key="n", ladder=(20, 50, 100, 200, 500))
    ] = 100
    constant: Annotated[float, Setting("the value of equal weights", gt=0, le=1)] = 0.01
    std: Annotated[float, Setting("standard deviation of random weights", ge=1e-6, le=10)] = 0.01
    drop: Annotated[float, Setting("probability of dropout", ge=0.05, le=0.95)] = 0.5
    examples: Annotated[int, Setting("training examples", ge=1, le=60_000)] = 1024
    batch_size: Annotated[int, Setting("examples in a minibatch", ge=1, le=4096)] = 64
    data: Annotated[str, setting_of(RunConfig, "data")] = "auto"
    data_dir: Annotated[str, setting_of(RunConfig, "data_dir")] = ""
    seed: Annotated[int, seed_of("weights, batches and masks")] = 0
    pace: Annotated[float, pace_of("updates")] = 20.0

    def __post_init__(self) -> None:
        check(self)


class Parting:
    """Runs of one process; the data that one has loaded is there for the next."""

    def __init__(self) -> None:
        self._bench: Bench | None = None

    def __call__(
        self, config: SymmetrySettings, controls: Controls, start: Start | None = None
    ) -> Iterator[Event]:
        """One start in float64 and float32 at once, on the same batches, unit by unit."""
        refuse_start(start)
        # torch is loaded when a run begins, not by a menu
        from engine.lab.examples import Bench

        self._bench = self._bench or Bench()
        source = (config.data, config.data_dir, config.examples, config.seed, controls.report)
        with self._bench.examples(*source) as shown:
            both, one = _start(config, shown)
            yield msgspec.structs.replace(begun("symmetry", config), dataset=shown.info)
            yield from _watched(both, one, _batches(config, shown), config, controls)


def _start(config: SymmetrySettings, shown: Examples) -> tuple[dict[str, Units], OneUnit]:
    from engine.lab.units import DTYPES, OneUnit, Plan, Units, starting_weights
    from engine.training.seeds import generator

    wanted = {name: getattr(config, name) for name in Plan.__dataclass_fields__}
    plan = msgspec.convert(wanted, Plan)
    random = generator(config.seed, "initialization")
    weights = starting_weights(plan, shown.x.shape[1], shown.classes, random)
    batch = min(config.batch_size, len(shown.y))
    both = {
        dtype: Units(plan, weights, dtype, batch, generator(config.seed, "dropout"))
        for dtype in DTYPES
    }
    return both, OneUnit(plan, weights)


def _batches(config: SymmetrySettings, shown: Examples) -> Iterator[tuple[Tensor, Tensor]]:
    """Minibatches without end, with inputs left out where that is asked for."""
    from engine.lab.examples import minibatches
    from engine.model.dropout import keep_mask
    from engine.training.seeds import generator

    masks, order = generator(config.seed, "dropout"), generator(config.seed, "shuffling")
    for index in minibatches(len(shown.y), config.batch_size, order):
        x = shown.x[index]
        if config.dropout == "input":
            x = x * keep_mask(x, config.drop, masks)
        yield x, shown.y[index]


def _watched(
    both: Mapping[str, Units],
    one: OneUnit,
    batches: Iterator[tuple[Tensor, Tensor]],
    config: SymmetrySettings,
    controls: Controls,
) -> Iterator[Event]:
    from engine.lab.unit_figures import parted, summary, tiles
    from engine.lab.unit_findings import findings
    from engine.telemetry.matrices import matrix_row

    course = Course(controls, config.steps, pace=config.pace)
    units, every = both[config.dtype], max(1, config.steps // LOOKS)
    yield tiles(units)
    while course.done < course.total and not course.ended:
        x, y = next(batches)
        for each in both.values():
            each.step(x, y)
        one.step(x, y)
        _points(course, both, config.dtype, one)
        if units.steps % every == 0 or units.steps in (1, config.steps):
            effective = matrix_row("hidden1", "weight", units.w1).effective_rank
            course.point("rank/rank of W1", units.steps, units.rank())
            course.point("rank/effective rank", units.steps, effective)
            yield tiles(units)
            yield parted(both)
        yield from course.step()
    if not course.ended:
        for finding in findings(both["float64"], one):
            yield claim(**finding)
    yield from course.finished(summary(both, config.dtype))


def _points(course: Course, both: Mapping[str, Units], dtype: str, one: OneUnit) -> None:
    from engine.lab.unit_figures import log10

    units = both[dtype]
    step = units.steps
    course.point("loss/loss", step, units.loss)
    if units.plan.tied and units.plan.optimizer == "sgd":
        course.point(f"loss/theory one unit × {units.plan.width}", step, one.loss)
    for name, each in both.items():
        course.point(f"spread/{name}", step, log10(float(each.distances().max())))
    for name, norm in zip(("∂W1", "∂W2", "∂b2"), units.gradients, strict=True):
        course.point(f"gradients/{name}", step, log10(norm))


LESSON = (
    "Can a network learn if all its hidden units start alike? Equal units see the same inputs and "
    "send the same outputs, so they get the same gradient: 256 of them stay one unit, counted 256 "
    "times, and W1 stays of rank 1. All zeros with φ(0) = 0 is worse: no weight ever gets a "
    "gradient, only the last bias learns. A start that differs a little is enough to part them; "
    "dropout of hidden units does it too, since each unit has its own mask, while dropout of "
    "inputs hits all units alike. The common misunderstanding: that all entries of W1 stay equal. "
    "Only its rows do, and only if b1 and the columns of W2 are equal as well; within a row the "
    "entries follow the pixels. And on a real machine rounding may break the tie: try adam with "
    "tanh and 257 units at lr .01. It makes steps of full size out of gradients that are rounding "
    "alone."
)

_QUICK: dict[str, Any] = {"pace": 0.0, "data": "synthetic", "examples": 512}
EXPERIMENT = Experiment(
    name="symmetry",
    question="Can a network learn if its hidden units start alike?",
    config=SymmetrySettings,
    run=Parting(),
    shows="256 units as tiles that stay the same or part, the rank of W1, loss and gradients",
    lesson=LESSON,
    lasts="5 seconds to watch, 2 at full pace",
    charts=(
        Chart("spread", "Farthest unit from the first", "steps", "log10 distance"),
        Chart("loss", "Training loss", "steps", "nats"),
        Chart("rank", "Rank of W1", "steps"),
        Chart("gradients", "Norms of the gradients", "steps", "log10 ‖∂‖"),
    ),
    checks=(
        SymmetrySettings(**_QUICK),
        SymmetrySettings(**_QUICK, start="zero", dropout="hidden", width=64),
        SymmetrySettings(**_QUICK, start="zero", activation="sigmoid", width=33, dtype="float32"),
        SymmetrySettings(**_QUICK, dropout="input", activation="tanh", width=64),
        SymmetrySettings(**_QUICK, dropout="hidden", width=64, steps=50),
        SymmetrySettings(**_QUICK, start="perturbed", width=64),
        SymmetrySettings(**_QUICK, start="normal", width=64, steps=20),
    ),
)
