"""Hidden units that begin alike: what parts them, and what they amount to while they do not."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal

import torch
from torch import Generator, Tensor
from torch.nn import functional

from engine.config import RunConfig
from engine.model.scratch import ScratchNetwork
from engine.rules.activations import ACTIVATIONS, Activation
from engine.training import optimizers
from engine.training.autograd import AutogradGradients
from engine.training.manual import ManualGradients
from engine.training.objective import Meter

Start = Literal["constant", "zero", "perturbed", "normal"]
STARTS: Final[tuple[Start, ...]] = ("constant", "zero", "perturbed", "normal")
DTYPES: Final = {"float64": torch.float64, "float32": torch.float32}
EQUAL: Final = 1e-12  # weights closer than this are equal but for rounding in float64


@dataclass(frozen=True)
class Plan:
    """One hidden layer of `width` units, how it starts and how it is trained.

    `constant` fills both weights; `std` is that of what breaks them: noise on the last row of W1
    (start "perturbed") or all there is (start "normal"). Biases start at 0. `drop` is the
    probability of dropout on the units or on the inputs.
    """

    start: Start
    width: int
    activation: str
    optimizer: str
    lr: float
    constant: float
    std: float
    dropout: Literal["none", "hidden", "input"]
    drop: float

    @property
    def phi(self) -> Activation:
        return ACTIVATIONS[self.activation]

    @property
    def silent(self) -> bool:
        """Whether nothing ever reaches a weight: φ(0) = 0 and all weights 0."""
        at_zero = float(self.phi.forward(torch.zeros((), dtype=torch.float64)))
        return self.start == "zero" and at_zero == 0

    @property
    def free(self) -> bool:
        """Whether no two units are ever given the same: random weights, or masks that matter."""
        return self.start == "normal" or (self.dropout == "hidden" and not self.silent)

    @property
    def tied(self) -> bool:
        """Whether all units stay equal, in exact arithmetic."""
        return not self.free and self.start != "perturbed"

    @property
    def leavers(self) -> int:
        """How many units part from the first, in exact arithmetic."""
        return 0 if self.tied else self.width - 1 if self.free else 1


def starting_weights(
    plan: Plan, features: int, classes: int, generator: Generator
) -> tuple[Tensor, Tensor]:
    """W1 [width, features] and W2 [classes, width], float64."""
    fill = 0.0 if plan.start == "zero" else plan.constant
    first = torch.full((plan.width, features), fill, dtype=torch.float64)
    second = torch.full((classes, plan.width), fill, dtype=torch.float64)
    if plan.start == "perturbed":
        noise = torch.randn(features, generator=generator, dtype=torch.float64)
        first[-1] += plan.std * noise
    elif plan.start == "normal":
        first.normal_(0, plan.std, generator=generator)
        second.normal_(0, plan.std, generator=generator)
    return first, second


class Units:
    """A network in training, looked at unit by unit.

    `gradients` are the Frobenius norms of ∂W1, ∂W2 and ∂b2 of the last step, `largest` the largest
    |entry| of ∂W1 or ∂W2 in any step so far and `first_step` that of ∂W1 in the first.
    `differ_at` is the step after which two units first differed in a bit, and `part_at` that after
    which they differed by more than rounding; 0 if they never did.
    """

    def __init__(
        self, plan: Plan, weights: tuple[Tensor, Tensor], dtype: str, batch: int, masks: Generator
    ) -> None:
        self.plan = plan
        self.batch = batch
        self.steps = 0
        self.differ_at = 0
        self.part_at = 0
        self.loss = math.nan
        self.largest = 0.0
        self.first_step = math.nan
        self.gradients = (0.0, 0.0, 0.0)
        self._dtype = DTYPES[dtype]
        relative = torch.finfo(self._dtype).eps / torch.finfo(torch.float64).eps
        self._equal = EQUAL * relative
        stored = [weight.to(self._dtype) for weight in weights]
        biases = [weight.new_zeros(len(weight)) for weight in stored]
        drops = (plan.drop if plan.dropout == "hidden" else 0.0,)
        network = ScratchNetwork(stored, biases, plan.phi, drops, torch.device("cpu"))
        self.w1, self.w2 = network.weights
        self.b1, self.b2 = network.biases
        self._meter = Meter(batch, stored[0])
        self._pass = (
            AutogradGradients(network, self._meter, masks)
            if plan.dropout == "hidden"
            else ManualGradients(network, self._meter)
        )
        rules = RunConfig(optimizer=plan.optimizer, lr=plan.lr)
        self._optimizer = optimizers.build(rules, network, self._pass.buffers)

    def step(self, x: Tensor, y: Tensor) -> None:
        """One update on x float64 [batch, features] and y [batch]."""
        self._pass.compute(x.to(self._dtype), y, 0)
        self.loss = float(self._meter.read(1)[0, 0]) / len(y)
        first, second = self._pass.buffers.weights
        largest = torch.stack([first.abs().max(), second.abs().max()]).tolist()
        if not self.steps:
            self.first_step = largest[0]
        self.largest = max(self.largest, *largest)
        self.gradients = (
            float(torch.linalg.vector_norm(first)),
            float(torch.linalg.vector_norm(second)),
            float(torch.linalg.vector_norm(self._pass.buffers.biases[1])),
        )
        self._optimizer.step(self.plan.lr)
        self.steps += 1
        farthest = float(self.distances().max())
        if not self.differ_at and farthest != 0:
            self.differ_at = self.steps
        if not self.part_at and farthest > self._equal:
            self.part_at = self.steps

    def distances(self) -> Tensor:
        """How far each unit is from the first, [width], float64: the worst of its numbers."""
        return torch.stack([self.of_w1(), self.of_b1(), self.of_w2()]).amax(0)

    def of_w1(self) -> Tensor:
        """The largest difference of each row of W1 from the first row."""
        return (self.w1 - self.w1[0]).abs().amax(1).double()

    def of_b1(self) -> Tensor:
        """The difference of each entry of b1 from the first."""
        return (self.b1 - self.b1[0]).abs().double()

    def of_w2(self) -> Tensor:
        """The largest difference of each column of W2 from the first column."""
        return (self.w2 - self.w2[:, :1]).abs().amax(0).double()

    def parted(self) -> int:
        """How many units differ from the first by more than rounding: 4,504 ε of the dtype."""
        return int((self.distances() > self._equal).sum())

    def rank(self) -> float:
        """The numerical rank of W1, NaN if it is not finite."""
        if not bool(torch.isfinite(self.w1).all()):
            return math.nan
        return float(torch.linalg.matrix_rank(self.w1))


class OneUnit:
    """What `width` equal units compute: one unit whose outgoing weight counts `width` times.

    o = width·v·φ(u·x + a) + b, float64. The gradient of u, a and v is `width` times that of one
    of the equal units, so with lr/width for these gradient descent moves it just as it moves them.
    """

    def __init__(self, plan: Plan, weights: tuple[Tensor, Tensor]) -> None:
        first, second = weights
        self._plan = plan
        shared = [first[0], first.new_zeros(()), second[:, 0], first.new_zeros(len(second))]
        self._numbers = [number.clone().requires_grad_() for number in shared]
        self.loss = math.nan

    def step(self, x: Tensor, y: Tensor) -> None:
        """One update on x float64 [batch, features] and y [batch]."""
        plan, (u, a, v, b) = self._plan, self._numbers
        with torch.enable_grad():
            h = plan.phi.forward(x @ u + a)
            loss = functional.cross_entropy(plan.width * h[:, None] * v + b, y)
        self.loss = float(loss.detach())
        found = torch.autograd.grad(loss, self._numbers)
        with torch.no_grad():
            torch._foreach_add_([u, a, v], found[:3], alpha=-plan.lr / plan.width)
            b -= plan.lr * found[3]
