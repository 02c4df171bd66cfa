"""A run that goes on from a saved state is the run that never ended, bit for bit."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from training_tools import Scripted, config, dataset, events, losses, of, start_from

from engine.controls import AnyControl, Pause, Step, Stop
from engine.errors import BadInput
from engine.events import EpochFinished, Noted, RunFinished, RunStarted
from engine.store.checkpoint import Start

VARIANTS: list[dict[str, object]] = [
    {},
    {"momentum": 0.9},
    {"optimizer": "adam", "lr": 0.01},
    {"optimizer": "adamw", "lr": 0.01, "weight_decay": 0.1},
    {"optimizer": "rmsprop", "lr": 0.01, "momentum": 0.5},
    {"dropout": (0.5,)},
    {"activation": "prelu", "implementation": "scratch"},
    {"schedule": "step", "decay_epochs": 1, "warmup_steps": 4},
]


def saved(tmp_path: Path, **settings: object) -> Start:
    events(config(**settings), Scripted(directory=tmp_path))
    return start_from(tmp_path)


@pytest.mark.parametrize("settings", VARIANTS, ids=str)
def test_two_epochs_and_two_more_are_four(settings: dict[str, object], tmp_path: Path) -> None:
    whole = events(config(**settings, epochs=4), Scripted(directory=tmp_path))
    at_once = start_from(tmp_path)
    half = tmp_path / "half"
    half.mkdir()
    first = events(config(**settings), Scripted(directory=half))
    rest = tmp_path / "rest"
    rest.mkdir()
    second = events(config(**settings), Scripted(directory=rest), start_from(half))
    assert losses(first) + losses(second) == losses(whole)
    assert of(EpochFinished, first) + of(EpochFinished, second) == of(EpochFinished, whole)
    in_two = start_from(rest)
    assert in_two.tensors.keys() == at_once.tensors.keys()
    for name, tensor in at_once.tensors.items():
        assert torch.equal(in_two.tensors[name], tensor), name


@pytest.mark.parametrize("cut", range(1, 6))
def test_a_run_stopped_anywhere_goes_on_exactly(cut: int, tmp_path: Path) -> None:
    settings = config(optimizer="adam", lr=0.01, dropout=(0.3,), epochs=2)
    script: list[AnyControl] = [Step(count=cut), Stop()]
    first = events(settings, Scripted(script, first=[Pause()], directory=tmp_path))
    start = start_from(tmp_path)
    assert start.step == cut
    second = events(config(optimizer="adam", lr=0.01, dropout=(0.3,), epochs=1), start=start)
    whole = events(config(optimizer="adam", lr=0.01, dropout=(0.3,), epochs=3))
    together = losses(first) + losses(second)
    assert together == losses(whole)[: len(together)]
    # the epoch it was stopped in is finished first, then one more is trained
    assert len(together) == (6 if cut <= 3 else 9)
    begun = cut // 3
    assert of(EpochFinished, second) == of(EpochFinished, whole)[begun : len(together) // 3]


def test_it_says_where_it_goes_on(tmp_path: Path) -> None:
    stream = events(config(epochs=3), start=saved(tmp_path))
    started = of(RunStarted, stream)[0]
    assert started.continues == "before"
    assert (started.first_step, started.total_steps) == (6, 15)
    assert [e.epoch for e in of(EpochFinished, stream)] == [3, 4, 5]
    end = of(RunFinished, stream)[0]
    assert end.step == 15
    assert end.detail.startswith("3 epochs, 9 steps")


def test_the_layout_of_the_saved_weights_is_not_that_of_the_model(tmp_path: Path) -> None:
    start = saved(tmp_path, implementation="concise")
    concise = losses(events(config(implementation="concise"), start=start))
    scratch = losses(events(config(implementation="scratch"), start=start))
    assert scratch == pytest.approx(concise, rel=1e-5)


def test_another_optimizer_begins_afresh_and_says_so(tmp_path: Path) -> None:
    start = saved(tmp_path)
    stream = events(config(optimizer="adam", lr=0.01), start=start)
    assert any("its state starts from zero" in note.text for note in of(Noted, stream))
    assert of(RunFinished, stream)[0].outcome == "completed"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"hidden": (9,)}, r"parameters/hidden1.weight of run before is 8×12 but .* 9×12"),
        ({"hidden": (8, 8)}, "has no parameters/hidden2.weight"),
        ({"activation": "prelu"}, "has no parameters/hidden1.slope"),
        ({"batch_size": 16}, "has batch_size = 32"),
    ],
)
def test_what_does_not_fit_is_refused(
    settings: dict[str, object], message: str, tmp_path: Path
) -> None:
    start = saved(tmp_path)
    with pytest.raises(BadInput, match=message):
        events(config(**settings), start=start)


@pytest.mark.fault(41)
def test_other_data_is_refused(tmp_path: Path) -> None:
    start = saved(tmp_path)
    with pytest.raises(BadInput, match="was trained on other data"):
        events(config(), start=start, data=dataset(seed=1))


@pytest.mark.parametrize("meta", [{}, {"state": "{"}, {"state": '{"config": 1}'}])
def test_a_state_in_another_form_is_refused(meta: dict[str, str], tmp_path: Path) -> None:
    start = saved(tmp_path)
    with pytest.raises(BadInput, match="in a form this version cannot read"):
        events(config(), start=Start("before", start.tensors, meta, start.step))


def test_a_state_without_its_generators_is_refused(tmp_path: Path) -> None:
    start = saved(tmp_path)
    for left_out in ("dropout", "batches/generator", "batches/offset"):
        tensors = {name: t for name, t in start.tensors.items() if name != left_out}
        with pytest.raises(BadInput):
            events(config(), start=Start("before", tensors, start.meta, start.step))


def test_a_directory_that_cannot_be_written_is_told_and_the_run_ends_in_order(
    tmp_path: Path,
) -> None:
    stream = events(config(), Scripted(directory=tmp_path / "gone"))
    first, last = (note for note in of(Noted, stream) if note.level == "error")
    assert first.text == last.text
    assert last.text.startswith("the checkpoint could not be written")
    assert first.about == "checkpoint"
    assert of(RunFinished, stream)[0].outcome == "completed"
