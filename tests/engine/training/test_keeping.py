"""Which checkpoints there are, and that nothing which befalls them befalls the training."""

from __future__ import annotations

import errno
import gc
import os
import threading
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from itertools import count, pairwise
from pathlib import Path
from typing import Any

import pytest
from resuming import Recorded, recorded, resumed
from training_tools import Given, Scripted, config, dataset, events, of

from engine.controls import AnyControl, Pause, Resume, Save, SetLearningRate, Step, Stop
from engine.events import CheckpointSaved, ControlApplied, EpochFinished, Event, Noted, RunFinished
from engine.store import writer
from engine.store.checkpoint import save
from engine.training.keeping import MOMENT, RETRY
from engine.training.run import train
from engine.training.trainer import Plan, Trainer

EPOCH = 3


class AtOnce:
    """An executor whose work is done when it is handed over."""

    def __init__(self, threads: int, name: str) -> None:
        assert threads == 1

    def submit(self, work: Callable[..., Any], *about: object) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(work(*about))
        except OSError as error:
            future.set_exception(error)
        return future

    def shutdown(self) -> None:
        pass


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is written is there at once, so that the clock alone decides the schedule."""
    monkeypatch.setattr(writer, "ThreadPoolExecutor", AtOnce)


def files(directory: Path) -> set[str]:
    return {f"checkpoints/{path.name}" for path in (directory / "checkpoints").iterdir()}


def ticking(seconds: float) -> Iterator[float]:
    """A clock that is so much later each time it is asked."""
    return (tick * seconds for tick in count())


def falling(**settings: object) -> dict[str, object]:
    """Settings with which the test loss gets lower in every epoch."""
    return {"lr": 0.01, "epochs": 6, **settings}


@pytest.mark.usefixtures("at_once")
def test_the_first_epoch_and_the_last_are_kept_however_short_they_are(tmp_path: Path) -> None:
    run = recorded(config(epochs=6), tmp_path)
    assert next(iter(run.starts)) == EPOCH
    assert [*run.starts][-1] == 6 * EPOCH
    assert len(run.starts) <= 3  # and the best, where it is neither


@pytest.mark.usefixtures("at_once")
def test_every_epoch_is_kept_when_it_is_long_enough(tmp_path: Path) -> None:
    run = recorded(config(**falling()), tmp_path, clock=ticking(MOMENT))
    assert [*run.starts] == [*range(EPOCH, 6 * EPOCH + 1, EPOCH)]
    assert all(event.best for event in of(CheckpointSaved, run.stream))


@pytest.mark.usefixtures("at_once")
def test_a_long_epoch_is_kept_by_the_clock_as_well(tmp_path: Path) -> None:
    settings = config(batch_size=1, epochs=1, checkpoint_every=10.0)
    run = recorded(settings, tmp_path, clock=ticking(0.1))
    within = [step for step in run.starts if step < 70]
    assert len(within) > 1
    whole = recorded(config(batch_size=1, epochs=1), tmp_path / "whole")
    for step in within:
        assert resumed(run.starts[step], tmp_path / str(step)).final == whole.final


@pytest.mark.usefixtures("at_once")
def test_off_keeps_the_last_one_alone(tmp_path: Path) -> None:
    run = recorded(config(epochs=6, checkpoint_every=0.0), tmp_path, clock=ticking(MOMENT))
    assert [*run.starts] == [6 * EPOCH]


@pytest.mark.usefixtures("at_once")
def test_the_last_two_and_the_best_stay(tmp_path: Path) -> None:
    settings = config(lr=3.0, epochs=8, batch_size=16)
    run = recorded(settings, tmp_path, clock=ticking(MOMENT))
    told = of(CheckpointSaved, run.stream)
    lowest = min(of(EpochFinished, run.stream), key=lambda epoch: epoch.test_loss)
    best = [event for event in told if event.best][-1]
    assert best.step == lowest.step
    assert files(tmp_path) == {event.file for event in [best, *told[-2:]]}


@pytest.mark.usefixtures("at_once")
def test_a_best_state_that_had_no_turn_is_written_before_the_end(tmp_path: Path) -> None:
    run = recorded(config(lr=3.0, epochs=8, batch_size=16), tmp_path)
    lowest = min(of(EpochFinished, run.stream), key=lambda epoch: epoch.test_loss)
    last = of(EpochFinished, run.stream)[-1]
    assert lowest.step not in (run.stream[0].steps_per_epoch, last.step)  # type: ignore[attr-defined]
    assert [e.step for e in of(CheckpointSaved, run.stream) if e.best][-1] == lowest.step


def test_an_older_best_written_late_makes_no_second_copy_of_the_latest(tmp_path: Path) -> None:
    asked = [Step(), Step(count=EPOCH), Save(), Stop()]
    run = recorded(config(**falling()), tmp_path, paused=asked)
    steps = [saved.step for saved in of(CheckpointSaved, run.stream)]
    assert steps == [1, EPOCH + 1, EPOCH]
    assert resumed(run.starts[EPOCH + 1], tmp_path / "rest").epochs


def test_a_pause_writes_the_state_it_holds_at(tmp_path: Path) -> None:
    # The clock stands: the first epoch was saved a moment ago, and a better one has had no turn.
    controls = Scripted([Stop()], directory=tmp_path)
    stream: list[Event] = []
    for event in train(config(**falling()), controls, None, Given(dataset()), lambda: 0.0):
        stream.append(event)
        if isinstance(event, EpochFinished) and event.epoch == 4:
            controls.request(Pause())
    stop = of(ControlApplied, stream)[-1]
    before = of(CheckpointSaved, stream[: stream.index(stop)])
    assert (stop.what, stop.step) == ("stop", 4 * EPOCH)
    assert [event.step for event in before] == [EPOCH, 4 * EPOCH]


def test_each_state_asked_for_at_one_step_is_written(tmp_path: Path) -> None:
    asked = [Step(), SetLearningRate(lr=0.3), Save(), SetLearningRate(lr=0.2), Save(), Stop()]
    run = recorded(config(checkpoint_every=0.0, **falling()), tmp_path, paused=asked)
    first, second = of(CheckpointSaved, run.stream)
    assert first.step == second.step == 1
    assert first.state != second.state


def test_what_is_asked_for_is_answered_and_written(tmp_path: Path) -> None:
    asked: list[AnyControl] = [Step(), Step(), Save(request=7), Save(), Stop()]
    stream = recorded(config(), tmp_path, paused=asked).stream
    answers = [event for event in of(ControlApplied, stream) if event.what == "save"]
    assert [(answer.step, answer.request) for answer in answers] == [(2, 7), (2, 0)]
    assert [event.step for event in of(CheckpointSaved, stream)] == [1, 2]
    assert [n.text for n in of(Noted, stream)].count("step 2 is saved already") == 1


def test_a_pause_keeps_what_was_done_since_the_last_one(tmp_path: Path) -> None:
    stream = recorded(config(), tmp_path, paused=[Step(), Step(count=2), Stop()]).stream
    assert [event.step for event in of(CheckpointSaved, stream)] == [1, 3]


def test_nothing_is_saved_where_nothing_is_recorded() -> None:
    stream = events(config(), Scripted([Save(), Resume()], first=[Pause()]))
    (answer,) = (event for event in of(ControlApplied, stream) if event.what == "save")
    assert answer.note == "no checkpoints are written here"
    assert not of(CheckpointSaved, stream)


@pytest.mark.fault(8, 10)
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EROFS])
@pytest.mark.usefixtures("at_once")
def test_a_disk_that_fails_costs_checkpoints_and_nothing_else(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sound = recorded(config(**falling()), tmp_path / "sound", clock=ticking(MOMENT))
    failing = {2, 3}
    tries = count(1)

    def write(*about: object, **more: object) -> CheckpointSaved:
        if next(tries) in failing:
            raise OSError(number, os.strerror(number))
        return save(*about, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(writer, "save", write)
    run = recorded(config(**falling()), tmp_path / "run", clock=ticking(MOMENT))
    errors = [note.text for note in of(Noted, run.stream) if note.level == "error"]
    assert errors
    assert all(text.endswith(os.strerror(number)) for text in errors)
    assert (run.losses, run.final) == (sound.losses, sound.final)
    assert of(RunFinished, run.stream)[0].outcome == "completed"
    assert next(iter(run.starts)) == EPOCH
    assert [*run.starts] == [3, 12, 15, 18]  # 6 and 9 have failed
    assert files(tmp_path / "run") == {f"checkpoints/step-{step}.safetensors" for step in (15, 18)}


@pytest.mark.usefixtures("at_once")
def test_after_a_failure_the_schedule_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[float] = []
    now = [0.0]

    def write(*about: object, **more: object) -> CheckpointSaved:
        tried.append(now[0])
        raise OSError(errno.ENOSPC, "full")

    def clock() -> Iterator[float]:
        while True:
            now[0] += 1.0
            yield now[0]

    monkeypatch.setattr(writer, "save", write)
    recorded(config(epochs=60), tmp_path, clock=clock())
    *scheduled, _waiting, _final = tried
    assert len(scheduled) > 2
    assert all(b - a >= RETRY for a, b in pairwise(scheduled))


def test_no_thread_is_left_when_a_run_is_dropped(tmp_path: Path) -> None:
    from training_tools import Given, dataset

    from engine.training.run import train

    controls = Scripted(directory=tmp_path)
    before = threading.active_count()
    stream = train(config(epochs=50), controls, None, Given(dataset()), lambda: 0.0)
    seen: list[Event] = []
    while not of(CheckpointSaved, seen):
        seen.append(next(stream))
    assert threading.active_count() > before
    stream.close()  # type: ignore[attr-defined]
    assert threading.active_count() == before


@pytest.mark.usefixtures("at_once")
def test_the_best_so_far_goes_along(tmp_path: Path) -> None:
    first = recorded(config(**falling(epochs=2)), tmp_path / "a", clock=ticking(MOMENT))
    second = recorded(
        config(lr=50.0, epochs=2), tmp_path / "b", start=_continued(first), clock=ticking(MOMENT)
    )
    worse = min(event.test_loss for event in of(EpochFinished, second.stream))
    assert worse > of(EpochFinished, first.stream)[-1].test_loss
    assert not any(event.best for event in of(CheckpointSaved, second.stream))


def _continued(run: Recorded) -> object:
    import dataclasses

    return dataclasses.replace([*run.starts.values()][-1], resume=False)


def test_an_ended_run_holds_no_memory_until_the_collector_comes_by(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held: list[weakref.ref[object]] = []
    begin = Trainer.__init__

    def watched(self: Trainer, plan: Plan, *rest: Any) -> None:
        begin(self, plan, *rest)
        held.extend((weakref.ref(self), weakref.ref(plan.stepper.network)))

    monkeypatch.setattr(Trainer, "__init__", watched)
    gc.disable()
    try:
        events(config(), Scripted(directory=tmp_path))
        assert [reference() for reference in held] == [None, None]
    finally:
        gc.enable()
