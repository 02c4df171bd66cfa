"""Nets on ever more of a data set, stopped early by examples that are held out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import torch
from torch import Tensor
from torch.nn import functional

from engine.config import RunConfig
from engine.data.dataset import Dataset, thinned
from engine.data.minibatches import Minibatches
from engine.errors import BadInput
from engine.lab.classifier import inputs
from engine.lab.early_stopping import Stopping
from engine.model.build import build
from engine.model.network import Network
from engine.training.evaluation import MOST_EVALUATED
from engine.training.run import assemble
from engine.training.seeds import derived, generator

LADDER = (200, 500, 1000, 2000, 5000, 10_000, 20_000, 60_000)
"""Training examples of the learning curves."""
MOST_HELD = 5000
_AT_ONCE = 2000  # examples of a forward pass: what fits a core's cache


@dataclass(frozen=True, eq=False)
class Scores:
    """A net's cross-entropy (nats, float32) and hits (bool) on some examples, each [n]."""

    losses: Tensor
    hits: Tensor

    @cached_property
    def loss(self) -> float:
        """The mean; NaN of no examples."""
        return float(self.losses.double().mean())

    @cached_property
    def accuracy(self) -> float:
        """The share of hits."""
        return float(self.hits.double().mean())

    @cached_property
    def loss_error(self) -> float:
        """The standard error of `loss` as an estimate for fresh examples; NaN of a single one."""
        if len(self.losses) < 2:
            return math.nan
        return float(self.losses.double().std()) / math.sqrt(max(1, len(self.losses)))

    @property
    def accuracy_error(self) -> float:
        """The same of `accuracy`: binomial."""
        return binomial_error(self.accuracy, len(self.hits))


def binomial_error(share: float, count: int) -> float:
    """√(p(1 − p)/n), the standard error of a share."""
    return math.sqrt(share * (1 - share) / count) if count else math.nan


@torch.no_grad()
def scored(network: Network, x: Tensor, y: Tensor) -> Scores:
    """Scores in eval mode on x [n, features], bytes or float32, and y [n]; on the CPU."""
    losses, hits = [], []
    for part, labels in zip(torch.split(x, _AT_ONCE), torch.split(y, _AT_ONCE), strict=True):
        logits = network.forward(inputs(part))
        losses.append(functional.cross_entropy(logits, labels, reduction="none"))
        hits.append(logits.argmax(1) == labels)
    return Scores(torch.cat(losses).cpu(), torch.cat(hits).cpu())


@dataclass(frozen=True, eq=False)
class Split:
    """A data set with its training part divided once more: what is held out, and the rest.

    Both are index tensors into the training part, in random order; the first n of `rest` are the
    n examples that are trained on, so that more examples contain the fewer.
    """

    dataset: Dataset
    held: Tensor
    rest: Tensor

    def trained_on(self, n: int) -> Dataset:
        """The set with the first `n` of the rest as its training part."""
        own, whole = self.rest[:n], self.dataset
        return replace(whole, x_train=whole.x_train[own], y_train=whole.y_train[own])


