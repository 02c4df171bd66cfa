"""A run as an engine holds it: one that prepares can be given up, one that has begun is stopped."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from engine import wire
from engine.controls import Controls, Stop
from engine.errors import BadInput
from engine.events import Event
from engine.experiments.contract import Experiment
from engine.link import Progress
from engine.session import Session, Sink
from engine.store.checkpoint import Start


class Superseded(BaseException):
    """Nobody waits for this run any more; raised in its preparation, which must not catch it."""


@dataclass(frozen=True)
class Means:
    """What an engine gives its runs.

    `sinks(opened)` makes a run's sinks, the record first, which calls `opened` with its
    directory; `saved(run_id, resume)` loads the state that a run goes on from; `post` takes what
    is to be told, from any thread, or None when a run is over, and must wake the engine. `tidy`
    is called on a run's thread when it has let go of everything.
    """

    sinks: Callable[[Callable[[Path], None]], Sequence[Sink]]
    saved: Callable[[str, bool], Start]
    post: Callable[[wire.Answer | None], None]
    tidy: Callable[[], None] = lambda: None


class EngineRun:
    """A session and the request it answers."""

    def __init__(
        self, request: wire.Start, experiment: Experiment, config: msgspec.Struct, means: Means
    ) -> None:
        self.request = request
        self.begun = False
        self.over = False
        self.told = 0
        self.opened: wire.RunOpened | None = None
        self.held: wire.RunHeld | None = None
        self.controls = Controls(self._report)
        self.controls.held = self._held
        self._experiment = experiment
        self._config = config
        self._means = means
        self._given_up = False
        self._turning = threading.Lock()
        self.session = Session(self._events, self.controls, [*means.sinks(self._opened), self])

    def leave(self, stop: Stop) -> None:
        """Give the run up while it prepares, so that nothing is recorded; stop it afterwards."""
        with self._turning:
            if not self.begun:
                self._given_up = True
        self.controls.request(stop)

    def accept(self, event: Event) -> None:
        """As a sink: the events are in the record; here it only counts that one came."""
        self.told += 1

    def close(self) -> None:
        """As the last sink: every other one is closed, and the run's generator too."""
        try:
            self._means.tidy()
        finally:
            self.over = True
            self._means.post(None)

    def _events(self, controls: Controls) -> Iterator[Event]:
        for event in self._prepared(controls):
            if not self.begun:
                self._begin()
            yield event

    def _prepared(self, controls: Controls) -> Iterator[Event]:
        run, continues = self._experiment.run, self.request.continues
        if not continues:
            return run(self._config, controls)
        if "start" not in inspect.signature(run).parameters:
            raise BadInput(f"experiment {self._experiment.name} cannot go on from an earlier run")
        resume: Callable[..., Iterator[Event]] = run
        start = self._means.saved(continues, self.request.resume)
        return resume(self._config, controls, start=start)

    def _begin(self) -> None:
        with self._turning:
            self._check()
            self.begun = True

    def _check(self) -> None:
        if self._given_up:
            raise Superseded

    def _report(self, text: str, done: float, total: float) -> None:
        self._check()
        self._means.post(wire.Told(id=self.request.id, news=Progress(text, done, total)))

    def _held(self, text: str) -> None:
        told = wire.RunHeld(id=self.request.id, run_id=self.session.run_id, text=text)
        self.held = told if text else None
        self._means.post(told)

    def _opened(self, directory: Path) -> None:
        self.controls.recorded_in(directory)
        self.opened = wire.RunOpened(
            id=self.request.id, run_id=self.session.run_id, directory=str(directory)
        )
        self._means.post(self.opened)
