"""A classifier and a detector meet corrupted pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NoReturn

import torch
from torch import Tensor

from engine.errors import BadInput
from engine.events import DatasetInfo
from engine.lab.classifier import Classifier, fine_tuned, inputs, logits
from engine.lab.corruption import CORRUPTIONS, LEVELS, planes, rows
from engine.lab.detector import Detected, Standardized, detect, principal_axes
from engine.text import clean
from engine.theory.known_accuracies import Known
from engine.training.seeds import generator

SIZES = (20, 50, 100, 200, 500, 1000, 2000)
TUNED = (50, 500)  # labelled pictures that a net is fine-tuned on
TUNING_LR, TUNING_EPOCHS = 0.03, 5
_FOR_AXES = 5000
NOTICED = 0.9  # of the detectors raise the alarm


@dataclass(frozen=True, eq=False)
class Measured:
    """One corruption: `accuracies` at level 0 (clean) … 5, and detectors at the level asked for.

    `pictures` [n, channels, h, w] are those of that level, and `predicted` [n] what the classifier
    says of them. `mild` are detectors at level 1.
    """

    name: str
    level: int
    accuracies: tuple[float, ...]
    pictures: Tensor
    predicted: Tensor
    detected: tuple[Detected, ...]
    mild: tuple[Detected, ...]

    @property
    def accuracy(self) -> float:
        """At the level asked for."""
        return self.accuracies[self.level]

    @property
    def known(self) -> Known | None:
        """The chapter's accuracy at this level."""
        corruption = CORRUPTIONS[self.name]
        return corruption.known if self.level == corruption.level else None


def noticed_after(detected: Sequence[Detected]) -> int | None:
    """The fewest pictures with which nine of ten detectors raise the alarm, None if none do."""
    return next((d.size for d in detected if d.alarms >= NOTICED), None)


@dataclass(frozen=True)
class Tuned:
    """Accuracies after fine-tuning on so many labelled corrupted pictures, and clean ones."""

    corrupted: int
    clean: int
    on_corrupted: float
    on_clean: float


def pictured(info: DatasetInfo) -> None:
    """Refuse data that are no pictures, naming them (`BadInput`)."""
    if not info.image_shape:
        _refuse(info.name)


def refuse_table(data: str) -> None:
    """Refuse a file whose rows are never pictures, which need not be read for it (`BadInput`)."""
    if data.lower().endswith(".csv"):
        _refuse(clean(Path(data).stem))


def _refuse(name: str) -> NoReturn:
    raise BadInput(f"{name} has no pictures to corrupt: take a data set of images")


class Study:
    """Clean pictures that the classifier has not seen, to be corrupted one way after another.

    Raises:
        BadInput: when the data are no pictures, or too few are left for two domains.
    """

    def __init__(
        self, classifier: Classifier, pictures: int, repeats: int, features: str, seed: int
    ) -> None:
        self.classifier, self._repeats = classifier, repeats
        self.shape = classifier.info.image_shape
        pictured(classifier.info)
        self._random = generator(seed, "sampling")
        # a fifth at least is left to learn from
        count = min(pictures, 4 * len(classifier.y) // 5)
        self.x, self.y = inputs(classifier.x[:count]), classifier.y[:count]
        self.clean = planes(self.x, self.shape)
        self.sizes = tuple(size for size in SIZES if 2 * size <= count)
        if not self.sizes:
            raise BadInput(
                f"{count} pictures are too few for a detector, which needs {2 * SIZES[0]}: take "
                "more pictures or fewer train_examples"
            )
        self.predicted = self._predicted(self.x)
        self._describe = self._features(features)

    @property
    def of_the_chapter(self) -> bool:
        """Whether the pictures are those of the chapter's figures."""
        return self.classifier.info.name == "fashion-mnist"

    @property
    def accuracy(self) -> float:
        """On clean pictures."""
        return self._accuracy(self.predicted)

    def null(self, repeats: int) -> tuple[Detected, ...]:
        """Detectors where nothing has shifted."""
        return self._detect(self._source, repeats, self.sizes)

    def measure(self, name: str, level: int) -> Measured:
        """Everything about one corruption, at `level` 1 … 5 or 0 for the chapter's."""
        corruption = CORRUPTIONS[name]
        chosen = level or corruption.level
        accuracies, kept, first = [self.accuracy], self.clean, self.clean
        predicted = self.predicted
        for each in range(1, LEVELS + 1):
            changed = corruption.apply(self.clean, each, self._random)
            guessed = self._predicted(rows(changed, self.shape))
            accuracies.append(self._accuracy(guessed))
            if each == 1:
                first = changed
            if each == chosen:
                kept, predicted = changed, guessed
        return Measured(
            name=name,
            level=chosen,
            accuracies=tuple(accuracies),
            pictures=kept,
            predicted=predicted,
            detected=self._detect(self._described(kept), self._repeats, self.sizes),
            mild=self._detect(self._described(first), self._repeats, self.sizes),
        )

    def tuned(self, found: Measured) -> Iterator[Tuned]:
        """Fine-tune on more and more labelled corrupted pictures, and at last on clean ones too."""
        x, y = self._for_tuning
        corruption = CORRUPTIONS[found.name]
        changed = rows(
            corruption.apply(planes(x, self.shape), found.level, self._random), self.shape
        )
        yield Tuned(0, 0, found.accuracy, self.accuracy)
        for count in TUNED:
            yield self._tuned(found, changed[:count], y[:count], 0)
        most = min(TUNED[-1], len(y) // 2)
        both = torch.cat((changed[:most], x[-most:])), torch.cat((y[:most], y[-most:]))
        yield self._tuned(found, *both, most)

    def _tuned(self, found: Measured, x: Tensor, y: Tensor, clean: int) -> Tuned:
        network = fine_tuned(self.classifier, x, y, lr=TUNING_LR, epochs=TUNING_EPOCHS)
        on = [
            self._accuracy(logits(network, each).argmax(1))
            for each in (rows(found.pictures, self.shape), self.x)
        ]
        return Tuned(len(y) - clean, clean, *on)

    @cached_property
    def _for_tuning(self) -> tuple[Tensor, Tensor]:
        """Pictures that are neither trained on nor tested on, at most twice those of `TUNED`."""
        begin = len(self.y)
        part = slice(begin, begin + 2 * TUNED[-1])
        return inputs(self.classifier.x[part]), self.classifier.y[part]

    def _predicted(self, x: Tensor) -> Tensor:
        return self.classifier.logits(x).argmax(1)

    def _accuracy(self, predicted: Tensor) -> float:
        return float((predicted == self.y).double().mean())

    def _detect(self, target: Tensor, repeats: int, sizes: Sequence[int]) -> tuple[Detected, ...]:
        return tuple(detect(self._source, target, size, repeats, self._random) for size in sizes)

    def _features(self, name: str) -> Callable[[Tensor], Tensor]:
        """What a detector sees of pictures [n, features], before it is standardized."""
        if name == "pixels":
            axes = principal_axes(inputs(self.classifier.x[-_FOR_AXES:]))
            return lambda x: x @ axes
        if name == "logits":
            return self.classifier.logits
        return lambda x: self.classifier.logits(x).softmax(1)

    @cached_property
    def _source(self) -> Tensor:
        return self._standard(self._describe(self.x))

    @cached_property
    def _standard(self) -> Standardized:
        return Standardized(self._describe(self.x))

    def _described(self, images: Tensor) -> Tensor:
        return self._standard(self._describe(rows(images, self.shape)))
