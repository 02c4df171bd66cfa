"""A run that is cut and resumed is the run that never was, bit for bit, wherever it is cut."""

from __future__ import annotations

from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as searching
from hypothesis import strategies as st
from resuming import in_pieces, recorded, resumed
from training_tools import config, of

from engine.controls import AnyControl, Extend, Resume, Save, SetLearningRate, Step
from engine.events import CheckpointSaved, ControlApplied, Noted, RunFinished, RunStarted

CUTS = range(1, 21)
OPTIMIZERS: list[dict[str, object]] = [
    {"lr": 0.1},
    {"lr": 0.1, "momentum": 0.9, "l1": 1e-3, "clip_norm": 1.0},
    {"optimizer": "adam", "lr": 0.01},
    {"optimizer": "adamw", "lr": 0.01, "weight_decay": 0.1},
    {"optimizer": "rmsprop", "lr": 0.01, "momentum": 0.5},
]
SCHEDULES: list[dict[str, object]] = [
    {},
    {"schedule": "step", "decay_epochs": 2, "dropout": (0.5,)},
    {"schedule": "cosine", "warmup_steps": 5, "activation": "prelu"},
]


@pytest.mark.fault(39)
@pytest.mark.parametrize("schedule", SCHEDULES, ids=str)
@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=str)
def test_resumed_at_twenty_cuts_it_comes_to_the_same_state(
    optimizer: dict[str, object], schedule: dict[str, object], tmp_path: Path
) -> None:
    settings = config(**optimizer, **schedule, epochs=8, measure_every=0, matrices_every=0)
    script: list[AnyControl] = [c for _ in CUTS for c in (Step(), Save())]
    whole = recorded(settings, tmp_path / "whole", paused=[*script, Resume()])
    straight = recorded(settings, tmp_path / "straight")
    assert (whole.final, whole.losses) == (straight.final, straight.losses)
    assert {*CUTS, 24} == {*whole.starts}
    for cut in CUTS:
        rest = resumed(whole.starts[cut], tmp_path / str(cut))
        assert rest.final == whole.final
        assert rest.losses == {s: loss for s, loss in whole.losses.items() if s > cut}
        assert rest.epochs == {e: told for e, told in whole.epochs.items() if told.step > cut}
        assert of(RunStarted, rest.stream)[0].config == of(RunStarted, whole.stream)[0].config


@pytest.mark.fault(39)
def test_a_hundred_interruptions_leave_no_trace(tmp_path: Path) -> None:
    settings = config(optimizer="adam", lr=0.01, dropout=(0.3,), schedule="cosine", epochs=34)
    pieces: list[list[AnyControl]] = [[Step()] for _ in range(100)]
    whole = recorded(settings, tmp_path / "whole")
    runs = in_pieces(settings, [*pieces, [Resume()]], tmp_path)
    assert len(runs) == 101
    assert runs[-1].final == whole.final
    together = {step: loss for run in runs for step, loss in run.losses.items()}
    assert together == whole.losses
    assert {epoch: told for run in runs for epoch, told in run.epochs.items()} == whole.epochs
    assert of(RunFinished, runs[-1].stream)[0].outcome == "completed"


@pytest.mark.parametrize("every", [0.0, 0.01, 0.3, 60.0])
def test_the_schedule_decides_when_and_never_what(every: float, tmp_path: Path) -> None:
    settings: dict[str, object] = {"optimizer": "adam", "dropout": (0.3,), "epochs": 12}
    ticks = (tick / 50 for tick in count())
    watched = recorded(
        config(**settings, checkpoint_every=every), tmp_path / "watched", clock=ticks
    )
    plain = recorded(config(**settings), tmp_path / "plain")
    assert watched.losses == plain.losses
    assert watched.final == plain.final
    assert (len(watched.starts) > 1) == (every > 0)
    for step in {*watched.starts} - {36}:
        assert resumed(watched.starts[step], tmp_path / str(step)).final == plain.final


def test_what_was_steered_goes_on_as_it_was_steered(tmp_path: Path) -> None:
    settings = config(momentum=0.9, schedule="cosine", warmup_steps=2, epochs=3)
    steering: list[AnyControl] = [Step(count=2), SetLearningRate(lr=0.02), Extend(epochs=2)]
    whole = recorded(settings, tmp_path / "whole", paused=[*steering, Resume()])
    first, second = in_pieces(settings, [steering, [Resume()]], tmp_path)
    assert second.final == whole.final
    assert {**first.losses, **second.losses} == whole.losses
    assert len(whole.losses) == 15
    started = of(RunStarted, second.stream)[0]
    assert (started.first_step, started.total_steps, started.continues) == (2, 15, "before")
    told = of(ControlApplied, second.stream)[0]  # its settings alone would show another rate
    assert (told.step, told.what, told.after) == (2, "learning rate", "0.02")
    assert of(RunFinished, second.stream)[0].step == 15


def test_it_is_said_that_the_state_is_the_recorded_one(tmp_path: Path) -> None:
    first, second = in_pieces(config(), [[Step(count=2)], [Resume()]], tmp_path)
    notes = [note.text for note in of(Noted, second.stream)]
    told = of(CheckpointSaved, first.stream)[-1].state
    assert f"resumed at step 2 of run before; its state {told[:12]} is the recorded one" in notes


ACTIONS = st.one_of(
    st.builds(Step, count=st.integers(1, 5)),
    st.builds(SetLearningRate, lr=st.sampled_from([0.003, 0.05, 0.3])),
    st.builds(Extend, epochs=st.integers(1, 2)),
    st.just(Save()),
)


@searching(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    pieces=st.lists(st.lists(ACTIONS, max_size=4), min_size=2, max_size=5),
    optimizer=st.sampled_from(OPTIMIZERS),
    schedule=st.sampled_from(SCHEDULES),
    seed=st.integers(0, 3),
)
@example(  # the best state, which waited for its turn, is told after a later one
    pieces=[[Step(count=1), Step(count=3), Save()], [SetLearningRate(lr=0.003)]],
    optimizer=OPTIMIZERS[0],
    schedule=SCHEDULES[0],
    seed=0,
)
def test_whatever_was_asked_and_wherever_it_was_cut(
    pieces: list[list[AnyControl]],
    optimizer: dict[str, object],
    schedule: dict[str, object],
    seed: int,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    room = tmp_path_factory.mktemp("cut")
    settings = config(**optimizer, **schedule, seed=seed, epochs=2)
    asked = [control for piece in pieces for control in piece]
    whole = recorded(settings, room / "whole", paused=[*asked, Resume()])
    runs = in_pieces(settings, [*pieces[:-1], [*pieces[-1], Resume()]], room)
    assert runs[-1].final == whole.final
    assert {s: loss for run in runs for s, loss in run.losses.items()} == whole.losses
    assert {e: told for run in runs for e, told in run.epochs.items()} == whole.epochs
