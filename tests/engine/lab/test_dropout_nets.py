"""Nets with and without dropout side by side, and what is measured of them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Generator, Tensor

from engine.config import RunConfig
from engine.controls import Controls
from engine.data.dataset import Dataset, make_dataset
from engine.errors import BadInput
from engine.events import EpochFinished
from engine.lab.dropout_nets import (
    EVAL_MODE,
    MEASURES,
    TEST,
    TRAIN_MODE,
    Look,
    Pairs,
    best,
    settled,
    spread,
)
from engine.lab.dropout_plan import NetPlan, automatic
from engine.training.run import train
from engine.training.shelf import Shelf

PLAN = NetPlan((0.2, 0.5), 16, 2, 0.5, 3, 64, 0, 100)
CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def no_gradients() -> Iterator[None]:
    with torch.no_grad():
        yield


def dataset() -> Dataset:
    """250 examples: batches of 64, 64, 64 and 58."""
    random = Generator().manual_seed(0)
    centres = torch.randn(3, 8, generator=random)
    y = torch.randint(3, (400,), generator=random)
    x = centres[y] + torch.randn(400, 8, generator=random)
    tensors = (x[:250], y[:250], x[250:], y[250:])
    return make_dataset("clusters", tensors, classes=("a", "b", "c"), source="drawn by a test")


def pairs(**changes: Any) -> Pairs:
    return Pairs(replace(PLAN, **changes), dataset(), CPU)


class Given(Shelf):
    def load(self, *_: Any) -> Dataset:
        return dataset()


def test_each_pair_begins_with_the_same_weights() -> None:
    stack = pairs().stack
    for weight in stack.weights:
        assert torch.equal(weight[:2], weight[2:])
        assert not torch.equal(weight[0], weight[1])


def test_a_net_without_dropout_is_the_training_run_of_that_seed() -> None:
    config = RunConfig(
        hidden=(16, 16), init="torch_default", lr=0.5, batch_size=64, epochs=3, seed=0, device="cpu"
    )
    with torch.enable_grad():
        stream = list(train(config, Controls(), None, Given()))
    epochs = [event for event in stream if isinstance(event, EpochFinished)]
    side = pairs(test_examples=1000)
    for epoch in epochs:
        for _ in range(4):
            side.step()
        look = side.look()
        figures = {name: found[:, 0, 0].tolist() for name, found in look.measured.items()}
        assert figures[TRAIN_MODE] == pytest.approx([epoch.train_loss, epoch.train_accuracy], 1e-4)
        assert figures[TEST] == pytest.approx([epoch.test_loss, epoch.test_accuracy], 1e-4)


def test_eval_mode_looks_at_the_training_set() -> None:
    side = pairs(lr=1e-30)  # the nets stay as they are, so train mode without masks is eval mode
    for _ in range(4):
        side.step()
    look = side.look()
    train, evaluated = (look.measured[name][:, 0] for name in (TRAIN_MODE, EVAL_MODE))
    assert torch.allclose(train, evaluated, atol=1e-5)
    masked, without = (look.measured[name][0, 1] for name in (TRAIN_MODE, EVAL_MODE))
    assert float((masked - without).abs().min()) > 1e-4
    assert torch.allclose(evaluated, look.measured[EVAL_MODE][:, 1], atol=1e-6)


def test_without_any_rate_both_kinds_are_the_same() -> None:
    side = pairs(rates=(0.0, 0.0))
    for _ in range(4):
        side.step()
    look = side.look()
    for measure in MEASURES:
        assert look.difference(measure).mean == pytest.approx(0, abs=1e-6)
    assert side.mask(0) == [1.0] * 16


def test_with_rates_they_part_and_the_mask_is_the_net_s_own() -> None:
    side = pairs()
    assert side.mask(0) == [1.0] * 16
    side.step()
    mask = side.stack.mask(0)
    assert mask is not None
    assert side.mask(0) == mask[2, :, 0].tolist()
    assert set(side.mask(0)) == {0.0, 1.25}
    assert set(side.mask(1)) == {0.0, 2.0}
    for _ in range(3):
        side.step()
    assert abs(side.look().difference(EVAL_MODE).mean) > 1e-4


def test_train_mode_is_the_average_within_the_epoch() -> None:
    side, losses = pairs(), []
    differentiate = side.stack.differentiate

    def heard(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        found = differentiate(x, y)
        losses.append(len(y) * found[0].clone())
        return found

    side.stack.differentiate = heard  # type: ignore[method-assign]
    for epoch in (1, 2):
        for step in range(4):
            assert side.epoch_ended is (epoch == 2 and step == 0)
            side.step()
        assert side.epoch_ended
        expected = torch.stack(losses[-4:]).sum(0) / 250
        assert torch.allclose(side.running()[0].flatten(), expected)
    assert side.epoch == 2


@pytest.mark.parametrize(("epochs", "looked"), [(3, 3), (20, 20), (45, 15), (50, 17)])
def test_it_looks_up_to_twenty_times_and_at_the_end(epochs: int, looked: int) -> None:
    side = pairs(epochs=epochs, width=2, nets=1)
    seen = []
    while side.done < side.total:
        side.step()
        if side.due:
            seen.append(side.epoch)
    assert len(seen) == looked
    assert seen[-1] == epochs


def looks(*tests: tuple[tuple[float, float], tuple[float, float]]) -> list[Look]:
    """Looks with these test losses: (without, with), two nets each."""
    zeros = torch.zeros(2, 2, 2, dtype=torch.float64)
    made = []
    for number, losses in enumerate(tests, 1):
        figures = torch.stack((torch.tensor(losses, dtype=torch.float64), zeros[0]))
        made.append(Look(number, {TRAIN_MODE: zeros, EVAL_MODE: zeros, TEST: figures}))
    return made


def test_the_difference_is_taken_pair_by_pair() -> None:
    (look,) = looks(((1.0, 5.0), (0.5, 4.5)))
    apart = look.difference(TEST)
    assert (apart.mean, apart.error) == (-0.5, 0.0)
    alone = look.of(TEST, "without")
    assert (alone.mean, alone.error) == (3.0, pytest.approx(2.0))
    assert look.of(TEST, "with").mean == 2.5


def test_nets_whose_numbers_are_lost_are_counted() -> None:
    (look,) = looks(((1.0, math.nan), (math.inf, math.nan)))
    assert (look.lost("without"), look.lost("with")) == (1, 2)
    look.measured[TRAIN_MODE][0, 0, 0] = math.inf
    assert look.lost("without") == 2


def test_it_settles_over_the_last_quarter() -> None:
    early = ((9.0, 9.0), (0.0, 0.0))
    found = looks(*[early] * 6, ((1.0, 1.0), (0.3, 0.5)), ((2.0, 2.0), (1.7, 1.9)))
    assert settled(found).mean == pytest.approx(-0.4)
    assert settled(found).error == pytest.approx(0.1)
    assert settled(found[:1]).mean == -9.0
    assert best(found).tolist() == [[1.0, 1.0], [0.0, 0.0]]


def test_one_net_has_no_error() -> None:
    assert math.isnan(spread(torch.tensor([2.0])).error)


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(BadInput, match="parameters"):
        pairs(width=1024, nets=64)


@pytest.mark.parametrize(
    ("examples", "batch", "expected"),
    [
        (1000, 0, (4, 0.1, 150, 128, 128)),
        (1000, 256, (4, 0.1, 300, 128, 256)),
        (40, 0, (4, 0.1, 300, 128, 128)),
        (10_000, 0, (4, 0.1, 16, 128, 128)),
        (60_000, 0, (2, 0.5, 10, 256, 256)),
    ],
)
def test_what_is_taken_where_nothing_is_said(
    examples: int, batch: int, expected: tuple[int, float, int, int, int]
) -> None:
    usual = automatic(examples, batch)
    assert (usual.nets, usual.lr, usual.epochs, usual.width, usual.batch_size) == expected
