"""A session frames one run: it pumps the run's events on a worker thread into sinks.

Whatever the run does, the sinks see `RunStarted` first, then a gap-free `seq`, and exactly one
`RunFinished` last; a run that fails before its first event leaves no trace but `error`. A run
whose record has no room is held until there is some, or it is asked to stop.
"""

from __future__ import annotations

import secrets
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, TypeVar

import msgspec

from engine.controls import Controls, Stop
from engine.errors import BadInput, out_of_memory
from engine.events import Event, Noted, RunFinished, RunStarted, StepsMeasured
from engine.store.record import NotDurableError, RecordError

EventT = TypeVar("EventT", bound=Event)
RETRY = 1.0
"""Seconds between two looks whether the record has room again."""


class Sink(Protocol):
    """Where events go. Called on the worker thread, in order."""

    def accept(self, event: Event) -> None:
        """Take an event, or raise: then the run fails, and `RunFinished` is still offered."""

    def close(self) -> None:
        """Nothing more will come."""


class _LeftError(Exception):
    """A run that holds is left as it is."""

    def __init__(self, finished: RunFinished) -> None:
        super().__init__(finished.detail)
        self.finished = finished


def new_run_id() -> str:
    """A run's generated id: sortable by start, unique on this machine."""
    return f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(3)}"


class Session:
    """One run on a worker thread.

    `run(controls)` is an experiment bound to its config. The first sink is the record: an event
    that it refuses has not happened, the others never see it, and its `seq` goes to the
    `RunFinished` that tells of the failure. For want of room it is offered again every second,
    and at once when something is asked; the run holds meanwhile, and `controls.held` tells it.
    Sinks are closed in their order, whatever happens.

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
        except _LeftError as left:
            self._finish(left.finished)
        except BaseException as error:  # the thread's last word: it is reported, never swallowed
            self._note(error)
        if self.error and self._seq and not self.finished:
            detail = readable(self.error)
            self._finish(RunFinished(outcome="failed", detail=detail, step=self._step))
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
        try:
            self._hand_over(event)
        except NotDurableError as error:
            self._emit(Noted(text=str(error), level="error", about="record"))
            self._emit(event)
        except RecordError as error:
            if not (self._seq and error.no_room):
                raise
            self._hold(error, event)

    def _hand_over(self, event: Event) -> None:
        """Give the event its number and, once the record has it, to the other sinks."""
        event = self._stamped(event)
        for sink in self._sinks[:1]:
            sink.accept(event)
        self._seq += 1
        self._step = _updates(event, self._step)
        if isinstance(event, RunFinished):
            self.finished = event
        for sink in self._sinks[1:]:
            sink.accept(event)

    def _hold(self, error: RecordError, event: Event) -> None:
        """Wait until the record has room for a line that says that there was none, and the event.

        Raises:
            _LeftError: when the run is asked to stop meanwhile.
            RecordError: when the record fails otherwise.
        """
        untold: list[Event] = [
            Noted(text=f"held until there was room: {error}", level="warning"),
            event,
        ]
        self.controls.held(str(error))
        try:
            while untold:
                if stop := self.controls.stopping:
                    raise _LeftError(self._left(stop, error))
                self.controls.wait(RETRY)
                self._try(untold)
        finally:
            self.controls.held("")

    def _try(self, untold: list[Event]) -> None:
        """Hand over what there is room for, and keep the rest."""
        try:
            while untold:
                self._hand_over(untold[0])
                del untold[0]
        except NotDurableError as error:
            untold.insert(0, Noted(text=str(error), level="error", about="record"))
        except RecordError as error:
            if not error.no_room:
                raise

    def _left(self, stop: Stop, error: RecordError) -> RunFinished:
        """The end of a run that is stopped while it holds."""
        why = f"while it held: {error}"
        return RunFinished(
            outcome="interrupted" if stop.interrupted else "stopped",
            detail=f"{stop.reason}, {why}" if stop.reason else f"stopped {why}",
            step=self._step,
        )

    def _finish(self, finished: RunFinished) -> None:
        """Tell every sink of an end that the run did not tell, those too that have failed."""
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
        _let_go(error)


def _let_go(error: BaseException | None) -> None:
    """Forget what the frames of a traceback hold: tensors, whose memory the next run needs."""
    known: set[int] = set()
    while error and id(error) not in known:
        known.add(id(error))
        traceback.clear_frames(error.__traceback__)
        error = error.__cause__ or error.__context__


def _updates(event: Event, before: int) -> int:
    """How many updates of the parameters have been made when this event is told."""
    if isinstance(event, StepsMeasured):
        return event.first_step + len(event.loss) - 1
    return event.first_step if isinstance(event, RunStarted) else before


def readable(error: BaseException) -> str:
    """One sentence about an error for a person; the traceback belongs in the log."""
    if isinstance(error, BadInput | RecordError):
        return str(error)
    text = str(error).strip().splitlines()
    return out_of_memory(error) or f"{type(error).__name__}: {text[0] if text else ''}"


def is_foreseen(error: BaseException | None) -> bool:
    """Whether its sentence says it all, and a traceback would tell nobody more."""
    foreseen = isinstance(error, BadInput | RecordError)
    return foreseen or (error is not None and bool(out_of_memory(error)))
