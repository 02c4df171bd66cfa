"""What a person's requests change in a run: a small state machine without tensors or clocks."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Literal

from engine.controls import (
    AnyControl,
    Extend,
    Measure,
    Pause,
    Resume,
    Save,
    SetLearningRate,
    SetPace,
    Step,
    Stop,
)
from engine.events import ControlApplied
from engine.schema import spell_number
from engine.training.stopwatch import Clock

Change = tuple[str, str, str, str]  # what, before, after, note
Asked = Literal["", "all", "layers", "predictions"]


class Steering:
    """The settings that may change while a run is under way.

    `lr` is the base learning rate, `pace` the steps per second (0: full speed) and `epochs` the
    number of the last epoch. `allowed` is the number of steps until the run holds: None while it
    runs freely, 0 while it holds, negative where they lead back. `last` is the number of the last
    step of a run that can go back, None for the others. `recorded` says whether there is
    something to save, and a place for it.
    """

    def __init__(
        self,
        lr: float,
        pace: float,
        epochs: int,
        last: int | None = None,
        *,
        recorded: bool = False,
    ) -> None:
        self.lr = lr
        self.pace = pace
        self.epochs = epochs
        self.last = last
        self.allowed: int | None = None
        self.stop: Stop | None = None
        self._measure: Asked = ""
        self._recorded = recorded
        self._save = False

    @property
    def holding(self) -> bool:
        """Whether no step may be made until something is asked."""
        return self.allowed == 0

    def stepped(self) -> None:
        """A step was made, back if `allowed` is negative."""
        if self.allowed:
            self.allowed -= 1 if self.allowed > 0 else -1

    def take_measure(self) -> Asked:
        """What `Measure` was asked for since the last call; "" for nothing."""
        asked, self._measure = self._measure, ""
        return asked

    def take_save(self) -> bool:
        """Whether `Save` was asked for since the last call."""
        asked, self._save = self._save, False
        return asked

    def inherited(self, lr: float, pace: float, step: int) -> Iterator[ControlApplied]:
        """What a person changed before a resumed run began: its settings say `lr` and `pace`."""
        spelled = (
            ("learning rate", spell_number(lr), spell_number(self.lr)),
            ("pace", _pace(pace), _pace(self.pace)),
        )
        for what, before, after in spelled:
            if before != after:
                note = "as it was steered before"
                yield ControlApplied(step=step, what=what, before=before, after=after, note=note)

    def apply(self, control: AnyControl, step: int) -> ControlApplied:
        """Do what is asked, and say what came of it at the boundary after `step` updates."""
        what, before, after, note = (
            self._ending(control) if self.stop else self._change(control, step)
        )
        return ControlApplied(
            step=step, what=what, before=before, after=after, note=note, request=control.request
        )

    def _change(self, control: AnyControl, step: int) -> Change:
        change: Change
        match control:
            case Pause():
                change = self._pause()
            case Resume():
                change = self._resume()
            case Step(count=count):
                change = self._step(count, step)
            case Stop(reason=reason):
                change = ("stop", self._mode(), "stopped", reason)
                self.stop = control
            case SetLearningRate(lr=lr):
                change = self._set_lr(lr)
            case SetPace(steps_per_second=pace):
                change = self._set_pace(pace)
            case Extend(epochs=epochs):
                change = self._extend(epochs)
            case Measure(what=what):
                change = ("measure", "", "measured", "")
                self._measure = what if self._measure in ("", what) else "all"
            case Save():
                change = self._ask_to_save()
        return change

    def _ending(self, control: AnyControl) -> Change:
        return _NAMES[type(control)], "stopped", "stopped", "the run is ending"

    def _mode(self) -> str:
        return "running" if self.allowed is None else "paused"

    def _pause(self) -> Change:
        before = self._mode()
        self.allowed = 0
        return "pause", before, "paused", "was paused already" if before == "paused" else ""

    def _resume(self) -> Change:
        before = self._mode()
        self.allowed = None
        return "resume", before, "running", "was running already" if before == "running" else ""

    def _step(self, count: int, step: int) -> Change:
        if count < 0 and self.last is None:
            return "step", self._mode(), self._mode(), "this experiment cannot go back"
        if self.allowed is None:
            return "step", "running", "running", "steps are made one by one only while paused"
        if count == 0:
            return "step", "paused", "paused", f"{count} is not a number of steps"
        before, self.allowed = self.allowed, self.allowed + count
        if self.last is not None:
            self.allowed = min(max(self.allowed, -step), self.last - step)
        if self.allowed == before:
            end = "first" if count < 0 else "last"
            return "step", "paused", "paused", f"this is the {end} step"
        return "step", "paused", _steps(self.allowed), ""

    def _set_lr(self, lr: float) -> Change:
        before = after = spell_number(self.lr)
        if not (math.isfinite(lr) and lr > 0):
            return "learning rate", before, before, f"{lr:g} is not a positive number"
        self.lr = lr
        after = spell_number(lr)
        return "learning rate", before, after, "was that already" if before == after else ""

    def _set_pace(self, pace: float) -> Change:
        before = _pace(self.pace)
        if not (math.isfinite(pace) and pace >= 0):
            return "pace", before, before, f"{pace:g} is not a number of steps per second"
        self.pace = pace
        after = _pace(pace)
        return "pace", before, after, "was that already" if before == after else ""

    def _extend(self, epochs: int) -> Change:
        before = str(self.epochs)
        if epochs < 1:
            return "epochs", before, before, f"{epochs} is not a number of epochs to add"
        self.epochs += epochs
        return "epochs", before, str(self.epochs), ""

    def _ask_to_save(self) -> Change:
        self._save = self._recorded
        if not self._recorded:
            return "save", "", "", "no checkpoints are written here"
        return "save", "", "saving", ""


_NAMES: dict[type[AnyControl], str] = {
    Pause: "pause",
    Resume: "resume",
    Step: "step",
    Stop: "stop",
    SetLearningRate: "learning rate",
    SetPace: "pace",
    Extend: "epochs",
    Measure: "measure",
    Save: "save",
}


def _steps(count: int) -> str:
    return f"{abs(count)} step{'s' * (abs(count) != 1)}{' back' * (count < 0)}"


def _pace(pace: float) -> str:
    return f"{spell_number(pace)} steps/s" if pace else "full speed"


class Pacer:
    """When the next step is due at a number of steps per second."""

    def __init__(self) -> None:
        self._due: float | None = None
        self._pace = 0.0

    def wait(self, clock: Clock, pace: float) -> float:
        """Seconds until the next step may begin; at 0 it begins, and the one after it waits."""
        if pace != self._pace:
            self._pace, self._due = pace, None
        if not pace:
            return 0.0
        now = clock()
        if self._due is not None and now < self._due:
            return self._due - now
        # A step that comes late does not make the ones after it hurry by more than one step.
        self._due = max(now if self._due is None else self._due, now - 1 / pace) + 1 / pace
        return 0.0
