"""The computational graph of a net with one hidden layer, node by node, forward and backward."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from engine.controls import Controls
from engine.events import Event, Noted
from engine.experiments.contract import Experiment
from engine.experiments.course import Course, begun, claim, refuse_start
from engine.lab.common_settings import activation_of, pace_of, seed_of
from engine.schema import Setting, check

if TYPE_CHECKING:
    from torch import Tensor

    from engine.lab.graph_views import Study
    from engine.store.checkpoint import Start

_OFFERED = ("tanh", "sigmoid", "silu", "softplus", "gelu", "identity", "relu", "leaky_relu")


class BackpropSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The net, its loss and its decay; how gradients are checked; how fast the graph is gone
    through.
    """

    activation: Annotated[str, activation_of("activation function φ", _OFFERED)] = "tanh"
    loss: Annotated[
        str,
        Setting(
            "loss of an example: ½‖o − y‖², or −ln softmax(o) of its class",
            choices=("squared", "cross_entropy"),
            key="f",
        ),
    ] = "squared"
    inputs: Annotated[int, Setting("inputs", ge=2, le=32, key="i", ladder=(2, 3, 4, 8, 16, 32))] = 4
    hidden: Annotated[
        int, Setting("hidden units", ge=2, le=64, key="w", ladder=(2, 3, 5, 8, 16, 32, 64))
    ] = 5
    outputs: Annotated[int, Setting("outputs", ge=1, le=16, key="u", ladder=(1, 2, 3, 5, 10))] = 3
    batch: Annotated[
        int, Setting("examples; L is their mean", ge=1, le=64, key="n", ladder=(1, 2, 4, 16, 64))
    ] = 1
    decay: Annotated[
        float, Setting("λ of the weight decay", ge=0, le=100, key="d", ladder=(0.0, 0.1, 1.0, 3.0))
    ] = 0.1
    dtype: Annotated[
        str, Setting("numbers of the whole computation", choices=("float64", "float32"), key="t")
    ] = "float64"
    step: Annotated[
        float,
        Setting(
            "h of the central difference; auto is 1e-5, in float32 1e-2",
            ge=1e-12,
            le=1.0,
            words={"auto": 0.0},
            key="g",
            ladder=(0.0, 1e-11, 1e-9, 1e-7, 1e-5, 1e-3, 1e-2, 1e-1),
        ),
    ] = 0.0
    seed: Annotated[int, seed_of("weights and data", key="v")] = 0
    hold: Annotated[
        bool, Setting("wait at the last node, so that one can step back from there")
    ] = True
    pace: Annotated[float, pace_of("nodes")] = 1.5

    def __post_init__(self) -> None:
        check(self)


def propagate(
    config: BackpropSettings, controls: Controls, start: Start | None = None
) -> Iterator[Event]:
    """Forward from x to J, backward from J to W1, node by node; then the claims."""
    refuse_start(start)
    # torch is loaded when a run begins, not by a menu
    from engine.lab.computational_graph import Plan
    from engine.lab.graph_views import study
    from engine.lab.threads import one_thread

    names = Plan.__dataclass_fields__
    with one_thread():
        found = study(Plan(**{name: getattr(config, name) for name in names}), config.step)
    yield begun("backprop", config)
    if found.straddling:
        yield Noted(text=_kinks(found), level="warning")
    yield from _walked(found, config, controls)


def _walked(found: Study, config: BackpropSettings, controls: Controls) -> Iterator[Event]:
    from engine.lab.graph_findings import findings
    from engine.lab.graph_rules import STEPS
    from engine.lab.graph_tables import tables
    from engine.lab.graph_views import graph

    course = Course(controls, STEPS, pace=config.pace, reversible=True)
    claims = [claim(**finding) for finding in findings(found)]
    while not course.over:
        yield graph(found, course.done)
        yield from tables(found, course.done)
        if course.done == course.total:
            yield from claims
            claims = []
        yield from course.walk(hold=config.hold)
    yield from course.finished(_summary(found))


def _kinks(found: Study) -> str:
    from engine.lab.computational_graph import PARAMETERS

    worst = max(found.apart(found.checks.difference, name) for name in PARAMETERS)
    return (
        f"the kink of {found.plan.activation} lies between the two ends of {found.straddling} "
        f"differences: no derivative is to be had there, and they are off by up to {worst:.1e}"
    )


def _summary(found: Study) -> str:
    from engine.lab.computational_graph import PARAMETERS
    from engine.lab.kept import parameter_bytes, totals

    def off(gradients: dict[str, Tensor], *, smooth: bool = False) -> str:
        return f"{max(found.apart(gradients, n, smooth=smooth) for n in PARAMETERS):.1g}"

    checks = found.checks
    across = f" ({found.straddling} entries across a kink left out)" if found.straddling else ""
    steps = f", complex step {off(checks.complex_step)}" if checks.complex_step else ""
    return (
        f"gradients by hand differ from autograd by {off(checks.autograd)}{steps}, "
        f"central difference {off(checks.difference, smooth=True)}{across}; "
        f"{totals(found.kept)[0]:,} bytes kept for the backward pass "
        f"beside {parameter_bytes(found.given):,} of parameters"
    )


LESSON = (
    "Where does a gradient come from? The forward pass computes each node from the ones before it; "
    "the backward pass goes the same way back, from J, and multiplies by one local derivative at "
    "each node. Order and transposes need no memory: ∂J/∂W2 has the shape of W2, and "
    "∂J/∂o hᵀ, [q×n][n×m], is the only product of the two that has it; ∂J/∂h = W2ᵀ ∂J/∂o goes back "
    "through the same matrix turned over. A weight that J depends on along two ways gets two "
    "terms: the loss's and λW of the decay. The common misunderstanding: that backpropagation is "
    "another, approximate kind of derivative, or learns something. It is the chain rule, exact to "
    "rounding, and only the update after it learns. A difference quotient is what is approximate: "
    "try other h (g), or relu, whose kink between the two ends spoils it. A complex step subtracts "
    "nothing and is exact to the last digit, but needs an analytic φ. The price of the backward "
    "pass is memory: x, h (or z) and the error are kept until their turn comes, in proportion to "
    "the examples, which is why training takes more than prediction. A mean over n examples "
    "leaves all formulas as they are: examples are columns, and only the error is divided by n."
)

_QUICK: dict[str, Any] = {"pace": 0.0, "hold": False}
EXPERIMENT = Experiment(
    name="backprop",
    question="Where does a gradient come from, and what does it cost?",
    config=BackpropSettings,
    run=propagate,
    shows="the computational graph, forward and backward node by node; four ways to a gradient",
    lesson=LESSON,
    lasts="12 seconds to watch, or at your own pace, step by step; at once at full pace",
    checks=(
        BackpropSettings(**_QUICK),
        BackpropSettings(**_QUICK, activation="sigmoid", loss="cross_entropy", batch=16),
        BackpropSettings(**_QUICK, activation="relu", batch=4, seed=1),
        BackpropSettings(**_QUICK, activation="relu", dtype="float32", batch=16, hidden=16),
        BackpropSettings(**_QUICK, activation="gelu", decay=0.0, outputs=10, loss="cross_entropy"),
        BackpropSettings(**_QUICK, dtype="float32", inputs=8, hidden=8, seed=2),
        BackpropSettings(**_QUICK, activation="silu", inputs=32, hidden=32, batch=64, decay=3.0),
        BackpropSettings(**_QUICK, activation="identity", hidden=3, batch=2),
    ),
    reversible=True,
)
