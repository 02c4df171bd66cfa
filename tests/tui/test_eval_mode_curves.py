"""The training set in eval mode, as a curve of its own where it was measured."""

from __future__ import annotations

import math

from engine.events import EpochFinished, RunStarted
from tui.figures import Look, accuracy_chart, loss_chart
from tui.run_view import RunView, fold

NAME = "eval mode"


def epoch(number: int, loss: float = math.nan, accuracy: float = math.nan) -> EpochFinished:
    return EpochFinished(
        epoch=number,
        step=10 * number,
        train_loss=0.9,
        train_accuracy=0.7,
        test_loss=0.8,
        test_accuracy=0.75,
        seconds=1.0,
        samples_per_second=10.0,
        train_loss_eval=loss,
        train_accuracy_eval=accuracy,
    )


def view(*told: EpochFinished) -> RunView:
    known = RunView()
    for event in (RunStarted(run_id="a", experiment="train", config={}, total_steps=30), *told):
        known = fold(event, known)
    return known


def test_measured_it_is_drawn_beside_train_and_test() -> None:
    known = view(epoch(1, 0.6, 0.8), epoch(2, 0.5, 0.85))
    assert list(known.train_loss_eval.y) == [0.6, 0.5]
    for chart, value in ((loss_chart, 0.5), (accuracy_chart, 0.85)):
        curves = {curve.name: curve for curve in chart(known, [], Look()).curves}
        assert [name for name in curves if name] == ["train", "test", NAME]
        assert curves[NAME].series.last == value
        assert list(curves[NAME].series.x) == [10, 20]
        assert curves[NAME].role not in {curves["train"].role, curves["test"].role}


def test_not_measured_it_is_not_there() -> None:
    known = view(epoch(1), epoch(2))
    assert len(known.train_loss_eval) == 0
    assert NAME not in [curve.name for curve in loss_chart(known, [], Look()).curves]
    assert NAME not in [curve.name for curve in accuracy_chart(known, [], Look()).curves]


def test_a_lost_network_s_loss_is_told_as_it_is() -> None:
    known = view(epoch(1, math.nan, 0.1))
    assert len(known.train_loss_eval) == 1
    assert math.isnan(known.train_loss_eval.last)


def test_a_continued_run_keeps_its_past() -> None:
    known = view(epoch(1, 0.6, 0.8), epoch(2, 0.5, 0.85))
    again = RunStarted(run_id="b", experiment="train", config={}, first_step=10, continues="a")
    assert list(fold(again, known).train_accuracy_eval.y) == [0.8]
