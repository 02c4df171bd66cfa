"""Runs that are cut and resumed, for the tests that hold them to the run that never was."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from training_tools import Given, Scripted, config, dataset, losses, of

from engine.config import RunConfig
from engine.controls import AnyControl, Pause, Stop
from engine.events import CheckpointSaved, EpochFinished, Event, RunFinished
from engine.store.checkpoint import Start, load
from engine.training.run import train


def start_of(directory: Path, event: CheckpointSaved) -> Start:
    """What is resumed when the run's last checkpoint is this one."""
    tensors, meta = load(directory, event)
    return Start("before", tensors, meta, event.step, event.state, resume=True)


@dataclass(frozen=True)
class Recorded:
    """A run in a directory, with each of its checkpoints as it was when it was told."""

    stream: list[Event]
    starts: dict[int, Start]

    @property
    def final(self) -> str:
        """The digest of the state that the run came to."""
        return of(CheckpointSaved, self.stream)[-1].state

    @property
    def losses(self) -> dict[int, float]:
        """Every step's loss."""
        first = self.stream[0].first_step  # type: ignore[attr-defined]
        return dict(enumerate(losses(self.stream), first + 1))

    @property
    def epochs(self) -> dict[int, EpochFinished]:
        """What was said at the end of each epoch."""
        return {event.epoch: event for event in of(EpochFinished, self.stream)}


def recorded(
    settings: RunConfig,
    directory: Path,
    *,
    paused: Sequence[AnyControl] = (),
    start: Start | None = None,
    clock: Iterator[float] | None = None,
) -> Recorded:
    """A whole run that obeys `paused` one by one; without any it is never paused."""
    directory.mkdir(parents=True, exist_ok=True)
    controls = Scripted(paused, first=[Pause()] if paused else [], directory=directory)
    stream: list[Event] = []
    starts: dict[int, Start] = {}

    def tell() -> float:
        return next(clock) if clock else 0.0

    for event in train(settings, controls, start, Given(dataset()), tell):
        stream.append(event)
        if isinstance(event, CheckpointSaved):
            starts[event.step] = start_of(directory, event)
    return Recorded(stream, starts)


def resumed(start: Start, directory: Path, *, paused: Sequence[AnyControl] = ()) -> Recorded:
    """The rest of a run; the settings given here must not count."""
    return recorded(config(lr=9.0, seed=77), directory, paused=paused, start=start)


def in_pieces(
    settings: RunConfig, pieces: Sequence[Sequence[AnyControl]], room: Path
) -> list[Recorded]:
    """A run that is stopped after each piece but the last one, and resumed while it has an end."""
    runs: list[Recorded] = []
    for number, piece in enumerate(pieces):
        if runs and of(RunFinished, runs[-1].stream)[0].outcome == "completed":
            break
        controls = [*piece, Stop()] if number < len(pieces) - 1 else list(piece)
        directory = room / str(number)
        if runs:
            starts = runs[-1].starts
            runs.append(resumed(starts[max(starts)], directory, paused=controls))
        else:
            runs.append(recorded(settings, directory, paused=controls))
    return runs
