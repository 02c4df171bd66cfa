"""The list of runs as somebody goes through it: what is shown, marked and under the cursor.

Pure: no screen, no files, no clock.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from engine.store.catalogue import Entry
from tui.runs.listing import found_by
from tui.runs.shelf import Listed, Reading


@dataclass(frozen=True, slots=True)
class Browser:
    """A value: every key gives another one. `marks` are ids; `at` is the place of the cursor."""

    reading: Reading = field(default_factory=Reading)
    typed: str = ""
    marks: frozenset[str] = frozenset()
    at: int = 0

    @property
    def shown(self) -> list[Listed]:
        """The runs that are found by what was typed."""
        words = self.typed.lower().split()
        return [one for one in self.reading.runs if found_by(words, one.words)]

    @property
    def current(self) -> Entry | None:
        """The run under the cursor."""
        shown = self.shown
        return shown[min(self.at, len(shown) - 1)].entry if shown else None

    @property
    def marked(self) -> list[Entry]:
        """The marked runs, in the list's order, whether or not they are found now."""
        return [one.entry for one in self.reading.runs if one.entry.run_id in self.marks]

    @property
    def chosen(self) -> list[Entry]:
        """The marked runs, else the one under the cursor."""
        current = self.current
        return self.marked or ([current] if current else [])

    def renewed(self, reading: Reading) -> Browser:
        """The list as it is now; the cursor stays on its run, and marks go with theirs."""
        current = self.current
        ids = {one.entry.run_id for one in reading.runs}
        marks = self.marks & ids if reading.whole else self.marks
        after = replace(self, reading=reading, marks=marks)
        return after.on(current.run_id) if current else after

    def on(self, run_id: str) -> Browser:
        """The cursor on this run; where it is not shown, in the same place as before."""
        shown = self.shown
        places = [i for i, one in enumerate(shown) if one.entry.run_id == run_id]
        at = places[0] if places else min(self.at, max(0, len(shown) - 1))
        return replace(self, at=at)

    def narrowed(self, typed: str) -> Browser:
        """Another filter."""
        current = self.current
        after = replace(self, typed=typed)
        return after.on(current.run_id) if current else replace(after, at=0)

    def moved(self, at: int) -> Browser:
        """The cursor elsewhere."""
        return replace(self, at=max(0, min(at, len(self.shown) - 1)))

    def toggled(self) -> Browser:
        """The run under the cursor marked, or not any more; the cursor moves on."""
        current = self.current
        if current is None:
            return self
        return replace(self, marks=self.marks ^ {current.run_id}).moved(self.at + 1)

    def all_toggled(self) -> Browser:
        """Every run that is shown marked; where they all are, none at all."""
        shown = {one.entry.run_id for one in self.shown}
        return replace(self, marks=frozenset() if shown <= self.marks else self.marks | shown)
