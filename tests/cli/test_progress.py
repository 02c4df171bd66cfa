"""What a run without a screen shows on its way and at its end."""

from __future__ import annotations

import io
from collections.abc import Sequence

import msgspec
import pytest
from rich.console import Console

from cli.progress import Bar, Lines, Watcher, epoch_line
from cli.summary import number, summary
from engine.config import RunConfig
from engine.events import (
    Advanced,
    DatasetInfo,
    EpochFinished,
    Event,
    Layer,
    LayerVitals,
    MatricesMeasured,
    MatrixRow,
    Noted,
    RunFinished,
    RunStarted,
    StepsMeasured,
)
from engine.schema import fields_of
from tui.run_view import RunView, fold

ESCAPE = "\x1b]52;c;Zm9v\x07"


def events(name: str = "garments") -> list[Event]:
    config = RunConfig(epochs=2, batch_size=10)
    vitals = LayerVitals("output", *([(0.5,)] * 8))
    row = MatrixRow("output", "weight", (2, 4), -1.0, 1.0, 0.5, 0.6, 1.7, 1.2, float("nan"))
    return [
        RunStarted(
            time=0.0,
            run_id="20260101-000000-abcdef",
            experiment="train",
            config={field.name: getattr(config, field.name) for field in fields_of(RunConfig)},
            layers=(Layer("output", 4, 2, 10, "identity", "normal"),),
            dataset=DatasetInfo(name, 20, 10, 4, ("a", "b"), (2, 2), "made", "0"),
            device="cpu",
            steps_per_epoch=2,
            total_steps=4,
        ),
        StepsMeasured(
            time=1.0, first_step=1, loss=(2.0, 1.0), accuracy=(0.1, 0.2), lr=0.1,
            measured_steps=(2,), layers=(vitals,),
        ),
        EpochFinished(
            time=2.0, epoch=1, step=2, train_loss=1.5, train_accuracy=0.15, test_loss=1.25,
            test_accuracy=0.45, seconds=1.0, samples_per_second=20.0,
        ),
        MatricesMeasured(time=2.0, step=2, rows=(row,)),
        Noted(time=2.0, text="the kernel is slow", level="warning"),
        StepsMeasured(time=3.0, first_step=3, loss=(0.5,), accuracy=(0.5,), lr=0.1),
        RunFinished(time=3.0, outcome="stopped", detail="at step 3", step=3),
    ]  # fmt: skip


def folded(stream: Sequence[Event], watcher: Watcher | None = None) -> RunView:
    view = RunView()
    for event in stream:
        view = fold(event, view)
        if watcher:
            watcher.show(event, view)
    return view


def console(*, terminal: bool) -> Console:
    return Console(file=io.StringIO(), force_terminal=terminal, width=140, markup=False,
                   highlight=False, color_system=None)  # fmt: skip


def written(on: Console) -> str:
    assert isinstance(on.file, io.StringIO)
    return on.file.getvalue()


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 1.0
        return self.now


def test_lines_are_one_per_epoch_and_what_is_worth_a_warning() -> None:
    on = console(terminal=False)
    folded(events(), Lines(on))
    epoch, warning = written(on).splitlines()
    assert epoch.startswith("epoch 1/2  step 2  train loss 1.5000")
    assert "test acc 0.4500" in epoch
    assert warning == "warning: the kernel is slow"


def test_lines_name_a_preparation_once() -> None:
    on = console(terminal=False)
    lines = Lines(on)
    for done in range(3):
        lines.prepare(f"fetching [bold]{ESCAPE}", done, 3)
    assert written(on) == "fetching [bold]]52;c;Zm9v\n"


def test_the_bar_shows_epoch_loss_accuracy_and_speed_and_restores_the_cursor() -> None:
    on = console(terminal=True)
    bar = Bar(on, Clock())
    bar.prepare("fetching", 5e6, 1e7)
    folded(events(), bar)
    bar.close()
    text = written(on)
    for shown in ("fetching", "5.0 MB", "epoch 1/2", "loss 1.0000", "test 45.0%", "20/s",
                  "epoch 2/2", "step 3", "the kernel is slow"):  # fmt: skip
        assert shown in text
    assert text.rindex("\x1b[?25h") > text.rindex("\x1b[?25l")


def test_the_bar_is_not_redrawn_more_often_than_a_person_can_see() -> None:
    on = console(terminal=True)
    bar = Bar(on, lambda: 0.0)
    folded(events()[:2], bar)
    before = written(on)
    folded(events()[:2] * 50, bar)
    assert written(on) == before
    bar.close()


def experiment(total: int = 40) -> list[Event]:
    started = RunStarted(time=0.0, run_id="r", experiment="fake", config={})
    advanced = [Advanced(time=n / 4, done=n, total=total) for n in range(1, total // 2 + 1)]
    return [started, *advanced]


def test_lines_tell_each_tenth_of_an_experiment_once() -> None:
    on = console(terminal=False)
    folded(experiment(), Lines(on))
    assert written(on).splitlines() == [f"fake step {n}/40" for n in (4, 8, 12, 16, 20)]


def test_the_bar_shows_how_far_an_experiment_is_and_the_time_left() -> None:
    on = console(terminal=True)
    bar = Bar(on, Clock())
    folded(experiment(), bar)
    bar.close()
    assert "fake step 20/40" in written(on)
    assert "5 s left" in written(on)


def test_a_transient_bar_is_wiped() -> None:
    on = console(terminal=True)
    bar = Bar(on, Clock(), transient=True)
    folded(experiment(), bar)
    bar.close()
    assert written(on).rstrip("\n").endswith("\x1b[2K")


def test_the_summary_tells_epochs_layers_matrices_and_where_the_record_lies() -> None:
    on = console(terminal=False)
    on.print(summary(folded(events()), "/runs/20260101-000000-abcdef"))
    text = written(on)
    for shown in ("stopped: at step 3", "garments (20 train, 10 test)", "4-2", "init normal",
                  "layers at step 2", "2×4", "matrices at step 2", "output weight", "nan",
                  "record: /runs/20260101-000000-abcdef"):  # fmt: skip
        assert shown in text
    assert ["1", "1.5", "0.15", "1.25", "0.45"] in [line.split() for line in text.splitlines()]


def test_what_was_measured_without_masks_has_columns_of_its_own() -> None:
    measured = {"train_loss_eval": 1.375, "train_accuracy_eval": 0.25}
    stream = [
        msgspec.structs.replace(event, **measured) if isinstance(event, EpochFinished) else event
        for event in events()
    ]
    bare, epoch = (next(e for e in s if isinstance(e, EpochFinished)) for s in (events(), stream))
    on = console(terminal=False)
    on.print(summary(folded(stream), "/runs"))
    rows = [line.split() for line in written(on).splitlines()]
    assert ["1", "1.5", "0.15", "1.375", "0.25", "1.25", "0.45"] in rows
    line = epoch_line(epoch, folded(stream))
    assert "train acc 0.1500  in eval mode 1.3750 0.2500  test loss 1.2500" in line
    assert "eval mode" not in epoch_line(bare, folded(stream))


def test_a_hostile_name_stays_text() -> None:
    on = console(terminal=False)
    on.print(summary(folded(events(f"{ESCAPE}[bold]\x9b2J")), "/runs"))
    assert "[bold]" in written(on)
    assert not set("\x1b\x07\x9b") & set(written(on))


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.123456, "0.123"), (float("nan"), "nan"), (-float("inf"), "-inf"), (1e-9, "1e-09")],
)
def test_numbers(value: float, text: str) -> None:
    assert number(value) == text