def held_out(examples: int, wanted: int) -> int:
    """How many of so many examples are held out: as wanted; 0 means 5,000, at most a sixth.

    Raises:
        BadInput: when none would be left to train on, or to hold out.
    """
    count = wanted or min(MOST_HELD, examples // 6)
    if not 0 < count < examples:
        raise BadInput(
            f"{count:,} of {examples:,} training examples cannot be held out for validation: "
            "take another number, or a larger data set"
        )
    return count


def split(dataset: Dataset, held: int, seed: int) -> Split:
    """Hold out `held` examples, drawn by `seed`."""
    order = torch.randperm(len(dataset.y_train), generator=generator(seed, "sampling"))
    order = order.to(dataset.y_train.device)
    return Split(dataset, order[:held], order[held:])


@dataclass(frozen=True, eq=False)
class Look:
    """The net after `epoch` epochs: `running` is (loss, accuracy) over the epoch's minibatches,
    as they came by, with dropout where there is any; NaN before the first. The rest is in eval
    mode, `train` on at most 10,000 examples that it is trained on.
    """

    epoch: int
    running: tuple[float, float]
    train: Scores
    validation: Scores


@dataclass(frozen=True, eq=False)
class Trained:
    """A net that was stopped, after `updates` in all. `losses` are those in validation, by epoch.

    `best` is what was measured at the best epoch and `last` at the last one; `restored` are the
    validation's scores with the best epoch's parameters put back, `best_test` those of the test
    set then, `last_test` before. The worst of error − loss/ln 2 over all looks is `excess`.
    """

    n: int
    seed: int
    stopping: Stopping
    first: Look
    best: Look
    last: Look
    restored: Scores
    best_test: Scores
    last_test: Scores
    per_epoch: int
    excess: float

    @property
    def updates(self) -> int:
        """Updates up to the best epoch."""
        return self.stopping.best * self.per_epoch

    @property
    def gain(self) -> tuple[float, float]:
        """Test accuracy at the best epoch less at the last one, and its standard error.

        Both nets answer the same examples, so only those count that one alone has right. A single
        example has no standard error: NaN.
        """
        difference = self.best_test.hits.double() - self.last_test.hits.double()
        if len(difference) < 2:
            return float(difference.mean()), math.nan
        return float(difference.mean()), float(difference.std()) / math.sqrt(len(difference))


class Trainee:
    """A net on the first `n` of a split, epoch by epoch; `config` is how it is made and trained."""

    def __init__(
        self, config: RunConfig, held: Split, n: int, *, patience: int, device: torch.device
    ) -> None:
        dataset = held.trained_on(n)
        info = dataset.info
        self.n, self.seed, self._lr = len(dataset.y_train), config.seed, config.lr
        self.network = build(
            config,
            info.features,
            len(info.classes),
            generator(config.seed, "initialization"),
            device,
            inputs(dataset.x_train[: config.batch_size]),
        )
        batches = Minibatches(dataset, config.batch_size, device, derived(config.seed, "shuffling"))
        self.per_epoch = batches.steps_per_epoch
        self._stepper = assemble(config, self.network, batches, self.n)
        self._step = 0
        self.stopping = Stopping(patience, config.epochs)
        shown, whole = thinned(dataset, MOST_EVALUATED), held.dataset
        self._train = shown.x_train, shown.y_train
        self._held = whole.x_train[held.held], whole.y_train[held.held]
        self._test = dataset.x_test, dataset.y_test
        self._live = [*self.network.weights, *self.network.biases, *self.network.slopes]
        self._kept = [torch.empty_like(tensor) for tensor in self._live]
        self._excess = 0.0
        self.first = self.best = self.last = self._look((math.nan, math.nan))

    @property
    def cost(self) -> int:
        """Examples that an epoch passes on and back, those only passed on counted as a third."""
        return self.n + (len(self._train[1]) + len(self._held[1])) // 3

    def epoch(self) -> Look:
        """Train for an epoch and look."""
        self.last = self._look(self._trained())
        return self.last

    def conclude(self) -> Trained:
        """Open the test set, for the last state and for the best one, which is put back."""
        last_test = scored(self.network, *self._test)
        torch._foreach_copy_(self._live, self._kept)
        return Trained(
            n=self.n,
            seed=self.seed,
            stopping=self.stopping,
            first=self.first,
            best=self.best,
            last=self.last,
            restored=scored(self.network, *self._held),
            best_test=scored(self.network, *self._test),
            last_test=last_test,
            per_epoch=self.per_epoch,
            excess=self._excess,
        )

    def _trained(self) -> tuple[float, float]:
        stepper, slots = self._stepper, self._stepper.meter.slots
        sums = torch.zeros(2, dtype=torch.float64)
        for begin in range(0, self.per_epoch, slots):
            count = min(slots, self.per_epoch - begin)
            for slot in range(count):
                self._step += 1
                stepper.advance(self._step, self._lr, slot)
            sums += stepper.meter.read(count)[:, :count].double().sum(1).cpu()
        loss, accuracy = (sums / self.n).tolist()
        return loss, accuracy

    def _look(self, running: tuple[float, float]) -> Look:
        train, held = (scored(self.network, *part) for part in (self._train, self._held))
        look = Look(self.stopping.epoch + 1, running, train, held)
        self._excess = max(self._excess, *map(excess, (train, held)))
        if self.stopping.see(held.loss):
            torch._foreach_copy_(self._kept, self._live)
            self.best = look
        return look


def excess(scores: Scores) -> float:
    """Error − loss/ln 2, never above 0 but by rounding.

    Whoever answers wrongly gave the label at most ½, and so has a loss of ln 2 or more. NaN, of a
    net that has diverged, counts as 0.
    """
    over = 1 - scores.accuracy - scores.loss / math.log(2)
    return over if math.isfinite(over) else 0.0


def rungs(n: int, ladder: Sequence[int] = LADDER) -> tuple[int, ...]:
    """The sizes of the ladder below n, the smallest first."""
    return tuple(size for size in ladder if size < n)
