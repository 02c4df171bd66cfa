"""Follow signals through many networks at initialization, forward and back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from engine.config import RunConfig
from engine.controls import Controls
from engine.errors import BadInput
from engine.events import Event, Noted
from engine.experiments.contract import Chart, Experiment
from engine.experiments.course import Course, begun, claim, refuse_start
from engine.lab.propagation_settings import GAUSSIAN, MOST_WEIGHTS, PropagationSettings
from engine.rules import activations, initializers

if TYPE_CHECKING:
    from torch import Generator, Tensor

    from engine.lab.nets import Start as NetStart
    from engine.lab.outlook import Outlook
    from engine.lab.propagation import Propagation
    from engine.lab.propagation_claims import Finding
    from engine.store.checkpoint import Start
    from engine.training.shelf import Shelf

DRAWN = 25  # times that a curve is drawn anew on the way back
_OUTPUTS = 10  # of a network on Gaussian inputs, as many as the chapter's


class Propagate:
    """Propagation runs of one process; data that one has loaded is there for the next."""

    def __init__(self) -> None:
        self._shelf: Shelf | None = None

    def __call__(
        self, config: PropagationSettings, controls: Controls, start: Start | None = None
    ) -> Iterator[Event]:
        """Forward layer by layer, back again, the named starts, and the plane of phases."""
        refuse_start(start)
        # torch is loaded when a run begins, not by a menu
        from engine.lab.threads import one_thread

        with one_thread():
            yield from self._propagating(config, controls)

    def _propagating(self, config: PropagationSettings, controls: Controls) -> Iterator[Event]:
        from engine.lab import propagation_views as views
        from engine.lab.known_starts import KNOWN
        from engine.lab.outlook import outlook
        from engine.lab.propagation import Propagation
        from engine.training.seeds import generator
        from engine.training.shelf import Shelf

        self._shelf = self._shelf or Shelf()
        draws = generator(config.seed, "initialization")
        net, inputs, second, correlation = _networks(config, controls, draws, self._shelf)
        theory = outlook(net, second, correlation)
        seen = Propagation(net, config.nets, inputs, draws)
        course = Course(controls, 2 * net.layers + len(KNOWN) + 1, pace=config.pace)
        yield begun("propagation", config)
        if theory is None:
            yield Noted(text=f"no variance describes init {config.init}: measured without theory")
        yield from _through(seen, theory, course)
        if not course.ended:
            yield from _beside(config, seen, theory, course, draws)
        yield from course.finished(views.summary(seen, theory))


def _networks(
    config: PropagationSettings, controls: Controls, draws: Generator, shelf: Shelf
) -> tuple[NetStart, Tensor, float, float]:
    """The start, its inputs [nets or 1, inputs, features], their mean square, and the correlation
    of the first two."""
    import torch

    from engine.lab.nets import Start, correlations, hidden_widths
    from engine.lab.signals import pair_of_inputs, scaled, some_examples

    outputs, second, correlation = _OUTPUTS, config.second_moment, config.correlation
    if config.data == GAUSSIAN:
        inputs = pair_of_inputs(config.nets, config.width, second, correlation, draws)
        more = torch.randn(config.nets, config.inputs - 2, config.width, generator=draws)
        inputs = torch.cat([inputs, scaled(more, second)], 1)
    else:
        asked = RunConfig(data=config.data, data_dir=config.data_dir)
        dataset = shelf.load(asked, torch.device("cpu"), controls.report)
        inputs, second = some_examples(dataset, config.inputs, draws)
        outputs = len(dataset.info.classes)
        correlation = float(correlations(inputs))
    widths = hidden_widths(inputs.shape[-1], config.width, config.depth, outputs)
    if config.nets * widths[0] * widths[1] > MOST_WEIGHTS:
        raise BadInput(
            f"nets = {config.nets} whose first layer is {widths[0]}→{widths[1]} are more than the "
            f"{MOST_WEIGHTS:,} weights drawn for a layer: take fewer nets or a smaller width"
        )
    net = Start(
        initializers.INITIALIZERS[config.init],
        activations.ACTIVATIONS[config.activation],
        widths,
        initializers.Draw(config.init_std, config.init_constant),
        config.bias_std,
    )
    return net, inputs, second, correlation


def _through(seen: Propagation, theory: Outlook | None, course: Course) -> Iterator[Event]:
    """Forward through all layers and back, until someone asks for the end."""
    from engine.lab import propagation_views as views

    if theory:
        yield from views.theory_curves(theory)
        yield views.start_table(theory, None)
    for layer in seen.forward():
        for series, value in views.forward_points(seen, layer):
            course.point(series, layer + 1, value)
        yield from course.step()
        if course.ended:
            return
    every = max(1, seen.start.layers // DRAWN)
    for layer in seen.backward():
        if layer % every == 0:
            yield from views.backward_curves(seen)
        yield from course.step()
        if course.ended:
            return


def _beside(
    config: PropagationSettings,
    seen: Propagation,
    theory: Outlook | None,
    course: Course,
    draws: Generator,
) -> Iterator[Event]:
    """Tables, the starts that have a name, the plane of phases, and the claims."""
    from engine.lab import known_starts, phases, propagation_claims
    from engine.lab import propagation_views as views
    from engine.lab.propagation import gradient_factors, typical

    yield views.ends(seen, theory)
    findings: list[Finding] = []
    if theory:
        yield views.start_table(theory, typical(gradient_factors(seen.delta, config.depth)))
        findings += propagation_claims.of_nets(seen, theory)
    factors = []
    for known in known_starts.KNOWN:
        factors.append(
            known_starts.measured_factor(known, config.width, config.depth, config.nets, draws)
        )
        yield views.known_table(factors, config.depth, config.width)
        yield from course.step()
        if course.ended:
            return
    findings += propagation_claims.of_known_starts(factors, config.depth)
    here = (theory.weight_variance, theory.bias_variance) if theory else None
    activation = activations.ACTIVATIONS[config.activation]
    diagram = phases.plane(activation, *(here or (0.0, 0.0)))
    yield phases.heatmap(diagram, here, ())
    places = phases.measured_places(activation, diagram, draws)
    yield phases.heatmap(diagram, here, places)
    yield from course.step()
    if course.ended:
        return
    findings += propagation_claims.of_places(places)
    for finding in findings:
        yield claim(**finding)


LESSON = (
    "Will a signal get through a deep network before anything is learned, and will its error get "
    "back? In wide layers both are a matter of two numbers, σw² = fan_in·Var[w] and σb²: each "
    "layer maps the second moment q to σw²·E φ(√q z)² + σb², and a gradient's square is "
    "multiplied by χ₁ = σw²·E φ′² on its way back. Below χ₁ = 1 (order) gradients vanish and all "
    "inputs come to look alike; above it (chaos) gradients explode and near inputs part; only "
    "within a few depth scales ξ = 1/|ln χ₁| does anything pass. The common misunderstanding: to "
    "judge an initialization by the gradients of the weights. In a ReLU net without biases "
    "‖∂W‖ of the first layer over the last stays near 1 at every initialization, "
    "because what the activations lose on the way up the δ have not lost yet on the way down: "
    "look at activations and at δ. And He's start keeps the mean of ‖h‖² only: a typical net "
    "of width n loses 5/(2n) of ln‖h‖² per layer, exactly."
)

EXPERIMENT = Experiment(
    name="propagation",
    question="Does a signal survive a deep network at initialization, forward and back?",
    config=PropagationSettings,
    run=Propagate(),
    shows="activations, δ and correlation per layer along theory's lines; order and chaos as a map",
    lesson=LESSON,
    lasts="3 seconds to watch, 2 at full pace",
    charts=(
        Chart("forward", "Activations", "layer", "E h²", log=True),
        Chart("backward", "δ over the output's", "layer", "‖δ‖", log=True),
        Chart("gradients", "Weight gradients over the output's δ", "layer", "‖∂W‖", log=True),
        Chart("correlation", "Correlation of two inputs", "layer", "c"),
    ),
    checks=(
        PropagationSettings(pace=0.0, nets=400, width=64, depth=20),
        PropagationSettings(pace=0.0, nets=16, width=128, depth=50, init="xavier_uniform"),
        PropagationSettings(
            pace=0.0, activation="tanh", init="normal", init_std=0.15, bias_std=0.2, nets=30
        ),
        PropagationSettings(
            pace=0.0, activation="gelu", init="orthogonal", nets=30, width=64, data="synthetic"
        ),
    ),
)
