"""What a network says of the test set: counted, and a few examples of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from engine.data.dataset import Dataset
from engine.data.minibatches import evaluation_batches
from engine.events import Confused, Prediction, PredictionsMeasured
from engine.model.network import Network
from engine.telemetry.pictures import ExamplePictures

SHOWN, WORST, CONFUSED = 12, 12, 16
MOST_CLASSES = 100
"""A larger confusion matrix is not told: it would be longer than the rest of a record."""


@dataclass(frozen=True)
class Answers:
    """A network's answers to n examples, on the CPU.

    `confusion` [classes, classes] counts examples by label (row) and predicted class; the others
    are [n]: label, predicted class, its softmax probability, and cross-entropy in nats.
    """

    confusion: Tensor
    labels: Tensor
    predicted: Tensor
    probability: Tensor
    loss: Tensor


@torch.no_grad()
def answers(network: Network, batches: Iterable[tuple[Tensor, Tensor]], classes: int) -> Answers:
    """Ask the network, in eval mode, about `batches` of (x, y) with y below `classes`."""
    like = network.biases[0]
    counts = torch.zeros(classes * classes, dtype=torch.int64, device=like.device)
    columns: list[tuple[Tensor, ...]] = [(counts[:0], counts[:0], like[:0], like[:0])]
    for x, y in batches:
        logits = network.forward(x)
        predicted = logits.argmax(1)
        counts += torch.bincount(y * classes + predicted, minlength=classes * classes)
        log_p = functional.log_softmax(logits, 1)
        certainty = log_p.gather(1, predicted.unsqueeze(1)).squeeze(1).exp()
        loss = -log_p.gather(1, y.unsqueeze(1)).squeeze(1)
        columns.append((y, predicted, certainty, loss))
    whole = (torch.cat(column).cpu() for column in zip(*columns, strict=True))
    return Answers(counts.view(classes, classes).cpu(), *whole)


class Predictions:
    """Measures the predictions of `network` for the test set of `dataset`, which lies on `device`.

    Nothing of the network or the run changes, whenever it is asked.
    """

    def __init__(
        self, network: Network, dataset: Dataset, device: torch.device | str = "cpu"
    ) -> None:
        self._network = network
        self._dataset = dataset
        self._device = device
        self._pictures = ExamplePictures(dataset)

    def measure(self, step: int) -> PredictionsMeasured:
        """The event for the state after `step` updates; no example gives empty columns."""
        batches = evaluation_batches(self._dataset, "test", self._device)
        found = answers(self._network, batches, len(self._dataset.info.classes))
        first = torch.arange(min(SHOWN, len(found.labels)))
        worst = worst_mistakes(found, WORST)
        told = self._told(found, torch.cat((first, worst)))
        counted = len(found.confusion) <= MOST_CLASSES
        return PredictionsMeasured(
            step=step,
            examples=len(found.labels),
            correct=int(found.confusion.trace()),
            confusion=tuple(map(tuple, found.confusion.tolist())) if counted else (),
            confused=most_confused(found.confusion, CONFUSED),
            shown=told[: len(first)],
            mistakes=told[len(first) :],
        )

    def _told(self, found: Answers, indices: Tensor) -> tuple[Prediction, ...]:
        columns = (found.labels, found.predicted, found.probability, found.loss)
        numbers = (column[indices].tolist() for column in columns)
        rows = zip(indices.tolist(), *numbers, self._pictures.of(indices), strict=True)
        return tuple(Prediction(*row) for row in rows)


def worst_mistakes(found: Answers, most: int) -> Tensor:
    """Indices of the wrong answers with the greatest loss, the greatest first.

    A loss that is NaN counts as greater than any; of equal ones the earlier example comes first.
    """
    wrong = torch.nonzero(found.predicted != found.labels).squeeze(1)
    return wrong[found.loss[wrong].argsort(descending=True, stable=True)[:most]]


def most_confused(confusion: Tensor, most: int) -> tuple[Confused, ...]:
    """The largest counts off the diagonal, falling; of equal ones the first by row and column."""
    classes = len(confusion)
    counts = confusion.clone().fill_diagonal_(0).flatten()
    # topk leaves open which of equal counts it takes: so no two keys are equal.
    keys = counts * counts.numel() - torch.arange(counts.numel())
    cells = keys.topk(min(most, counts.numel())).indices.tolist()
    return tuple(
        Confused(cell // classes, cell % classes, examples)
        for cell in cells
        if (examples := int(counts[cell]))
    )
