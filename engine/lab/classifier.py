"""A small classifier, trained once, and the examples that it has never seen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property

import msgspec
import torch
from torch import Tensor

from engine.config import RunConfig
from engine.controls import Report, unreported
from engine.data.dataset import Dataset
from engine.data.minibatches import Minibatches
from engine.errors import BadInput
from engine.events import DatasetInfo
from engine.lab.classifier_settings import ClassifierSettings
from engine.model.build import build
from engine.model.network import Network
from engine.training import numerics
from engine.training.run import assemble
from engine.training.schedules import learning_rate
from engine.training.seeds import derived, generator
from engine.training.shelf import Shelf

_AT_ONCE = 2000  # examples of a forward pass: what fits a core's cache
_KEPT = 2  # classifiers of one data set, so that a key turned back finds its own again


@dataclass(frozen=True, eq=False)
class Classifier:
    """A trained net and what was kept from it: the rest of the training split and the test split.

    `x` [n, features] (uint8 of an image means x/255) and `y` [n] are in random order, shared and
    left alone. `prior` [classes], float64, are the label shares of its training examples.
    """

    config: RunConfig
    network: Network
    info: DatasetInfo
    x: Tensor
    y: Tensor
    prior: Tensor

    @property
    def classes(self) -> int:
        """The number of classes."""
        return len(self.info.classes)

    def logits(self, x: Tensor) -> Tensor:
        """Logits [m, classes] for inputs [m, features] as `x` has them, or float32 in 0 … 1."""
        return logits(self.network, x)

    @cached_property
    def answers(self) -> Tensor:
        """Logits [n, classes] of the examples kept."""
        return self.logits(self.x)

    @cached_property
    def predicted(self) -> Tensor:
        """The predicted classes [n] of the examples kept."""
        return self.answers.argmax(1)

    @cached_property
    def confusion(self) -> Tensor:
        """How many of the examples kept have predicted class i and label j: int64 [i, j]."""
        return confusion(self.predicted, self.y, self.classes)


def inputs(x: Tensor) -> Tensor:
    """Examples as a network takes them: float32, images in 0 … 1."""
    return x.float().div_(255) if x.dtype == torch.uint8 else x


def confusion(predicted: Tensor, labels: Tensor, classes: int) -> Tensor:
    """How many have predicted class i and label j: int64 [i, j], for two of int64 [n]."""
    cells = predicted * classes + labels
    return torch.bincount(cells, minlength=classes**2).view(classes, classes)


def _any_data(info: DatasetInfo) -> None:
    """Refuse none."""


class Classifiers:
    """Trains classifiers on the CPU; the data and the last nets stay for the next run."""

    def __init__(self) -> None:
        self._shelf = Shelf()
        self._known: dict[RunConfig, Classifier] = {}
        self._dataset: Dataset | None = None

    @contextmanager
    def trained(
        self,
        settings: ClassifierSettings,
        report: Report = unreported,
        suited: Callable[[DatasetInfo], None] = _any_data,
    ) -> Iterator[Classifier]:
        """The classifier of these settings; the same ones give the same bits.

        Until the end this process computes on one thread, where sizes like these are fastest.
        `suited` refuses data that an experiment cannot use, before anything is trained on it.

        Raises:
            BadInput: as `engine.data.sources.load` and `suited`, or when a class has no example to
                spare.
        """
        config = RunConfig(
            data=settings.data,
            data_dir=settings.data_dir,
            hidden=(settings.width,),
            init="kaiming_normal",
            epochs=settings.epochs,
            batch_size=settings.batch_size,
            lr=settings.lr,
            schedule="cosine",
            seed=settings.seed,
        )
        with numerics.applied(config, torch.device("cpu")):
            dataset = self._shelf.load(config, torch.device("cpu"), report)
            suited(dataset.info)
            yield self._classifier(config, dataset, settings.train_examples, report)

    def _classifier(
        self, config: RunConfig, dataset: Dataset, examples: int, report: Report
    ) -> Classifier:
        if dataset is not self._dataset:
            self._dataset, self._known = dataset, {}
        # Here it only names the classifier: the shelf holds the whole set.
        key = msgspec.structs.replace(config, train_examples=examples)
        if key not in self._known:
            while len(self._known) >= _KEPT:
                del self._known[next(iter(self._known))]
            self._known[key] = _train(config, dataset, examples, report)
        return self._known[key]


def _train(config: RunConfig, dataset: Dataset, examples: int, report: Report) -> Classifier:
    random = generator(config.seed, "sampling")
    order = torch.randperm(len(dataset.x_train), generator=random)
    own, rest = order[:examples], order[examples:]
    small = replace(dataset, x_train=dataset.x_train[own], y_train=dataset.y_train[own])
    classes = len(dataset.info.classes)
    x = torch.cat((dataset.x_train[rest], dataset.x_test))
    y = torch.cat((dataset.y_train[rest], dataset.y_test))
    again = torch.randperm(len(y), generator=random)
    counts = torch.bincount(small.y_train, minlength=classes).double()
    _spared(dataset.info, y)
    return Classifier(
        config=config,
        network=_fitted(config, small, report),
        info=dataset.info,
        x=x[again],
        y=y[again],
        prior=counts / counts.sum(),
    )


def _spared(info: DatasetInfo, y: Tensor) -> None:
    counts = torch.bincount(y, minlength=len(info.classes)).tolist()
    for name, count in zip(info.classes, counts, strict=True):
        if count < 2:
            raise BadInput(
                f"{info.name} has {count} examples of {name} beside those that the classifier is "
                "trained on, and 2 are needed: take fewer train_examples or another data set"
            )


def _fitted(config: RunConfig, dataset: Dataset, report: Report) -> Network:
    network = build(
        config,
        dataset.info.features,
        len(dataset.info.classes),
        generator(config.seed, "initialization"),
        torch.device("cpu"),
        inputs(dataset.x_train[: config.batch_size]),
    )
    _train_on(network, config, dataset, report)
    return network


def fine_tuned(classifier: Classifier, x: Tensor, y: Tensor, *, lr: float, epochs: int) -> Network:
    """A copy of the net, trained further on x [n, features] (float32) and labels y [n]."""
    before, info = classifier.network, classifier.info
    config = msgspec.structs.replace(classifier.config, lr=lr, epochs=epochs)
    random = generator(config.seed, "initialization")
    copy = build(
        config,
        info.features,
        len(info.classes),
        random,
        torch.device("cpu"),
        x[: config.batch_size],
    )
    for new, old in zip(
        (*copy.weights, *copy.biases), (*before.weights, *before.biases), strict=True
    ):
        new.copy_(old)
    _train_on(copy, config, Dataset(info, x, y, x[:0], y[:0]), unreported)
    return copy


def _train_on(network: Network, config: RunConfig, dataset: Dataset, report: Report) -> None:
    batches = Minibatches(dataset, config.batch_size, "cpu", derived(config.seed, "shuffling"))
    stepper = assemble(config, network, batches, len(dataset.y_train))
    steps = batches.steps_per_epoch * config.epochs
    for step in range(1, steps + 1):
        if step % 100 == 1:
            report("training the classifier", step - 1, steps)
        rate = learning_rate(config.lr, step, config, batches.steps_per_epoch, steps)
        stepper.advance(step, rate, step % stepper.meter.slots)


def logits(network: Network, x: Tensor) -> Tensor:
    """Logits [n, classes] of any network for x [n, features], bytes or float32."""
    with torch.no_grad():
        return torch.cat([network.forward(inputs(part)) for part in torch.split(x, _AT_ONCE)])
