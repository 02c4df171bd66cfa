"""The books of the epoch under way, and what is said at its end."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

import msgspec
from torch import Tensor

from engine.events import EpochFinished
from engine.model.network import Network
from engine.training.evaluation import evaluate
from engine.training.stopwatch import Stopwatch

EvaluationBatches = Callable[[], Iterable[tuple[Tensor, Tensor]]]


class Tally(msgspec.Struct):
    """Sums over the examples that an epoch has seen so far; part of the saved state."""

    loss: float = 0.0
    correct: float = 0.0
    examples: int = 0
    seconds: float = 0.0

    def add(self, losses: Sequence[float], hits: Sequence[float], sizes: Sequence[int]) -> None:
        """Count steps by their sums over `sizes` examples each."""
        for loss, correct, size in zip(losses, hits, sizes, strict=True):
            self.loss += loss
            self.correct += correct
            self.examples += size


class Epochs:
    """Turns steps into epochs. `test_batches()` gives (x, y) of the test set.

    `train_batches()`, where given, gives training examples to be evaluated without dropout.
    """

    def __init__(
        self,
        network: Network,
        test_batches: EvaluationBatches,
        train_batches: EvaluationBatches | None,
        tally: Tally,
        stopwatch: Stopwatch,
    ) -> None:
        self.tally = tally
        self.last: EpochFinished | None = None
        self._network = network
        self._test_batches = test_batches
        self._train_batches = train_batches
        self._stopwatch = stopwatch
        self._begin = stopwatch.seconds() - tally.seconds

    def seconds(self) -> float:
        """Time that the epoch under way has taken."""
        return self._stopwatch.seconds() - self._begin

    def finish(self, epoch: int, step: int) -> EpochFinished:
        """Evaluate, close the books of `epoch` after `step` updates and begin the next."""
        seconds, tally = self.seconds(), self.tally
        with self._stopwatch.held():
            loss, accuracy = evaluate(self._network, self._test_batches())
            train_loss_eval, train_accuracy_eval = self._without_masks()
        self.last = EpochFinished(
            epoch=epoch,
            step=step,
            train_loss=tally.loss / tally.examples,
            train_accuracy=tally.correct / tally.examples,
            test_loss=loss,
            test_accuracy=accuracy,
            seconds=seconds,
            samples_per_second=tally.examples / seconds if seconds > 0 else 0.0,
            train_loss_eval=train_loss_eval,
            train_accuracy_eval=train_accuracy_eval,
        )
        self.tally = Tally()
        self._begin = self._stopwatch.seconds()
        return self.last

    def _without_masks(self) -> tuple[float, float]:
        """Loss and accuracy of training examples in eval mode; NaN without `train_batches`."""
        if self._train_batches is None:
            return math.nan, math.nan  # the event's own defaults, which its JSON leaves out
        return evaluate(self._network, self._train_batches())
