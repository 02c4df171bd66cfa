"""What a network says of the test set."""

from __future__ import annotations

import msgspec

from engine.events.base import Event
from engine.events.laboratory import Picture


class Prediction(msgspec.Struct, frozen=True, gc=False):
    """What a network says of one test example.

    `index` is its place in the test set, `label` and `predicted` number the classes, `probability`
    is the softmax output of the predicted class and `loss` the cross-entropy in nats. `picture` is
    the example where it is an image.
    """

    index: int
    label: int
    predicted: int
    probability: float
    loss: float
    picture: Picture | None = None


class Confused(msgspec.Struct, frozen=True, gc=False):
    """So many `examples` of class `label` were taken for class `predicted`."""

    label: int
    predicted: int
    examples: int


class PredictionsMeasured(Event, frozen=True, kw_only=True):
    """What the network says of the test set after `step` updates, in eval mode.

    `confusion[label][predicted]` counts examples; with more than 100 classes it is empty, and only
    `confused`, the most frequent of its mistakes in falling order, is told. `shown` are the first
    test examples and `mistakes` those with the greatest loss among the wrong ones, the worst
    first. `correct` of all `examples` are right: their ratio is the test accuracy.
    """

    step: int
    examples: int
    confusion: tuple[tuple[int, ...], ...]
    shown: tuple[Prediction, ...]
    mistakes: tuple[Prediction, ...]
    correct: int = 0
    confused: tuple[Confused, ...] = ()
