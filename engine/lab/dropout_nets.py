"""Nets with and without dropout side by side: the same first weights, the same minibatches."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import torch
from torch import Tensor

from engine.config import RunConfig
from engine.data.dataset import Dataset, thinned
from engine.data.minibatches import Minibatches, evaluation_batches
from engine.errors import BadInput
from engine.lab.dropout_plan import NetPlan
from engine.lab.stacked import Stack
from engine.model.build import build
from engine.model.network import Network
from engine.text import counted
from engine.training.evaluation import MOST_EVALUATED
from engine.training.seeds import derived, generator

Kind = Literal["without", "with"]
KINDS: tuple[Kind, ...] = ("without", "with")
TRAIN_MODE, EVAL_MODE, TEST = "train mode", "eval mode", "test"
MEASURES = (TRAIN_MODE, EVAL_MODE, TEST)
EVALUATED_AT_ONCE = 500
MOST_PARAMETERS = 2**26  # of all nets together: 256 MiB of float32, and as much for gradients
LOOKS = 20


@dataclass(frozen=True)
class Spread:
    """A mean over nets and its standard error; the error of a single net is NaN."""

    mean: float
    error: float


@dataclass(frozen=True, eq=False)
class Look:
    """All nets after `epoch`: [loss (nats) or accuracy, kind, net] of each of `MEASURES`."""

    epoch: int
    measured: dict[str, Tensor]

    def of(self, measure: str, kind: Kind, *, accuracy: bool = False) -> Spread:
        """Mean and standard error over the nets of one kind."""
        return spread(self.measured[measure][int(accuracy), KINDS.index(kind)])

    def lost(self, kind: Kind) -> int:
        """Nets of one kind whose loss is no finite number any more, on any set."""
        losses = torch.stack([found[0, KINDS.index(kind)] for found in self.measured.values()])
        return int((~losses.isfinite()).any(0).sum())

    def difference(self, measure: str, *, accuracy: bool = False) -> Spread:
        """With less without dropout, net by net: each pair began with the same weights."""
        without, dropped = self.measured[measure][int(accuracy)]
        return spread(dropped - without)


class Pairs:
    """Pairs of nets inputs-width-width-classes, one of each pair with dropout.

    Train mode figures are averages within an epoch, each before its update and under its masks;
    eval mode figures are taken after it, without masks.

    Raises:
        BadInput: when the networks do not fit this machine.
    """

    def __init__(self, plan: NetPlan, dataset: Dataset, device: torch.device) -> None:
        self.plan, self.info, self._device = plan, dataset.info, device
        self._batches = Minibatches(
            dataset, plan.batch_size, device, derived(plan.seed, "shuffling")
        )
        self.steps_per_epoch = self._batches.steps_per_epoch
        self._examples = len(dataset.y_train)
        self.total = self.steps_per_epoch * plan.epochs
        self.shown = _shown(dataset, plan.test_examples)
        self.evaluated, self.tests = len(self.shown.y_train), len(self.shown.y_test)
        dropout = generator(plan.seed, "dropout", str(device))
        self.stack = Stack([*self._networks((0.0,)), *self._networks(plan.rates)], dropout)
        self._tally = self.stack.weights[0].new_zeros(2, self.stack.nets)
        self._seen = self.done = 0

    @property
    def epoch(self) -> float:
        """Passes over the training set so far."""
        return self.done / self.steps_per_epoch

    def step(self) -> None:
        """One update of every net on the next minibatch."""
        if self.done % self.steps_per_epoch == 0:
            self._tally.zero_()
            self._seen = 0
        x, y = self._batches.next()
        figures = self.stack.differentiate(x, y)
        self._tally.add_(torch.stack(figures), alpha=len(y))
        self._seen += len(y)
        self.stack.descend(self.plan.lr)
        self.done += 1

    @property
    def epoch_ended(self) -> bool:
        """Whether the last step was the last of its epoch."""
        return self.done > 0 and self.done % self.steps_per_epoch == 0

    @property
    def due(self) -> bool:
        """Whether it is time for a look: after every epoch, or 20 times in all."""
        epoch = self.done // self.steps_per_epoch
        every = -(-self.plan.epochs // LOOKS)
        return self.epoch_ended and (epoch % every == 0 or epoch == self.plan.epochs)

    def running(self) -> Tensor:
        """The epoch's averages so far in train mode, [loss or accuracy, kind, net]."""
        return (self._tally / self._seen).view(2, len(KINDS), -1)

    def look(self) -> Look:
        """Evaluate all nets. Waits for the device."""
        found = {TRAIN_MODE: self.running()}
        splits: tuple[tuple[str, Literal["train", "test"]], ...]
        splits = ((EVAL_MODE, "train"), (TEST, "test"))
        for measure, split in splits:
            batches = evaluation_batches(self.shown, split, self._device, EVALUATED_AT_ONCE)
            found[measure] = torch.stack(self.stack.evaluate(batches)).view(2, len(KINDS), -1)
        epoch = self.done // self.steps_per_epoch
        return Look(epoch, {name: figures.double().cpu() for name, figures in found.items()})

    def mask(self, layer: int) -> list[float]:
        """What the units of a hidden layer of the first net with dropout were multiplied by.

        That of the last minibatch's first example; ones where nothing is dropped, before the
        first step too.
        """
        mask = self.stack.mask(layer) if self.done else None
        if mask is None:
            return [1.0] * self.plan.width
        row: list[float] = mask[self.plan.nets, :, 0].tolist()
        return row

    def described(self) -> str:
        """What is trained on what, in a sentence."""
        plan, shape = self.plan, f"{self.info.features}-{self.plan.width}-{self.plan.width}"
        return (
            f"{counted(plan.nets, 'pair')} of nets {shape}-{len(self.info.classes)}, one of each "
            f"pair with dropout p = {plan.rates[0]:g} and {plan.rates[1]:g}, on the same batches "
            f"of {plan.batch_size} out of {counted(self._examples, 'example')}: "
            f"{counted(plan.epochs, 'epoch')} at rate {plan.lr:g}"
        )

    def _networks(self, rates: tuple[float, ...]) -> list[Network]:
        """Nets of one kind; both kinds draw the same weights."""
        plan, features, classes = self.plan, self.info.features, len(self.info.classes)
        config = RunConfig(hidden=(plan.width,) * 2, init="torch_default", dropout=rates)
        parameters = (features + 1 + plan.width + 1) * plan.width + (plan.width + 1) * classes
        if 2 * plan.nets * parameters > MOST_PARAMETERS:
            raise BadInput(
                f"twice {plan.nets} nets of width {plan.width} have "
                f"{2 * plan.nets * parameters:,} parameters, more than the {MOST_PARAMETERS:,} "
                "trained at once: take fewer or narrower ones"
            )
        weights = generator(plan.seed, "initialization")
        sample = torch.empty(0, features)
        return [
            build(config, features, classes, weights, self._device, sample)
            for _ in range(plan.nets)
        ]


def spread(values: Tensor) -> Spread:
    """Mean and standard error of the mean, values [nets]."""
    count = len(values)
    error = float(values.std()) / math.sqrt(count) if count > 1 else math.nan
    return Spread(float(values.mean()), error)


def settled(looks: Sequence[Look]) -> Spread:
    """The test loss's difference, with less without, over the last quarter of the looks.

    Single looks jump from epoch to epoch; the error is that of the pairs' means over time.
    """
    tested = _tested(looks[-max(1, len(looks) // 4) :]).mean(0)
    return spread(tested[1] - tested[0])


def best(looks: Sequence[Look]) -> Tensor:
    """The least test loss of each net in any look, [kind, net]: what stopping in time would get."""
    return _tested(looks).amin(0)


def _tested(looks: Sequence[Look]) -> Tensor:
    return torch.stack([look.measured[TEST][0] for look in looks])


def _shown(dataset: Dataset, tests: int) -> Dataset:
    """The examples that are evaluated."""
    x_test, y_test = dataset.x_test[:tests], dataset.y_test[:tests]
    return replace(thinned(dataset, MOST_EVALUATED), x_test=x_test, y_test=y_test)
