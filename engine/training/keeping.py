"""Which states of a run are kept as checkpoints, and when they are written."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from pathlib import Path

from engine.events import CheckpointSaved, Event, Noted
from engine.store.checkpoint import forget, worth_keeping
from engine.store.writer import State, Writer
from engine.training.stopwatch import Clock

MOMENT = 2.0
"""Seconds at least between two scheduled checkpoints, so that short epochs are not all writing."""
RETRY = 30.0
"""Seconds until the schedule tries again after a checkpoint could not be written."""

_NONE = (-1, b"")
"""The step and the digest of no state."""


class Keeper:
    """Copies states where they are due and has them written beside the training, one at a time.

    The first offer is written, then the next one after `MOMENT`; the newest best state waits for
    its turn as a copy in memory. `every` is the most seconds between two (0: no schedule, what is
    asked for and the last one alone). `copy` gives the state as it is now. What a state holds
    depends on its step alone, never on the schedule. Without a directory nothing is kept.
    """

    def __init__(
        self, directory: Path | None, every: float, copy: Callable[[], State], clock: Clock
    ) -> None:
        self._directory = directory
        self._every = every
        self._copy = copy
        self._clock = clock
        self._writer = Writer(directory) if directory else None
        self._writing: State | None = None
        self._waiting: State | None = None
        self._kept: list[CheckpointSaved] = []
        self._latest = _NONE
        self._due = clock() + every
        self._not_before = -math.inf

    @property
    def _scheduled(self) -> bool:
        return self._writer is not None and self._every > 0

    @property
    def _free(self) -> bool:
        """Whether the schedule may begin to write."""
        return self._writing is None and self._clock() >= self._not_before

    def offer(self, *, best: bool = False, last: bool = False) -> None:
        """A good moment: the end of an epoch, the `best` so far perhaps, or a step in a pause.

        The `last` one is not written here: `finish` does that.
        """
        if not self._scheduled:
            return
        if best:
            self._waiting = self._copy()
        if not last and self._free:
            self._write_next()

    def look(self) -> None:
        """Between two blocks within an epoch: write what is due by the clock."""
        if self._scheduled and self._free and (self._waiting or self._clock() >= self._due):
            self._write_next()

    def news(self) -> Iterator[Event]:
        """What came of a write that is over."""
        if self._writer is not None and self._writer.done:
            yield from self._told(self._writer)

    def settle(self) -> Iterator[Event]:
        """What comes of the write under way, waiting for its end."""
        if self._writer is not None and self._writer.busy:
            yield from self._told(self._writer)

    def save(self) -> Iterator[Event]:
        """Somebody wants the state as it is now written."""
        if self._writer is None:
            return
        yield from self.settle()
        state = self._copy()
        if self._stands(state):
            yield Noted(text=f"step {state.step:,} is saved already")
        else:
            self._begin(state)

    def pause(self) -> Iterator[Event]:
        """The run holds, for a second or for a week: write the state as it is now."""
        if not self._scheduled:
            return
        state = self._copy()
        yield from self.flush(state.step)
        if not self._stands(state):
            self._begin(state)

    def flush(self, step: int) -> Iterator[Event]:
        """Write what waits, unless it is the state after `step`, which is written next."""
        yield from self.settle()
        if self._waiting and self._waiting.step != step:
            self._begin(self._waiting)
            yield from self.settle()

    def finish(self) -> Iterator[Event]:
        """The run is over: write the state it has come to."""
        if self._writer is None:
            return
        yield from self.settle()
        final = self._copy()
        if not self._stands(final):
            self._begin(final)
            yield from self.settle()

    def close(self) -> None:
        """Wait for what is being written, and let go of the run; idempotent."""
        # The copier is the trainer's own: in that circle an ended run would hold its tensors until
        # the collector comes by, and the next run needs their memory.
        self._copy = _over
        if self._writer is not None:
            self._writer.close()

    def _write_next(self) -> None:
        state = self._waiting or self._copy()
        if not self._stands(state):
            self._begin(state)

    def _stands(self, state: State) -> bool:
        """Whether this is the latest state that was written, or is being written."""
        return state.rest == self._latest[1]

    def _begin(self, state: State) -> None:
        if self._writer is None:
            return
        if self._waiting is not None and self._waiting.rest == state.rest:
            self._waiting = None
        self._writing = state
        # A best state that waited may be older than one that was asked for meanwhile.
        if state.step >= self._latest[0]:
            self._latest = state.step, state.rest
        now = self._clock()
        self._due = now + self._every
        self._not_before = now + min(MOMENT, self._every)
        self._writer.begin(state)

    def _told(self, writer: Writer) -> Iterator[Event]:
        state, self._writing = self._writing, None
        try:
            event = writer.take()
        except OSError as error:
            self._latest = _NONE
            self._not_before = self._clock() + RETRY
            if state is not None and state.best and self._waiting is None:
                self._waiting = state
            text = _unwritten(self._directory, error)
            yield Noted(text=text, level="error", about="checkpoint")
            return
        self._kept = worth_keeping([*self._kept, event])
        yield event
        if self._directory:
            forget(self._directory, self._kept)  # only now is the newest in the log


def _unwritten(directory: Path | None, error: OSError) -> str:
    why = error.strerror or str(error)
    return f"the checkpoint could not be written to {directory}: {why}"


def _over() -> State:
    raise RuntimeError("the run is over: there is no state to copy")
