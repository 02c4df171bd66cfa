"""What the list of runs asks of the shelf, done in the background and told in sentences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from engine.errors import BadInput
from engine.events import Level
from engine.store.catalogue import Entry
from engine.text import clean
from tui.run_view import RunView
from tui.runs.desk import Desk, Then, sentence
from tui.runs.listing import size_words
from tui.runs.shelf import Reading, Shelf

Curves = Sequence[tuple[RunView, str]]
"""Runs' curves, with the labels of the runs ("" without)."""


class Listener(Protocol):
    """Who is told, on the screen's own thread."""

    def take(self, reading: Reading) -> None:
        """The list as it is now, or as far as it was read."""

    def say(self, text: str, level: Level = "info") -> None:
        """A sentence for the log's line."""

    def overlay(self, curves: Curves, told: str, level: Level) -> None:
        """The curves that were asked for, and what is to be said with them."""


class Keeper:
    """Reads, deletes, describes and fetches curves; nothing here blocks."""

    def __init__(self, shelf: Shelf, desk: Desk, listener: Listener) -> None:
        self._shelf, self._desk, self._listener = shelf, desk, listener
        self._reading = False

    def refresh(self) -> None:
        """Read the list again, unless that is under way."""
        if not self._reading:
            self._reading = True
            self._desk.ask(self._read, self._unread)

    def delete(self, runs: Sequence[Entry]) -> None:
        """Delete these runs, as many of them as can be."""

        def job() -> Then:
            gone, left = [], []
            for run in runs:
                try:
                    self._shelf.remove(run.run_id)
                    gone.append(run)
                except (BadInput, OSError) as error:
                    left.append(sentence(error))
            return lambda: self._deleted(gone, left)

        self._listener.say(f"deleting {_counted(runs)}…")
        self._desk.ask(job, self._failed)

    def describe(
        self,
        run_id: str,
        taken: Callable[[], None],
        refused: Callable[[str], None],
        *,
        label: str | None = None,
        note: str | None = None,
    ) -> None:
        """Give a run another label or note."""

        def job() -> Then:
            self._shelf.describe(run_id, label=label, note=note)
            return done

        def done() -> None:
            taken()
            self.refresh()

        self._desk.ask(job, refused)

    def fetch(self, runs: Sequence[Entry]) -> None:
        """Read these runs' curves."""

        def job() -> Then:
            found, missing = [], []
            for run in runs:
                try:
                    view = self._shelf.curves(run.run_id, lambda: self._desk.closed)
                    found.append((view, clean(run.about.label, 40)))
                except (BadInput, OSError) as error:
                    missing.append(sentence(error))
            return lambda: self._fetched(found, missing)

        self._listener.say(f"reading the curves of {_counted(runs)}…")
        self._desk.ask(job, self._failed)

    def _read(self) -> Then | None:
        for reading in self._shelf.readings():
            if self._desk.closed:
                return None
            self._desk.tell(lambda reading=reading: self._listener.take(reading))  # type: ignore[misc]
        return self._read_all

    def _read_all(self) -> None:
        self._reading = False

    def _unread(self, why: str) -> None:
        self._reading = False
        self._listener.take(Reading(whole=True))
        self._failed(why)

    def _deleted(self, gone: Sequence[Entry], left: Sequence[str]) -> None:
        size = size_words(sum(run.size for run in gone))
        told = [f"deleted {_counted(gone)} ({size})"] if gone else []
        self._listener.say("; ".join((*told, *left)), "warning" if left else "info")
        self.refresh()

    def _fetched(self, found: Curves, missing: Sequence[str]) -> None:
        if not found:
            self._failed("; ".join(missing))
            return
        count = "1 run is" if len(found) == 1 else f"{len(found)} runs are"
        told = "; ".join((f"{count} behind the one on screen", *missing))
        self._listener.overlay(found, told, "warning" if missing else "info")

    def _failed(self, why: str) -> None:
        self._listener.say(why, "warning")


def _counted(runs: Sequence[Entry]) -> str:
    return f"run {runs[0].name}" if len(runs) == 1 else f"{len(runs)} runs"
