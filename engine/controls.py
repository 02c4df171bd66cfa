"""Everything a person can ask of a run, and the desk where the run picks it up.

Requests come from any thread; the run takes them between two steps. Each applied request is
recorded as a `ControlApplied` event by the run itself.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import msgspec

from engine.schema import snake_case


class Control(msgspec.Struct, frozen=True, kw_only=True, tag=snake_case):
    """A request; `request` is the asker's number for it, echoed in the event."""

    request: int = 0


class Pause(Control, frozen=True):
    """Hold between two steps."""


class Resume(Control, frozen=True):
    """Go on after a pause."""


class Step(Control, frozen=True):
    """While paused, run `count` steps and hold again; fewer than 0 lead back, where that can be."""

    count: int = 1


class Stop(Control, frozen=True):
    """End the run after the current step; `outcome` is stopped or interrupted (by a signal).

    `reason`, where given, becomes the detail of `RunFinished`.
    """

    interrupted: bool = False
    reason: str = ""


class SetLearningRate(Control, frozen=True):
    """Use this base learning rate from the next step on."""

    lr: float


class SetPace(Control, frozen=True):
    """Run at most this many steps per second; 0 is as fast as it goes."""

    steps_per_second: float


class Extend(Control, frozen=True):
    """Train this many epochs more than planned."""

    epochs: int


class Measure(Control, frozen=True):
    """Measure now: the layers' matrices and histograms, the predictions of the test set, or all."""

    what: Literal["all", "layers", "predictions"] = "all"


class Save(Control, frozen=True):
    """Write a checkpoint now."""


AnyControl = Pause | Resume | Step | Stop | SetLearningRate | SetPace | Extend | Measure | Save
Report = Callable[[str, float, float], None]
Held = Callable[[str], None]


def unreported(text: str, done: float, total: float) -> None:
    """Nobody waits for news of the preparation."""


def unheld(text: str) -> None:
    """Nobody waits for news of a run that is held up."""


class Controls:
    """The desk between those who ask and the run. Safe to use from any thread.

    `report(text, done, total)` is how a run tells of its preparation (a download, say) before its
    first event; `total` is 0 where it is not known. `held(text)` is how its session tells that it
    cannot go on for now and why, and with "" that it does again. `directory` is the directory of
    the run's record once its first event is written; None where nothing is recorded, and then the
    run writes no file.
    """

    def __init__(self, report: Report = unreported) -> None:
        self.report = report
        self.held: Held = unheld
        self.directory: Path | None = None
        self._asked = threading.Condition()
        self._requests: deque[AnyControl] = deque()

    def recorded_in(self, directory: Path) -> None:
        """Tell the run where its record lies; for `RecordSink(runs, opened=...)`."""
        self.directory = directory

    def request(self, control: AnyControl) -> None:
        """Ask; returns at once."""
        with self._asked:
            self._requests.append(control)
            self._asked.notify_all()

    @property
    def waiting(self) -> bool:
        """Whether something was asked; cheap enough for every step."""
        return bool(self._requests)

    @property
    def stopping(self) -> Stop | None:
        """What the run was asked to end by, and has not taken up; None while it was not."""
        with self._asked:
            return next((c for c in self._requests if isinstance(c, Stop)), None)

    def wait(self, timeout: float) -> None:
        """Wait for something more to be asked, `timeout` seconds at most, and leave it there."""
        with self._asked:
            self._asked.wait(min(timeout, threading.TIMEOUT_MAX))

    def take(self, timeout: float | None = 0.0) -> list[AnyControl]:
        """All that was asked since the last call, waiting up to `timeout` seconds for it.

        `None` waits until something is asked.
        """
        with self._asked:
            if not self._requests and timeout != 0:
                longest = threading.TIMEOUT_MAX  # some centuries, and what a pace may ask for
                self._asked.wait(None if timeout is None else min(timeout, longest))
            taken = list(self._requests)
            self._requests.clear()
            return taken
