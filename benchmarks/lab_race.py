"""What stacking brings: K networks trained as one, over the training's own steps in turn."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch

from benchmarks.figures import Figure, Goal, Spread, at_most, ratios
from benchmarks.plan import Plan
from engine.config import RunConfig
from engine.lab.stacked import Stack
from engine.model.build import build
from engine.model.network import Network
from engine.training import numerics
from engine.training.manual import ManualGradients
from engine.training.objective import Meter

INPUTS, CLASSES, BATCH, LR = 784, 10, 256, 0.01


@dataclass(frozen=True)
class Shape:
    """`nets` networks of so many hidden layers of one width."""

    nets: int
    width: int
    depth: int
    goal: Goal | None = None

    def __str__(self) -> str:
        return f"{self.nets} nets of 784-{self.depth}×{self.width}-10"


SHAPES = (
    Shape(8, 64, 1),
    Shape(32, 64, 1),
    Shape(8, 64, 20),
    Shape(32, 64, 20),
)
AGAINST_LIMIT = (Shape(32, 64, 1, at_most(1.20)), Shape(32, 64, 20, at_most(1.20)))


def run(plan: Plan) -> Iterator[Figure]:
    """Batched over the loop by shape, then batched over its bare products."""
    steps = 2 if plan.quick else 10
    config = RunConfig(batch_size=BATCH)
    with numerics.applied(config, torch.device("cpu")), torch.no_grad():
        x, y = torch.rand(BATCH, INPUTS), torch.randint(CLASSES, (BATCH,))
        for shape in SHAPES:
            nets = networks(shape)
            yield _figure(
                f"{shape}, batched ÷ one after another",
                (stacked(nets, x, y), in_turn(nets, x, y)),
                (plan.pairs(7), steps),
            )
        for shape in AGAINST_LIMIT:
            yield _figure(
                f"{shape}, batched ÷ its bare products",
                (stacked(networks(shape), x, y), products(shape, x)),
                (plan.pairs(7), steps),
                shape.goal,
            )


def networks(shape: Shape) -> list[Network]:
    """Freshly drawn, ReLU with He."""
    config = RunConfig(hidden=(shape.width,) * shape.depth, init="he", batch_size=BATCH)
    generator, cpu = torch.Generator().manual_seed(0), torch.device("cpu")
    sample = torch.zeros(1, INPUTS)
    return [build(config, INPUTS, CLASSES, generator, cpu, sample) for _ in range(shape.nets)]


def stacked(nets: list[Network], x: torch.Tensor, y: torch.Tensor) -> Callable[[], None]:
    """One step of all networks as one."""
    stack = Stack(nets)

    def step() -> None:
        stack.differentiate(x, y)
        stack.descend(LR)

    return step


def in_turn(nets: list[Network], x: torch.Tensor, y: torch.Tensor) -> Callable[[], None]:
    """One step of each, by the hand-written backward pass of a training run."""
    gradients = [ManualGradients(net, Meter(BATCH, x)) for net in nets]
    pairs = [
        ([*net.weights, *net.biases], [*own.buffers.weights, *own.buffers.biases])
        for net, own in zip(nets, gradients, strict=True)
    ]

    def step() -> None:
        for own, (parameters, found) in zip(gradients, pairs, strict=True):
            own.compute(x, y, 0)
            torch._foreach_add_(parameters, found, alpha=-LR)

    return step


def products(shape: Shape, x: torch.Tensor) -> Callable[[], None]:
    """The products that a step of all networks cannot do without, into prepared buffers."""
    k, widths = shape.nets, [INPUTS, *[shape.width] * shape.depth, CLASSES]
    fans = list(zip(widths[1:], widths[:-1], strict=True))
    weights = [torch.randn(k, *fan).div_(fan[1] ** 0.5) for fan in fans]
    values = [torch.randn(k, width, BATCH) for width in widths[1:]]
    deltas = [torch.randn_like(value) for value in values]
    found = [torch.empty_like(weight) for weight in weights]

    def step() -> None:
        torch.mm(weights[0].flatten(0, 1), x.t(), out=values[0].flatten(0, 1))
        torch.mm(deltas[0].flatten(0, 1), x, out=found[0].flatten(0, 1))
        for layer in range(1, len(weights)):
            torch.bmm(weights[layer], values[layer - 1], out=values[layer])
            torch.bmm(weights[layer].transpose(1, 2), deltas[layer], out=deltas[layer - 1])
            torch.bmm(deltas[layer], values[layer - 1].transpose(1, 2), out=found[layer])

    return step


def _figure(
    what: str,
    contestants: tuple[Callable[[], None], Callable[[], None]],
    measure: tuple[int, int],
    goal: Goal | None = None,
) -> Figure:
    count, steps = measure
    times: tuple[list[float], list[float]] = ([], [])
    for turn in range(count + 1):
        for which in (0, 1) if turn % 2 else (1, 0):
            begun = time.perf_counter()
            for _ in range(steps):
                contestants[which]()
            if turn:  # the first turn warms up
                times[which].append((time.perf_counter() - begun) / steps)
    above, below = (1e3 * Spread.of(seconds).median for seconds in times)
    return Figure(
        what, ratios(*times), absolute=f"{above:.2f} ms ÷ {below:.2f} ms a step", goal=goal
    )
