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
from typing import Protocol

import msgspec

from engine.controls import Controls
from engine.errors import BadInput
from engine.events import Event, RunFinished, RunStarted


class Sink(Protocol):
    """Where events go. Called on the worker thread, in order."""

    def accept(self, event: Event) -> None: ...

    def close(self) -> None: ...


def new_run_id() -> str:
    """A run's generated id: sortable by start, unique on this machine."""
    return f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(3)}"


class Session:
    """One run on a worker thread.

    `run(controls)` is an experiment bound to its config. After `join`, `finished` is the last
    event (None when the run failed while preparing) and `error` is what was raised, if anything.
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
        self._seq = 0
        self._thread = threading.Thread(target=self._pump, name="trainer", daemon=True)

    def start(self) -> None:
        """Begin on the worker thread."""
        self._thread.start()

    def join(self, timeout: float | None = None) -> bool:
        """Wait for the end; whether it has come."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _pump(self) -> None:
        try:
            for event in self._run(self.controls):
                self._emit(event)
            if self._seq and not self.finished:
                raise RuntimeError("the run ended without saying how")
        except BaseException as error:  # the thread's last word: it is reported, never swallowed
            self.error = error
            self.trace = traceback.format_exc()
            if self._seq and not self.finished:
                self._emit(RunFinished(outcome="failed", detail=readable(error)))
        finally:
            for sink in self._sinks:
                sink.close()

    def _emit(self, event: Event) -> None:
        if self.finished:
            raise RuntimeError(f"{type(event).__name__} after RunFinished")
        if isinstance(event, RunStarted) != (self._seq == 0):
            raise RuntimeError(f"event {self._seq} is {type(event).__name__}")
        stamp = {"seq": self._seq, "time": self._clock()}
        if isinstance(event, RunStarted):
            stamp["run_id"] = self.run_id  # type: ignore[assignment]
        event = msgspec.structs.replace(event, **stamp)
        self._seq += 1
        if isinstance(event, RunFinished):
            self.finished = event
        for sink in self._sinks:
            sink.accept(event)


def readable(error: BaseException) -> str:
    """One sentence about an error for a person; the traceback belongs in the log."""
    text = str(error).strip().splitlines()
    return (
        str(error)
        if isinstance(error, BadInput)
        else f"{type(error).__name__}: {text[0] if text else ''}"
    )
