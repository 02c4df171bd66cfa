"""A session frames one run: it pumps the run's events on a worker thread into sinks.

Whatever the run does, the sinks see `RunStarted` first, then a gap-free `seq`, and exactly one
`RunFinished` last; a run that fails before its first event leaves no trace but `error`.
"""

from __future__ import annotations

import secrets
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, TypeVar

import msgspec

from engine.controls import Controls
from engine.errors import BadInput
from engine.events import Event, RunFinished, RunStarted, StepsMeasured
from engine.store.record import RecordError

EventT = TypeVar("EventT", bound=Event)


class Sink(Protocol):
    """Where events go. Called on the worker thread, in order."""

    def accept(self, event: Event) -> None:
        """Take an event, or raise: then the run fails, and `RunFinished` is still offered."""

    def close(self) -> None:
        """Nothing more will come."""


def new_run_id() -> str:
    """A run's generated id: sortable by start, unique on this machine."""
    return f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(3)}"


class Session:
    """One run on a worker thread.

    `run(controls)` is an experiment bound to its config. The first sink is the record: an event
    that it refuses has not happened, the others never see it, and its `seq` goes to the
    `RunFinished` that tells of the failure. Sinks are closed in their order, whatever happens.

    After `join`, `finished` is the last event (None when the run failed while preparing), `error`
    is what was raised, if anything, and `trace` its traceback.
    """

    def __init__(
        self,
        run: Callable[[Controls], Iterator[Event]],
        controls: Controls,
        sinks: Sequence[Sink],
        *,
        run_id: str = "",
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.run_id = run_id or new_run_id()
        self.controls = controls
        self.finished: RunFinished | None = None
        self.error: BaseException | None = None
        self.trace = ""
        self._run = run
        self._sinks = tuple(sinks)
        self._clock = clock
        self._step = 0
        self._seq = 0
        self._thread = threading.Thread(target=self._work, name="trainer", daemon=True)

    def start(self) -> None:
        """Begin on the worker thread."""
        self._thread.start()

    def join(self, timeout: float | None = None) -> bool:
        """Wait for the end; whether it has come."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _work(self) -> None:
        try:
            self._pump()
        except BaseException as error:  # the thread's last word: it is reported, never swallowed
            self._note(error)
        if self.error and self._seq and not self.finished:
            self._fail(self.error)
        for sink in self._sinks:
            try:
                sink.close()
            except Exception as error:
                self._note(error)

    def _pump(self) -> None:
        events = self._run(self.controls)
        try:
            for event in events:
                self._emit(event)
        finally:
            # The traceback kept in `error` would keep a generator, and its tensors, alive.
            close = getattr(events, "close", None)
            if close:
                close()
        if self._seq and not self.finished:
            raise RuntimeError("the run ended without saying how")

    def _emit(self, event: Event) -> None:
        if self.finished:
            raise RuntimeError(f"{type(event).__name__} after RunFinished")
        if isinstance(event, RunStarted) != (self._seq == 0):
            raise RuntimeError(f"event {self._seq} is {type(event).__name__}")
        event = self._stamped(event)
        for sink in self._sinks[:1]:
            sink.accept(event)
        self._seq += 1
        self._step = _updates(event, self._step)
        if isinstance(event, RunFinished):
            self.finished = event
        for sink in self._sinks[1:]:
            sink.accept(event)

    def _fail(self, error: BaseException) -> None:
        """Tell every sink that the run has failed, those too that have failed themselves."""
        finished = RunFinished(outcome="failed", detail=readable(error), step=self._step)
        self.finished = self._stamped(finished)
        for sink in self._sinks:
            try:
                sink.accept(self.finished)
            except Exception as another:
                self._note(another)

    def _stamped(self, event: EventT) -> EventT:
        event = msgspec.structs.replace(event, seq=self._seq, time=self._clock())
        if isinstance(event, RunStarted):
            return msgspec.structs.replace(event, run_id=self.run_id)
        return event

    def _note(self, error: BaseException) -> None:
        """Keep the first error, and the traceback of every one."""
        self.error = self.error or error
        self.trace += "".join(traceback.format_exception(error))


def _updates(event: Event, before: int) -> int:
    """How many updates of the parameters have been made when this event is told."""
    if isinstance(event, StepsMeasured):
        return event.first_step + len(event.loss) - 1
    return event.first_step if isinstance(event, RunStarted) else before


def readable(error: BaseException) -> str:
    """One sentence about an error for a person; the traceback belongs in the log."""
    text = str(error).strip().splitlines()
    return (
        str(error)
        if isinstance(error, BadInput | RecordError)
        else f"{type(error).__name__}: {text[0] if text else ''}"
    )
