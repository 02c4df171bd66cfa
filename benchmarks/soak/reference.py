"""The run that nobody disturbed: what a chain of killed and resumed runs must come to."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

import msgspec

from benchmarks.soak.tally import Tally
from engine.config import RunConfig
from engine.controls import AnyControl, Controls, Extend, Pause, Resume, SetLearningRate, Step
from engine.events import AnyEvent, CheckpointSaved, ControlApplied, StepsMeasured
from engine.store.checkpoint import Start
from engine.training.run import train
from engine.training.shelf import Shelf
from engine.training.state import meta_of

RATE, EPOCHS = "learning rate", "epochs"


class Change(NamedTuple):
    """From this step on: a learning rate, or so many epochs in all."""

    step: int
    what: str
    value: float


class Outcome(NamedTuple):
    """What a run came to: the digests of its last state, and of every step's number and loss."""

    state: str
    losses: str


class Plan:
    """What a chain of runs was steered by, as far as it counts."""

    def __init__(self, config: RunConfig) -> None:
        self.config = config
        self.changes: list[Change] = []
        self.losses: dict[int, float] = {}

    def take(self, told: Sequence[AnyEvent]) -> None:
        """Go through what one run of the chain has recorded."""
        for event in told:
            if isinstance(event, StepsMeasured):
                self.losses.update(enumerate(event.loss, event.first_step))
            if isinstance(event, ControlApplied) and event.what in (RATE, EPOCHS):
                self.changes.append(Change(event.step, event.what, float(event.after)))

    def cut(self, start: Start, tally: Tally) -> None:
        """Forget what came after the saved state that the next run goes on from."""
        self.losses = {k: loss for k, loss in self.losses.items() if k <= start.step}
        steered = meta_of(start).steered
        at = [change for change in self.changes if change.step == start.step]
        self.changes = [change for change in self.changes if change.step < start.step]
        if steered is None:
            tally.problems.append(f"{start.run_id}: the checkpoint does not say what steered it")
            return
        # What was asked right at that step may have come before the state was saved or after it.
        for what, value in ((RATE, steered.lr), (EPOCHS, float(steered.epochs))):
            before = [self._current(what), *(c.value for c in at if c.what == what)]
            if value not in before:
                tally.problems.append(f"{start.run_id}: {what} is saved as {value}, was {before}")
            if value != before[0]:
                self.changes.append(Change(start.step, what, value))

    def outcome(self, state: str) -> Outcome:
        """What the chain itself has come to."""
        return Outcome(state, _digest(self.losses))

    def _current(self, what: str) -> float:
        begun = self.config.lr if what == RATE else float(self.config.epochs)
        return ([begun] + [change.value for change in self.changes if change.what == what])[-1]


class Scripted(Controls):
    """Does to a run what was done to another, at the same steps; it is held there meanwhile."""

    def __init__(self, directory: Path, script: Iterator[AnyControl]) -> None:
        super().__init__()
        self.directory = directory
        self._script = script
        self.request(Pause())

    def take(self, timeout: float | None = 0.0) -> list[AnyControl]:
        """What was asked, and the next of the script where the run waits for something."""
        if timeout is None:
            self.request(next(self._script))
        return super().take(0.0)


class References:
    """Undisturbed runs, in this process and each only once."""

    def __init__(self, room: Path) -> None:
        self._room = room
        self._shelf = Shelf()
        self._known: dict[str, Outcome] = {}

    def of(self, plan: Plan) -> Outcome:
        """What the plan comes to when nothing happens on the way."""
        if plan.changes:
            return self._run(plan)
        key = repr(plan.config)
        if key not in self._known:
            self._known[key] = self._run(plan)
        return self._known[key]

    def _run(self, plan: Plan) -> Outcome:
        shutil.rmtree(self._room, ignore_errors=True)
        self._room.mkdir(parents=True)
        controls: Controls = Controls()
        controls.directory = self._room
        if plan.changes:
            controls = Scripted(self._room, _script(plan))
        state, losses = "", {}
        at_once = msgspec.structs.replace(plan.config, pace=0.0)
        for event in train(at_once, controls, None, self._shelf):
            if isinstance(event, CheckpointSaved):
                state = event.state
            if isinstance(event, StepsMeasured):
                losses.update(enumerate(event.loss, event.first_step))
        return Outcome(state, _digest(losses))


def _digest(losses: dict[int, float]) -> str:
    return blake2b(repr(sorted(losses.items())).encode(), digest_size=20).hexdigest()


def _script(plan: Plan) -> Iterator[AnyControl]:
    """The requests that lead a held run through a plan."""
    step, epochs = 0, plan.config.epochs
    for change in plan.changes:
        if change.step > step:
            yield Step(count=change.step - step)
            step = change.step
        if change.what == RATE:
            yield SetLearningRate(lr=change.value)
        else:
            yield Extend(epochs=int(change.value) - epochs)
            epochs = int(change.value)
    yield Resume()
