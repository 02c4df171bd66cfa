"""When a run tells its predictions, and that telling changes nothing."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path

import msgspec
import pytest
import torch
from training_tools import Scripted, config, dataset, events, losses, of, start_from

from engine.controls import AnyControl, Measure, Pause, Resume, Step, Stop
from engine.data.dataset import Dataset
from engine.events import (
    CheckpointSaved,
    EpochFinished,
    Event,
    MatricesMeasured,
    PredictionsMeasured,
    RunFinished,
    StepsMeasured,
    encode,
)


def told(stream: list[Event]) -> list[int]:
    return [event.step for event in of(PredictionsMeasured, stream)]


@pytest.mark.parametrize("settings", [{}, {"dropout": (0.3,)}, {"init": "zeros"}], ids=str)
def test_the_last_word_agrees_with_the_last_epoch(settings: dict[str, object]) -> None:
    data = dataset()
    stream = events(config(**settings, epochs=3), data=data)
    (last,) = of(PredictionsMeasured, stream)
    epoch = of(EpochFinished, stream)[-1]
    assert last.step == epoch.step
    assert last.correct / last.examples == epoch.test_accuracy
    assert sum(row[i] for i, row in enumerate(last.confusion)) == last.correct
    assert [sum(row) for row in last.confusion] == torch.bincount(data.y_test).tolist()
    assert [p.label for p in last.shown] == data.y_test[:12].tolist()


def test_it_comes_before_the_checkpoint(tmp_path: Path) -> None:
    stream = events(config(), Scripted(directory=tmp_path))
    kinds = [type(event) for event in stream[-3:]]
    assert kinds == [PredictionsMeasured, CheckpointSaved, RunFinished]


def test_a_stopped_run_tells_of_the_state_it_was_stopped_in() -> None:
    stream = events(config(), Scripted([Step(count=2), Stop()], first=[Pause()]))
    assert told(stream) == [2]
    assert told(events(config(), Scripted(first=[Stop()]))) == [0]


@pytest.mark.parametrize(
    ("what", "predicted", "measured"),
    [
        ("all", [1, 6], [0, 1, 1, 6]),
        ("predictions", [1, 6], [0, 1, 6]),
        ("layers", [6], [0, 1, 1, 6]),
    ],
)
def test_what_is_asked_is_measured_at_once(
    what: str, predicted: list[int], measured: list[int]
) -> None:
    asked = Measure(what=what)  # type: ignore[arg-type]
    script: list[AnyControl] = [Step(), asked, Resume()]
    stream = events(config(), Scripted(script, first=[Pause()]))
    assert told(stream) == predicted
    assert [event.step for event in of(MatricesMeasured, stream)] == measured


def test_asked_twice_of_one_state_it_is_told_once() -> None:
    again = Measure(what="predictions")
    script: list[AnyControl] = [again, again, Step(count=6), again, Resume()]
    assert told(events(config(), Scripted(script, first=[Pause()]))) == [0, 6]


def test_both_kinds_asked_at_once_are_both_measured() -> None:
    kinds = [Measure(what="predictions"), Measure(what="layers")]
    for at_once in (kinds, kinds[::-1]):
        stream = events(config(matrices_every=0), Scripted(first=at_once))
        assert told(stream) == [0, 6]
        assert [event.step for event in of(MatricesMeasured, stream)] == [0]


@pytest.mark.parametrize("settings", [{}, {"dropout": (0.4,)}, {"optimizer": "adam"}], ids=str)
def test_asking_never_changes_the_numbers(settings: dict[str, object]) -> None:
    quiet = events(config(**settings, measure_every=0, matrices_every=0))
    asked = Measure(what="predictions")
    script: list[AnyControl] = [c for _ in range(6) for c in (asked, Step())]
    loud = events(
        config(**settings, measure_every=0, matrices_every=0),
        Scripted([*script, Resume()], first=[Pause()]),
    )
    assert losses(loud) == losses(quiet)
    assert told(loud) == [0, 1, 2, 3, 4, 5, 6]
    for field in ("train_loss", "train_accuracy", "test_loss", "test_accuracy"):
        found, expected = (
            [getattr(e, field) for e in of(EpochFinished, stream)] for stream in (loud, quiet)
        )
        assert found == expected
    assert of(PredictionsMeasured, loud)[-1] == of(PredictionsMeasured, quiet)[-1]


def test_the_time_it_takes_is_not_training_time() -> None:
    now = [0.0]

    class Slow(torch.Tensor):
        """Test inputs whose reading takes a thousand seconds."""

        def to(self, *args: object, **kwargs: object) -> torch.Tensor:
            now[0] += 1000
            return torch.Tensor.to(self.as_subclass(torch.Tensor), *args, **kwargs)  # type: ignore[call-overload, no-any-return]

    data = dataset()
    slow = dataclasses.replace(data, x_test=data.x_test.as_subclass(Slow))
    script: list[AnyControl] = [Step(), Measure(what="predictions"), Resume()]
    stream = events(config(), Scripted(script, first=[Pause()]), data=slow, clock=lambda: now[0])
    assert now[0] >= 3000
    assert told(stream) == [1, 6]
    assert all(epoch.seconds == 0 for epoch in of(EpochFinished, stream))
    assert " in 0.0 s" in of(RunFinished, stream)[0].detail


def test_after_a_divergence_it_is_the_state_that_is_saved(tmp_path: Path) -> None:
    settings = {"lr": 1e6, "activation": "softplus", "hidden": (8, 8)}
    stream = events(config(epochs=20, **settings), Scripted(directory=tmp_path))
    end = of(RunFinished, stream)[0]
    assert end.outcome == "diverged"
    assert told(stream) == [end.step - 1]
    (last,) = of(PredictionsMeasured, stream)
    assert sum(map(sum, last.confusion)) == last.examples
    again = events(config(**settings), Scripted(first=[Stop()]), start_from(tmp_path))
    assert encode(of(PredictionsMeasured, again)[0]) == encode(last)  # NaN is no equal of itself


def test_a_test_set_that_overflows_is_told_of_all_the_same() -> None:
    data = dataset()
    huge = data.x_test.clone()
    huge[4] = 3e38
    stream = events(config(), data=dataclasses.replace(data, x_test=huge))
    assert of(RunFinished, stream)[0].outcome == "completed"
    (last,) = of(PredictionsMeasured, stream)
    (bad,) = [p for p in last.shown if not math.isfinite(p.loss)]
    assert bad.index == 4
    assert last.correct / last.examples == of(EpochFinished, stream)[-1].test_accuracy


def test_a_run_without_test_examples() -> None:
    data = dataset()
    none = dataclasses.replace(data, x_test=data.x_test[:0], y_test=data.y_test[:0])
    stream = events(config(), data=none)
    (last,) = of(PredictionsMeasured, stream)
    assert (last.examples, last.shown, last.mistakes) == (0, (), ())
    assert math.isnan(of(EpochFinished, stream)[-1].test_accuracy)


def test_images_are_told_with_their_pictures() -> None:
    data = dataset()
    info = msgspec.structs.replace(data.info, image_shape=(3, 4))
    images: Dataset = dataclasses.replace(data, info=info)
    (last,) = of(PredictionsMeasured, events(config(), data=images))
    sizes = {(p.picture.width, p.picture.height) for p in last.shown if p.picture}
    assert sizes == {(4, 3)}
    assert all(p.picture for p in (*last.shown, *last.mistakes))


def test_every_step_is_still_in_one_block_when_predictions_are_asked_for() -> None:
    script: list[AnyControl] = [Step(), Measure(), Step(), Measure(), Resume()]
    stream = events(config(), Scripted(script, first=[Pause()]))
    assert [b.first_step + i for b in of(StepsMeasured, stream) for i in range(len(b.loss))] == [
        *range(1, 7)
    ]
