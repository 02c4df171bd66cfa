"""The runs of a directory as the screen's list holds them, kept up to date at little cost."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from engine.errors import BadInput
from engine.store import catalogue
from engine.store.catalogue import Entry
from engine.text import clean
from tui.run_view import RunView
from tui.runs.curves import curves_of
from tui.runs.listing import Row, ago, everything, row

_NEWS_EVERY = 0.15
"""Seconds of reading after which what was read so far is told."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A run, its line in the list, and the words it is found by."""

    entry: Entry
    row: Row
    words: str


@dataclass(frozen=True, slots=True)
class Reading:
    """The runs read so far, the newest first, of `total`."""

    runs: tuple[Listed, ...] = ()
    total: int = 0
    whole: bool = False


class Shelf(Protocol):
    """Where recorded runs stand; every call may take its time."""

    place: Path

    def readings(self) -> Iterator[Reading]:
        """The runs as they are now, the first of them before the last are read."""

    def remove(self, run_id: str) -> None:
        """Delete a run; raises BadInput or OSError."""

    def describe(self, run_id: str, *, label: str | None, note: str | None) -> None:
        """Give a run another label or note; raises BadInput or OSError."""

    def curves(self, run_id: str, given_up: Callable[[], bool]) -> RunView:
        """A run's loss and accuracy; raises BadInput or OSError."""


class DiskShelf:
    """The shelf that is a directory. Only what has changed since the last reading is read again.

    A run that nobody writes changes by its files being replaced, which its directory's time tells.
    """

    def __init__(
        self,
        place: Path,
        *,
        now: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.place = place
        self._now, self._clock = now, clock
        self._known: dict[str, tuple[int, Listed]] = {}

    def readings(self) -> Iterator[Reading]:
        """The runs as they are now.

        Raises:
            BadInput: when the directory is gone, or cannot be read.
        """
        try:
            next(self.place.iterdir(), None)
        except OSError as error:
            place = clean(str(self.place), 500)
            raise BadInput(f"the runs in {place} cannot be read: {error.strerror}") from error
        ids = catalogue.run_ids(self.place)
        self._known = {i: self._known[i] for i in ids if i in self._known}
        afresh = not self._known
        found: list[Listed] = []
        told = self._clock()
        for run_id in ids:
            if one := self._one(run_id):
                found.append(one)
            if afresh and self._clock() - told > _NEWS_EVERY:
                yield Reading(tuple(found), len(ids))
                told = self._clock()
        yield Reading(tuple(self._linked(found)), len(ids), whole=True)

    def remove(self, run_id: str) -> None:
        """Delete a run.

        Raises:
            BadInput: when there is no such run, or it is under way.
            OSError: when it cannot be deleted.
        """
        catalogue.remove(self.place, run_id)

    def describe(self, run_id: str, *, label: str | None, note: str | None) -> None:
        """Give a run another label or note.

        Raises:
            BadInput: when there is no such run, or the text does not fit.
            OSError: when it cannot be kept.
        """
        directory = catalogue.entry(self.place, run_id).directory
        catalogue.describe(directory, label=label, note=note)

    def curves(self, run_id: str, given_up: Callable[[], bool]) -> RunView:
        """A run's loss and accuracy, with those of the runs that it has gone on from.

        Raises:
            BadInput: when it has none that can be drawn.
            OSError: when its record cannot be read.
        """
        return curves_of(self.place, run_id, given_up)

    def _one(self, run_id: str) -> Listed | None:
        try:
            stamp = (self.place / run_id).lstat().st_mtime_ns
            known = self._known.get(run_id)
            if known and known[0] == stamp and not known[1].entry.live:
                return known[1]
            entry = catalogue.entry(self.place, run_id)
        except (OSError, BadInput):
            return None  # it went away while we looked, or it never was a run
        one = listed(entry, self._now())
        self._known[run_id] = (stamp, one)
        return one

    def _linked(self, found: list[Listed]) -> Iterator[Listed]:
        """The runs in their order, each with those that go on from it and the time as it is now."""
        now = self._now()
        known = {one.entry.run_id: one for one in found}
        for entry in catalogue.linked(one.entry for one in found):
            one = known[entry.run_id]
            if entry.continued_by != one.entry.continued_by:
                one = listed(entry, now)
                self._known[entry.run_id] = (self._known[entry.run_id][0], one)
            started = entry.summary.started
            when = ago(now - started) if started else ""
            yield one if when == one.row.when else replace(one, row=replace(one.row, when=when))


def listed(entry: Entry, now: float) -> Listed:
    """A run as the list holds it; `now` is in seconds since the epoch."""
    return Listed(entry, row(entry, now), everything(entry))
