"""A race: networks of any shapes on the same minibatches, each group of one depth stacked."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise

import msgspec
import torch
from torch import Tensor

from engine.config import RunConfig
from engine.data.dataset import Dataset
from engine.data.minibatches import Minibatches, evaluation_batches
from engine.errors import BadInput
from engine.lab.cadence import Cadence
from engine.lab.entrants import Entrant
from engine.lab.stacked import Stack
from engine.lab.stacked_sharpness import sharpness
from engine.model.build import build
from engine.model.network import Network, layer_names
from engine.training import numerics
from engine.training.seeds import derived, generator

EVALUATED_AT_ONCE = 500
MOST_PARAMETERS = 2**26  # of all nets together: 256 MiB of float32, and as much for gradients


@dataclass(frozen=True)
class Rules:
    """What all entrants share."""

    width: int
    lr: float
    batch_size: int
    epochs: int
    seed: int
    test_examples: int

    def config(self, entrant: Entrant) -> RunConfig:
        """The training run that an entrant is: its net is the one that this would train."""
        return RunConfig(
            hidden=(self.width,) * entrant.depth,
            activation=entrant.activation,
            init=entrant.init,
            batch_size=self.batch_size,
            lr=self.lr,
            seed=self.seed,
        )


@dataclass(frozen=True)
class Gauged:
    """What was measured of each net at initialization, all [nets].

    `log_chi` is log₁₀ ‖δ₁‖/‖δ_L‖ of the hidden layers on the first minibatch, `correlation` the
    mean cosine of two test inputs' logits and `sharpness` the loss's largest curvature.
    """

    log_chi: list[float]
    correlation: list[float]
    sharpness: list[float]


@dataclass(frozen=True)
class Inputs:
    """What a network's first layer meets: E x² and the mean cosine of two inputs."""

    second_moment: float
    correlation: float


