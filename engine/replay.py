"""A recorded run on a line of time: its events from any place on, also while it still grows.

Read only, without tensors, and without keeping events: what is kept is a mark every few thousand.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from operator import le
from pathlib import Path
from typing import NamedTuple

from engine import events
from engine.errors import BadInput
from engine.events import AnyEvent
from engine.store import catalogue
from engine.store.last_words import last_words
from engine.store.layout import LOG
from engine.store.reader import Damage, Follower, Place
from engine.store.record import is_being_written

LONGEST_GAP, LONGEST_REST = 60.0, 1.0
"""Seconds that a silence counts for at most: of a run that works, of one that holds or ended."""
_TICK = 1e-6  # seconds between two events of the same time, so that each has a moment of its own
_EVENTS, _BYTES = 4096, 1 << 20  # between two marks: some 10 ms of reading


class Moment(NamedTuple):
    """Where a run stands in time: seconds since its first event, silences cut short.

    `time` is that of the newest event (negative before the first), `resting` whether the run
    holds or has ended.
    """

    elapsed: float = 0.0
    time: float = -1.0
    resting: bool = False


class Spot(NamedTuple):
    """A place between two lines of the logs; past them all, what was kept beside them was told."""

    log: int = 0
    place: Place = Place(0, 0)


class Mark(NamedTuple):
    """Where reading can begin again: after the first `at` events."""

    at: int
    moment: Moment
    spot: Spot


def moments(batch: Sequence[AnyEvent], before: Moment) -> list[Moment]:
    """The moment of each event, in order; clocks set back or forth are evened out."""
    found = []
    for event in batch:
        begins = type(event) is events.RunStarted
        longest = LONGEST_REST if before.resting or begins else LONGEST_GAP
        gap = min(max(0.0, event.time - before.time), longest) + _TICK
        elapsed = before.elapsed + gap if before.time >= 0 else 0.0
        before = Moment(elapsed, max(0.0, event.time), _rests(event, before.resting))
        found.append(before)
    return found


def moment_after(batch: Sequence[AnyEvent], before: Moment) -> Moment:
    """The last of `moments`, sooner where nothing out of the ordinary happens."""
    if before.resting or before.time < 0 or not _TURNS.isdisjoint(map(type, batch)):
        return moments(batch, before)[-1] if batch else before
    times = [before.time, *[event.time for event in batch]]
    if times[-1] - times[0] > LONGEST_GAP or not all(map(le, times, times[1:])):
        return moments(batch, before)[-1]
    return Moment(before.elapsed + times[-1] - times[0] + _TICK * len(batch), times[-1])


_TURNS = frozenset((events.RunStarted, events.RunFinished, events.ControlApplied))


def _rests(event: AnyEvent, before: bool) -> bool:
    match event:
        case events.ControlApplied(what="pause" | "resume"):
            return event.after == "paused"
        case events.RunStarted():
            return False
        case events.RunFinished():
            return True
    return before


class Reading:
    """Reads the logs of a run and of those it goes on from, as one, from a spot on.

    `kept` is told behind them. `trouble` says why reading stopped where that was not the end.
    """

    def __init__(self, logs: Sequence[Path], spot: Spot, kept: Sequence[AnyEvent] = ()) -> None:
        self._logs, self._kept = logs, kept
        self._log, self._place = spot
        self._follower: Follower | None = None
        self.damage: list[Damage] = []
        self.trouble = ""
        self.caught_up = False

    @property
    def spot(self) -> Spot:
        """Where the next event will come from."""
        return Spot(self._log, self._follower.place if self._follower else self._place)

    def chunk(self) -> list[AnyEvent]:
        """Some of the next events; none when all that is there has been read."""
        found: list[AnyEvent] = []
        try:
            while not (found or self.trouble):
                found = self._next()
                if self.caught_up:
                    break
        except OSError as error:
            self.trouble = f"the record cannot be read: {error.strerror}"
            self.caught_up = True
        return found

    def finish(self) -> None:
        """Nothing more will be written to the last log."""
        if self._follower:
            self._follower.finish()

    def close(self) -> None:
        """Let the file go; idempotent."""
        if self._follower:
            self._place = self._follower.place
            self._follower.close()
            self._follower = None

    def _next(self) -> list[AnyEvent]:
        """What the present log has next; at its end, the next log is opened."""
        if self._log == len(self._logs):
            self.caught_up = True
            return []
        if self._follower is None:
            self._follower = Follower(self._logs[self._log], self._place)
            self.damage.append(self._follower.damage)
        found = self._follower.chunk()
        last = self._log == len(self._logs) - 1
        self.caught_up = self._follower.caught_up and last
        if self._follower.caught_up and not last:
            self._follower.finish()
            self._turn()
        elif self.caught_up and not found and self._kept:
            self._turn()
            return list(self._kept)
        return found

    def _turn(self) -> None:
        """On to the next log."""
        self.close()
        self._log, self._place = self._log + 1, Place(0, 0)


class Recording:
    """The logs in these directories, the oldest first, read once from end to end and marked.

    `count` events have been read so far, the newest at `moment`. From `marks` they can be read
    again; `epochs` counts the events up to the end of each epoch. `complete` says that all was
    read and nothing more will come.
    """

    def __init__(
        self,
        directories: Sequence[Path],
        being_written: Callable[[Path], bool] = is_being_written,
    ) -> None:
        self._directories = directories
        self._logs = [directory / LOG for directory in directories]
        self._being_written = being_written
        self._kept: list[AnyEvent] = []
        self._front = Reading(self._logs, Spot(), self._kept)
        self._ended = self._finished = False
        self.count = 0
        self.moment = Moment()
        self.marks: list[Mark] = []
        self.epochs = array("q")
        self.complete = False

    @property
    def caught_up(self) -> bool:
        """Whether all that is there has been read."""
        return self._front.caught_up

    @property
    def trouble(self) -> str:
        """Why it could not be read on; "" when it could."""
        return self._front.trouble

    @property
    def damaged(self) -> int:
        """How many events were written and cannot be read."""
        return sum(told.lost for told in self._front.damage)

    @property
    def share(self) -> float:
        """How much of what is there has been read, in [0, 1]."""
        spot = self._front.spot
        sizes = [log.stat().st_size if log.exists() else 0 for log in self._logs]
        done = sum(sizes[: spot.log]) + spot.place.offset
        return min(1.0, done / sum(sizes)) if sum(sizes) else 1.0

    @property
    def newest(self) -> Mark:
        """Where the next event will come from."""
        return Mark(self.count, self.moment, self._front.spot)

    def read(self) -> list[AnyEvent]:
        """The next events, some thousand at most; before them, a mark is set when one is due."""
        mark = self.newest
        found = self._front.chunk()
        if found:
            if self._due(mark):
                self.marks.append(mark)
            self._count(found)
        elif self._ended and not self.complete:
            self._front.finish()
            found = self._last_words()
            self.complete = not found
        return found

    def look(self) -> None:
        """See whether anybody still writes; worth asking now and then once all was read."""
        try:
            self._ended = self._ended or not self._being_written(self._directories[-1])
        except OSError:
            self._ended = True

    def again(self, mark: Mark) -> Reading:
        """Reads from a mark on."""
        return Reading(self._logs, mark.spot, self._kept)

    def close(self) -> None:
        """Let the files go; idempotent."""
        self._front.close()

    def _last_words(self) -> list[AnyEvent]:
        """How the run ended, where its log had no room left for it."""
        told = None if self._finished or self.trouble else last_words(self._directories[-1])
        if told is None:
            return []
        self._kept.append(told)
        found = self._front.chunk()
        self._count(found)
        return found

    def _count(self, found: Sequence[AnyEvent]) -> None:
        kinds = set(map(type, found))
        if events.EpochFinished in kinds:
            ends = (i for i, e in enumerate(found, 1) if type(e) is events.EpochFinished)
            self.epochs.extend(self.count + i for i in ends)
        self.count += len(found)
        self._finished = type(found[-1]) is events.RunFinished
        self.moment = moment_after(found, self.moment)

    def _due(self, mark: Mark) -> bool:
        if not self.marks:
            return True
        last = self.marks[-1]
        if mark.at - last.at >= _EVENTS or mark.spot.log != last.spot.log:
            return True
        return mark.spot.place.offset - last.spot.place.offset >= _BYTES


def recording(runs: Path, run_id: str) -> Recording:
    """The record of a run, with all that it goes on from.

    Raises:
        BadInput: when there is no such run, or it has no record that can be read.
    """
    directories = catalogue.lineage(runs, run_id)
    if not directories:
        raise BadInput(f"there is no run {run_id} in {runs}")
    return Recording(directories)
