"""What is said of the test set: against logits that are known."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional

from engine.data.dataset import make_dataset
from engine.data.minibatches import evaluation_batches
from engine.events import Confused, Prediction, PredictionsMeasured, decode, encode
from engine.telemetry import predictions
from engine.telemetry.predictions import Predictions, most_confused
from engine.training.evaluation import evaluate


@dataclass
class Told:
    """A network whose logits are its inputs."""

    biases: list[Tensor] = field(default_factory=lambda: [torch.zeros(1)])

    def forward(self, x: Tensor) -> Tensor:
        return x


def measured(
    logits: Tensor, labels: list[int], shape: tuple[int, ...] = (), step: int = 7
) -> PredictionsMeasured:
    y = torch.tensor(labels, dtype=torch.int64)
    classes = tuple(f"class {i}" for i in range(logits.shape[1]))
    data = make_dataset(
        "x", (logits[:1], y[:1], logits, y), classes=classes, image_shape=shape, source=""
    )
    network: Any = Told()
    return Predictions(network, data).measure(step)


def odds(*rows: tuple[float, ...]) -> Tensor:
    """Logits of which these are the softmax."""
    return torch.tensor(rows).log()


LOGITS = odds(
    (0.7, 0.2, 0.1),
    (0.1, 0.6, 0.3),  # a 2 taken for a 1
    (0.05, 0.05, 0.9),  # a 0 taken for a 2, surely
    (0.2, 0.5, 0.3),
    (0.3, 0.5, 0.2),  # a 0 taken for a 1
    (0.1, 0.6, 0.3),  # a 2 taken for a 1
)
LABELS = [0, 2, 0, 1, 0, 2]


def test_known_logits_are_counted_by_label_and_prediction() -> None:
    told = measured(LOGITS, LABELS)
    assert told.confusion == ((1, 1, 1), (0, 1, 0), (0, 2, 0))
    assert (told.step, told.examples, told.correct) == (7, 6, 2)
    assert told.confused == (Confused(2, 1, 2), Confused(0, 1, 1), Confused(0, 2, 1))


def test_the_first_examples_are_shown_in_their_order() -> None:
    told = measured(LOGITS, LABELS)
    assert [p.index for p in told.shown] == list(range(6))
    assert [p.label for p in told.shown] == LABELS
    assert [p.predicted for p in told.shown] == [0, 1, 2, 1, 1, 1]
    assert [p.probability for p in told.shown] == pytest.approx([0.7, 0.6, 0.9, 0.5, 0.5, 0.6])
    share_of_label = [0.7, 0.3, 0.05, 0.5, 0.3, 0.3]
    assert [p.loss for p in told.shown] == pytest.approx([-math.log(p) for p in share_of_label])


def test_the_worst_mistakes_come_first_and_none_that_is_right() -> None:
    told = measured(LOGITS, LABELS)
    assert [p.index for p in told.mistakes] == [2, 1, 4, 5]  # of equal losses the earlier one
    assert told.mistakes[0] == told.shown[2]


def test_as_many_are_told_as_there_are_and_no_more() -> None:
    many = measured(LOGITS.repeat(20, 1), LABELS * 20)
    assert [p.index for p in many.shown] == list(range(predictions.SHOWN))
    assert [p.index for p in many.mistakes] == list(range(2, 6 * predictions.WORST, 6))
    right = measured(LOGITS, [0, 1, 2, 1, 1, 1])
    assert (right.mistakes, right.confused, right.correct) == ((), (), 6)


def test_pictures_stand_beside_their_own_example() -> None:
    told = measured(LOGITS, LABELS, shape=(1, 3))
    low, high = float(LOGITS.min()), float(LOGITS.max())
    for shown in (*told.shown, *told.mistakes):
        expected = ((LOGITS[shown.index] - low) * 255 / (high - low)).round()
        assert shown.picture
        assert list(shown.picture.pixels) == pytest.approx(expected.tolist(), abs=1)
    assert all(p.picture is None for p in measured(LOGITS, LABELS).shown)


def test_a_test_set_without_examples() -> None:
    told = measured(torch.empty(0, 3), [])
    assert told == PredictionsMeasured(
        step=7, examples=0, confusion=((0, 0, 0),) * 3, shown=(), mistakes=()
    )


def test_a_single_class_is_always_right() -> None:
    told = measured(torch.zeros(4, 1), [0] * 4)
    assert (told.confusion, told.correct, told.confused) == (((4,),), 4, ())
    assert [p.probability for p in told.shown] == [1.0] * 4


def test_logits_that_are_not_numbers_are_the_worst_mistakes() -> None:
    bad = torch.tensor([[0.0, math.nan, 0.0], [math.inf, 0.0, -1.0], [-math.inf, 5.0, 0.0]])
    told = measured(torch.cat((LOGITS, bad)), [*LABELS, 0, 1, 0])
    assert told.mistakes[0].index == 6
    assert math.isnan(told.mistakes[0].loss)
    assert math.isnan(told.mistakes[0].probability)
    assert {p.index for p in told.mistakes[1:3]} == {7, 8}
    assert told.mistakes[-1].index == 5
    assert sum(map(sum, told.confusion)) == told.examples == 9
    again = decode(encode(told))
    assert isinstance(again, PredictionsMeasured)
    assert math.isnan(again.mistakes[0].loss)
    assert again.mistakes[3:] == told.mistakes[3:]


def test_the_event_survives_the_record() -> None:
    told = measured(LOGITS, LABELS, shape=(3, 1))
    assert decode(encode(told)) == told


@given(st.data(), st.integers(1, 12), st.integers(1, 40))
def test_rows_are_the_classes_and_the_trace_is_the_accuracy(
    data: st.DataObject, classes: int, examples: int
) -> None:
    numbers = st.integers(-3, 3)  # so that ties are common
    rows = st.lists(numbers, min_size=classes, max_size=classes)
    logits = torch.tensor(
        data.draw(st.lists(rows, min_size=examples, max_size=examples)), dtype=torch.float32
    )
    label = st.integers(0, classes - 1)
    labels = data.draw(st.lists(label, min_size=examples, max_size=examples))
    told = measured(logits, labels)
    assert [sum(row) for row in told.confusion] == [labels.count(i) for i in range(classes)]
    assert sum(told.confusion[i][i] for i in range(classes)) == told.correct
    batches = [(logits, torch.tensor(labels))]
    network: Any = Told()
    assert told.correct / examples == evaluate(network, batches)[1]
    wrong = examples - told.correct
    assert sum(pair.examples for pair in told.confused) <= wrong
    assert len(told.mistakes) == min(wrong, predictions.WORST)
    losses = functional.cross_entropy(logits, torch.tensor(labels), reduction="none")
    mistaken = losses[logits.argmax(1) != torch.tensor(labels)]
    worst = mistaken.sort(descending=True).values[: predictions.WORST].tolist()
    assert [p.loss for p in told.mistakes] == pytest.approx(worst)
    for pair in told.confused:
        assert told.confusion[pair.label][pair.predicted] == pair.examples > 0


def test_parts_of_a_test_set_are_counted_as_one() -> None:
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(4500, 4, generator=generator)
    labels = torch.randint(4, (4500,), generator=generator).tolist()
    told = measured(logits, labels)
    expected = [[0] * 4 for _ in range(4)]
    for label, predicted in zip(labels, logits.argmax(1).tolist(), strict=True):
        expected[label][predicted] += 1
    assert [list(row) for row in told.confusion] == expected
    losses = functional.cross_entropy(logits, torch.tensor(labels), reduction="none")
    assert told.mistakes[0].index == int(losses.argmax()) > 0


def test_many_classes_are_told_by_their_most_frequent_mistakes() -> None:
    classes = predictions.MOST_CLASSES + 1
    labels = [i for i in range(classes) for _ in range(2)]
    taken_for = [i // 2 * 2 for i in labels]  # every odd class for the one before it
    logits = functional.one_hot(torch.tensor(taken_for), classes).float()
    told = measured(logits, labels)
    assert told.confusion == ()
    assert told.confused == tuple(
        Confused(odd, odd - 1, 2) for odd in range(1, 2 * predictions.CONFUSED, 2)
    )
    assert (told.examples, told.correct) == (2 * classes, classes + 1)
    fewer = measured(logits[:-2, :-1], labels[:-2])
    assert len(fewer.confusion) == len(fewer.confusion[0]) == classes - 1


def test_of_equally_frequent_mistakes_the_first_come_first() -> None:
    confusion = torch.full((9, 9), 3, dtype=torch.int64)
    found = most_confused(confusion, 10)
    assert [(c.label, c.predicted) for c in found] == [
        *((0, other) for other in range(1, 9)),
        (1, 0),
        (1, 2),
    ]
    assert torch.equal(confusion, torch.full((9, 9), 3))


def test_a_prediction_says_which_example_of_the_test_set_it_is() -> None:
    x = torch.eye(3)
    y = torch.tensor([0, 1, 0])
    data = make_dataset("x", (x, y, x, y), classes=("a", "b", "c"), source="")
    network: Any = Told()
    (mistake,) = Predictions(network, data).measure(0).mistakes
    ((_, labels),) = evaluation_batches(data, "test", "cpu")
    certainty = math.e / (math.e + 2)
    assert mistake == Prediction(2, int(labels[2]), 2, pytest.approx(certainty), mistake.loss)