class Race:
    """Entrants that train side by side; results come in the order in which they entered.

    `cadence` says when to `take`, before more steps than fit have been made. Nothing waits for
    the device but the methods that say so.

    Raises:
        BadInput: when the networks do not fit this machine, or an activation has no derivative.
    """

    def __init__(
        self, entrants: Sequence[Entrant], rules: Rules, dataset: Dataset, device: torch.device
    ) -> None:
        self.entrants, self.rules = tuple(entrants), rules
        self._device, self.device_name = device, numerics.device_name(device)
        self._batches = Minibatches(
            dataset, rules.batch_size, device, derived(rules.seed, "shuffling")
        )
        self.cadence = Cadence(self._batches.steps_per_epoch * rules.epochs)
        self.info = dataset.info
        self._tested = _first_tests(dataset, rules.test_examples)
        self.tests = len(self._tested.y_test)
        self.inputs = _inputs(dataset)
        self._check_size()
        # Equal activations stand side by side within a stack: one kernel call for each of them.
        self._order = sorted(
            range(len(entrants)), key=lambda place: (entrants[place].depth, _rank(entrants[place]))
        )
        self.stacks = self._stacked()
        self._place = [self._order.index(place) for place in range(len(entrants))]
        self.done = 0
        self._slot = self._column = 0
        like = self.stacks[0].weights[0]
        self._seen = like.new_empty(2, self.cadence.tell, len(entrants))
        columns = len(self.cadence.measured)
        self.norms = [like.new_empty(columns, len(s.weights), s.nets) for s in self.stacks]

    @property
    def measured(self) -> int:
        """How many times gradients were measured so far."""
        return self._column

    def step(self) -> None:
        """One update of every net on the next minibatch."""
        x, y = self._batches.next()
        measure = self.done + 1 in self.cadence.measured
        for stack, nets, norms in zip(self.stacks, self._slices(), self.norms, strict=True):
            losses, hits = stack.differentiate(x, y)
            self._seen[0, self._slot, nets].copy_(losses)
            self._seen[1, self._slot, nets].copy_(hits)
            stack.descend(self.rules.lr, norms[self._column] if measure else None)
        self.done += 1
        self._slot += 1
        self._column += measure

    def take(self) -> tuple[list[list[float]], list[list[float]]]:
        """Minibatch losses (nats) and fractions correct since the last call, [nets][steps].

        Waits for the device.
        """
        seen = self._seen[:, : self._slot].transpose(1, 2)[:, self._place]
        self._slot = 0
        losses, hits = seen.tolist()
        return losses, hits

    def gradients(self) -> list[list[list[float]]]:
        """log₁₀‖∂loss/∂W‖, [nets][layers][measurements so far]; −∞ for 0. Waits for the device."""
        found: list[list[list[float]]] = []
        for norms in self.norms:
            found += norms[: self._column].log10().permute(2, 1, 0).tolist()
        return [found[place] for place in self._place]

    def update_ratios(self) -> list[list[float]]:
        """log₁₀ of |update|/|weight| at the last measurement, [nets][layers]. Waits.

        There must have been one.
        """
        ratios: list[list[float]] = []
        for stack, norms in zip(self.stacks, self.norms, strict=True):
            last = self.rules.lr * norms[self._column - 1] / stack.weight_norms()
            ratios += last.log10().t().tolist()
        return [ratios[place] for place in self._place]

    def evaluate(self) -> tuple[list[float], list[float]]:
        """Test loss (nats) and accuracy of every net; both NaN where numbers are lost. Waits."""
        parts = [
            torch.stack(
                stack.evaluate(
                    evaluation_batches(self._tested, "test", self._device, EVALUATED_AT_ONCE)
                )
            )
            for stack in self.stacks
        ]
        both = torch.cat(parts, 1)[:, self._place]
        losses, accuracies = torch.where(both[0].isfinite(), both, math.nan).tolist()
        return losses, accuracies

    def gauge(self, *, curvature: bool) -> Gauged:
        """Measure every net as it is now, on the first minibatch; nothing changes. Waits.

        Without `curvature` (the expensive one) the sharpness is NaN.
        """
        position = self._batches.state()
        x, y = (tensor.clone() for tensor in self._batches.next())
        self._batches.load_state(position)
        chis, alike, sharp = [], [], []
        for stack in self.stacks:
            stack.differentiate(x, y)
            deltas = stack.delta_norms()
            chis.append((deltas[0] / deltas[-2]).log10())
            alike.append(_cosine(stack.logits(x)))
            unknown = deltas.new_full((stack.nets,), math.nan)
            sharp.append(sharpness(stack, x, y) if curvature else unknown)
        rows = [torch.cat(parts)[self._place].tolist() for parts in (chis, alike, sharp)]
        return Gauged(*rows)

    def names(self, place: int) -> list[str]:
        """The layers of an entrant's net, first to output."""
        return layer_names(self.entrants[place].depth + 1)

    def widths(self, place: int) -> tuple[int, ...]:
        """Inputs, hidden ..., outputs of an entrant's net."""
        hidden = (self.rules.width,) * self.entrants[place].depth
        return (self.info.features, *hidden, len(self.info.classes))

    def _slices(self) -> list[slice]:
        ends = [sum(s.nets for s in self.stacks[: i + 1]) for i in range(len(self.stacks))]
        return [slice(e - s.nets, e) for e, s in zip(ends, self.stacks, strict=True)]

    def _check_size(self) -> None:
        sizes = [self.widths(place) for place in range(len(self.entrants))]
        numbers = sum(
            (fan_in + 1) * fan_out for widths in sizes for fan_in, fan_out in pairwise(widths)
        )
        if numbers > MOST_PARAMETERS:
            raise BadInput(
                f"{len(sizes)} networks of width {self.rules.width} have {numbers:,} parameters "
                f"together, more than the {MOST_PARAMETERS:,} trained at once: take fewer, "
                "narrower or shallower ones"
            )

    def _stacked(self) -> list[Stack]:
        position = self._batches.state()
        sample = self._batches.next()[0].clone()
        self._batches.load_state(position)
        return [
            Stack([self._network(place, sample) for place in places])
            for _, places in groupby(self._order, key=lambda place: self.entrants[place].depth)
        ]

    def _network(self, place: int, sample: Tensor) -> Network:
        return build(
            self.rules.config(self.entrants[place]),
            self.info.features,
            len(self.info.classes),
            generator(self.rules.seed, "initialization"),
            self._device,
            sample,
        )


def _rank(entrant: Entrant) -> tuple[str, str]:
    return entrant.activation, entrant.init


def _first_tests(dataset: Dataset, count: int) -> Dataset:
    if count >= len(dataset.y_test):
        return dataset
    info = msgspec.structs.replace(dataset.info, test_examples=count)
    return replace(dataset, info=info, x_test=dataset.x_test[:count], y_test=dataset.y_test[:count])


def _inputs(dataset: Dataset) -> Inputs:
    x = dataset.x_train[:10_000].double()
    if dataset.x_train.dtype == torch.uint8:
        x /= 255
    square = float(x.square().mean())
    # Two independent inputs have E x·x′ = ‖E x‖²; pairs of one input with itself weigh 1/n.
    common = float(x.mean(0).square().mean())
    return Inputs(square, common / square if square else math.nan)


def _cosine(logits: Tensor) -> Tensor:
    """The mean cosine of two different inputs' logits, [K], for logits [K, classes, batch]."""
    if logits.shape[2] < 2:
        return logits.new_full((len(logits),), math.nan)
    unit: Tensor = logits / torch.linalg.vector_norm(logits, dim=1, keepdim=True)
    batch = logits.shape[2]
    return (unit.sum(2).square().sum(1) - batch) / (batch * (batch - 1))
