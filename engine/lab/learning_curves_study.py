"""One run of the learning curves: the net that is watched and those on fewer examples."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec
import torch

from engine.config import RunConfig
from engine.data.dataset import Dataset
from engine.lab import learning_curves_findings as findings
from engine.lab import learning_curves_views as views
from engine.lab.choosing import Choice, choices
from engine.lab.classifier import inputs
from engine.lab.finding import Finding
from engine.lab.learning_curves import (
    Look,
    Split,
    Trained,
    Trainee,
    held_out,
    rungs,
    split,
)
from engine.training.seeds import generator


@dataclass(frozen=True)
class Plan:
    """Nets by `config`, the first one on `examples`, or on all that are not held out.

    `validation` examples are held out, 0 for the rule of `held_out`; `patience` is in epochs, 0
    for without end; `runs` counts the nets of each size.
    """

    config: RunConfig
    examples: int
    validation: int
    patience: int
    runs: int


class Study:
    """The nets of a plan.

    `done` are those that have been stopped, in order, and `spent` counts examples trained on.

    Raises:
        BadInput: when the data set cannot spare what is to be held out.
    """

    def __init__(self, plan: Plan, dataset: Dataset, device: torch.device) -> None:
        self.plan, self.config, self._dataset, self._device = plan, plan.config, dataset, device
        whole = len(dataset.y_train)
        self.held = held_out(whole, plan.validation)
        self.n = min(plan.examples, whole - self.held)
        self.done: list[Trained] = []
        self.choices: list[Choice] = []
        self.spent = 0
        self._split: tuple[int, Split] | None = None
        self.watched = self.trainee(self.n, self.config.seed)
        self._held_losses = [self.watched.first.validation.losses]

    @property
    def nets(self) -> int:
        """How many there are to be in all."""
        return self.plan.runs * (len(rungs(self.n)) + 1)

    @property
    def least(self) -> float:
        """The watched net's least validation loss."""
        return self.watched.stopping.best_loss

    def planned(self) -> Iterator[tuple[int, int]]:
        """(n, seed) of every net but the watched one: all sizes of one seed, then of the next."""
        for seed in range(self.config.seed, self.config.seed + self.plan.runs):
            sizes = rungs(self.n)
            yield from ((n, seed) for n in sizes)
            if seed != self.config.seed:
                yield self.n, seed

    def trainee(self, n: int, seed: int) -> Trainee:
        """A net on the first `n` examples of the split by `seed`."""
        if self._split is None or self._split[0] != seed:
            self._split = seed, split(self._dataset, self.held, seed)
        config = msgspec.structs.replace(self.config, seed=seed)
        return Trainee(config, self._split[1], n, patience=self.plan.patience, device=self._device)

    def epoch(self, trainee: Trainee) -> Look:
        """An epoch of one net, counted."""
        look = trainee.epoch()
        self.spent += trainee.cost
        if trainee is self.watched:
            self._held_losses.append(look.validation.losses)
        return look

    def conclude(self, trainee: Trainee) -> Trained:
        """The net has stopped: open the test set."""
        done = trainee.conclude()
        self.done.append(done)
        if trainee is self.watched:
            random = generator(self.config.seed, "sampling")
            self.choices = choices(torch.stack(self._held_losses), random)
        return done

    def findings(self) -> Iterator[Finding]:
        """What must be so of these nets."""
        info = self._dataset.info
        held = inputs(self._dataset.x_train[: self.held])
        second_moment = float(held.square().sum(1).mean())
        yield from findings.of_stopping(self.done)
        yield from findings.of_the_start(
            self.done[0], self.config, len(info.classes), second_moment
        )
        yield from findings.of_few(self.done, self.config, info.name)
        yield from findings.of_choosing(self.choices, self.least)

    def described(self) -> str:
        """What is trained on what, in a sentence."""
        info, config = self._dataset.info, self.config
        asked = self.plan.examples
        fewer = "" if self.n == asked else f" (all that are left of the {asked:,} asked)"
        return (
            f"{info.features}-{config.hidden[0]}-{len(info.classes)} on {self.n:,} examples{fewer}"
            f"; {self.held:,} others are held out to choose the epoch, and the "
            f"{info.test_examples:,} test examples are opened once, after the end"
        )

    def summary(self) -> str:
        """What came out, in sentences."""
        if not self.done:
            return "stopped before the first net was"
        return "; ".join((_stopped(self.done[0]), *_learned(self.done)))


def _stopped(run: Trained) -> str:
    stopping, (gain, error) = run.stopping, run.gain
    optimism = run.best_test.loss - run.best.validation.loss
    sigma = math.hypot(run.best_test.loss_error, run.best.validation.loss_error)
    return (
        f"on {run.n:,} examples epoch {stopping.best} of {stopping.epoch} was best: test accuracy "
        f"{views.share(run.best_test)}, at the last epoch {run.last_test.accuracy:.4f} (a gain of "
        f"{100 * gain:.2f}{_within(100 * error, 2)} points); there the test loss is "
        f"{optimism:+.4f}{_within(sigma, 4)} from the validation loss that chose it"
    )


def _within(error: float, digits: int) -> str:
    """A standard error behind its value, where there is one."""
    return f" ± {error:.{digits}f}" if math.isfinite(error) else ""


def _learned(runs: list[Trained]) -> Iterator[str]:
    law = views.power_law(runs)
    if law:
        sizes = views.by_size(runs)
        yield (
            f"from {min(sizes):,} to {max(sizes):,} examples the test error falls like "
            f"n^({law.slope:.3f} ± {law.error:.3f}), χ² {law.scatter:.1f} times what counting "
            "leaves"
        )
