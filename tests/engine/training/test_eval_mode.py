"""With dropout an epoch also tells of training examples without masks."""

from __future__ import annotations

import json
import math

import pytest
import torch
from training_tools import config, dataset, events, losses, of

from engine.data.dataset import thinned
from engine.data.minibatches import evaluation_batches
from engine.events import EpochFinished, decode, encode
from engine.training import run


def epochs(**settings: object) -> list[EpochFinished]:
    return of(EpochFinished, events(config(**settings)))


def test_without_dropout_nothing_more_is_measured_or_told() -> None:
    for epoch in epochs():
        assert math.isnan(epoch.train_loss_eval)
        assert math.isnan(epoch.train_accuracy_eval)
        line = encode(epoch)
        assert "train_loss_eval" not in json.loads(line)
        assert decode(line) == epoch


@pytest.mark.parametrize("rates", [(0.5, 0.0), (0.0, 0.2)])
def test_with_dropout_the_figures_in_eval_mode_come_too(rates: tuple[float, float]) -> None:
    for epoch in epochs(dropout=rates, hidden=(8, 8)):
        assert math.isfinite(epoch.train_loss_eval)
        assert 0 <= epoch.train_accuracy_eval <= 1
        assert json.loads(encode(epoch))["train_loss_eval"] == epoch.train_loss_eval


def test_they_are_the_network_s_without_masks() -> None:
    # At a rate too small to move a weight the network at the end is the one at the start, and
    # train mode without a mask is eval mode: the next run's first pass says what this one told.
    still = {"lr": 1e-30, "epochs": 1, "batch_size": 70, "hidden": (64,)}
    (masked,) = epochs(dropout=0.9, **still)
    (bare,) = epochs(**still)
    assert masked.train_loss_eval == pytest.approx(bare.train_loss, rel=1e-6)
    assert masked.train_accuracy_eval == pytest.approx(bare.train_accuracy)
    assert masked.test_loss == pytest.approx(bare.test_loss, rel=1e-6)
    assert abs(masked.train_loss - masked.train_loss_eval) > 0.1


def test_measuring_changes_no_number(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = config(dropout=0.5)
    told = events(settings)
    monkeypatch.setattr(run, "_without_dropout", lambda *_: None)
    untold = events(settings)
    assert losses(told) == losses(untold)
    assert [e.test_loss for e in of(EpochFinished, told)] == [
        e.test_loss for e in of(EpochFinished, untold)
    ]
    assert all(math.isnan(e.train_loss_eval) for e in of(EpochFinished, untold))


def test_a_long_training_set_is_thinned_evenly() -> None:
    whole = dataset(70)
    few = thinned(whole, 20)
    assert torch.equal(few.x_train, whole.x_train[::4])
    assert torch.equal(few.y_train, whole.y_train[::4])
    assert few.info.train_examples == len(few.y_train) == 18
    assert torch.equal(few.x_test, whole.x_test)
    assert torch.equal(thinned(whole, 70).x_train, whole.x_train)
    assert len(thinned(whole, 69).y_train) == 35


def test_no_more_than_so_many_examples_are_evaluated(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []

    def counted(data: object, split: str, *rest: object) -> object:
        for x, y in evaluation_batches(data, split, *rest):  # type: ignore[arg-type]
            seen.append(len(y) if split == "train" else 0)
            yield x, y

    monkeypatch.setattr(run, "MOST_EVALUATED", 30)
    monkeypatch.setattr(run, "evaluation_batches", counted)
    epochs(dropout=0.5, epochs=1)
    assert sum(seen) == 24  # every third of 70
