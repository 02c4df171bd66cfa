"""One run at a time: the newest request wins, whatever the one before it is doing.

Everything here is called from one thread, its owner's.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import msgspec

from engine import wire
from engine.controls import AnyControl, Stop
from engine.errors import BadInput, did_you_mean
from engine.experiments.contract import Experiment
from engine.host.run import EngineRun, Means, Superseded
from engine.link import Refused
from engine.session import is_foreseen, readable
from engine.store.files import write_whole

ERROR_LOG = "error.log"


class Runner:
    """Starts, replaces and ends runs; whenever `means.post` was called, call `advance`."""

    def __init__(self, experiments: Mapping[str, Experiment], means: Means) -> None:
        self._experiments = experiments
        self._means = means
        self._current: EngineRun | None = None
        self._pending: wire.Start | None = None

    @property
    def busy(self) -> bool:
        """Whether a run is under way, prepares or waits for its turn."""
        return self._current is not None or self._pending is not None

    @property
    def recording(self) -> bool:
        """Whether a run has begun whose record is not closed yet."""
        return self._current is not None and self._current.begun

    @property
    def told(self) -> int:
        """Events of the run under way so far: while it holds, no more come."""
        return self._current.told if self._current else 0

    @property
    def opened(self) -> wire.RunOpened | None:
        """The run under way, for who comes later; None until its record exists."""
        return self._current.opened if self._current else None

    @property
    def held(self) -> wire.RunHeld | None:
        """Why the run under way cannot go on, for who comes later; None while it can."""
        return self._current.held if self._current else None

    def start(self, request: wire.Start) -> None:
        """Begin this run as soon as the one under way has ended, which is asked to."""
        self._pending = request
        if self._current:
            self._current.leave(Stop(reason="replaced by a new run"))
        else:
            self.advance()

    def ask(self, control: AnyControl, run_id: str = "") -> None:
        """Hand a control to the run under way, if any, and if it is the one that `run_id` names."""
        if self._current is None or run_id not in ("", self._current.session.run_id):
            return
        if isinstance(control, Stop):
            self._current.leave(control)
            return
        self._current.controls.request(control)

    def end(self, stop: Stop) -> None:
        """End the run under way and forget the one that waits."""
        self._pending = None
        if self._current:
            self._current.leave(stop)

    def join(self, timeout: float) -> bool:
        """Wait for what is left of a run that was ended; whether nothing is."""
        return self._current is None or self._current.session.join(timeout)

    def advance(self) -> None:
        """Notice that a run has ended, and begin the one that waits."""
        if self._current and self._current.over:
            self._current.session.join()
            self._tell_end(self._current)
            self._current = None
        while self._current is None and self._pending is not None:
            request, self._pending = self._pending, None
            self._begin(request)

    def _begin(self, request: wire.Start) -> None:
        try:
            experiment = self._named(request.experiment)
            config = _config(experiment, request.config)
        except BadInput as error:
            self._means.post(wire.Told(id=request.id, news=Refused(str(error))))
            return
        self._current = EngineRun(request, experiment, config, self._means)
        self._current.session.start()

    def _named(self, name: str) -> Experiment:
        if name not in self._experiments:
            raise BadInput(
                f"there is no experiment {name!r}{did_you_mean(name, self._experiments)}"
            )
        return self._experiments[name]

    def _tell_end(self, run: EngineRun) -> None:
        session, request = run.session, run.request
        sys.stderr.write(session.trace if _unforeseen(session.error) else "")
        if session.finished is None:
            if not isinstance(session.error, Superseded):
                self._means.post(wire.Told(id=request.id, news=Refused(_why(session.error))))
            return
        if session.trace and run.controls.directory:
            self._keep(session.trace, run.controls.directory)
        ended = wire.RunEnded(id=request.id, run_id=session.run_id, finished=session.finished)
        self._means.post(ended)
        if session.error and session.finished.outcome != "failed":
            self._means.post(wire.Told(id=request.id, news=Refused(_why(session.error))))

    def _keep(self, trace: str, directory: Path) -> None:
        try:
            write_whole(directory / ERROR_LOG, trace.encode(errors="replace"))
        except OSError as error:  # a full disk may be the very failure: the trace is on stderr too
            sys.stderr.write(f"{directory / ERROR_LOG}: {error}\n")


def _config(experiment: Experiment, given: Mapping[str, object]) -> msgspec.Struct:
    try:
        return msgspec.convert(given, experiment.config)
    except msgspec.ValidationError as error:  # so msgspec passes on a BadInput, too
        raise BadInput(str(error)) from error


def _unforeseen(error: BaseException | None) -> bool:
    return error is not None and not isinstance(error, Superseded) and not is_foreseen(error)


def _why(error: BaseException | None) -> str:
    if isinstance(error, BadInput):
        return str(error)
    return readable(error) if error else "the run ended before its first event"
