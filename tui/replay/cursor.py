"""The playhead's place in a recording: the view there, and the way on from it."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Sequence

from engine.events import AnyEvent
from engine.replay import Mark, Reading, moments
from tui.folding import folded
from tui.run_view import RunView


class Cursor:
    """A place before the newest event: after the first `at`, at `moment` seconds."""

    def __init__(self, mark: Mark, view: RunView, reading: Reading) -> None:
        self.at, self.moment, self.view = mark.at, mark.moment.elapsed, view
        self._reading = reading
        self._read = mark.moment
        self._events: Sequence[AnyEvent] = ()
        self._moments: list[float] = []
        self._dry = False

    @property
    def trouble(self) -> str:
        """Why the last try found nothing to read; "" where it found something."""
        if not self._dry:
            return ""
        return self._reading.trouble or "the record is shorter than it was"

    def go(self, more: Callable[[], bool], until: float = math.inf, at: int | None = None) -> None:
        """Take in the events up to a moment, or the first `at`, for as long as `more` says so."""
        while more():
            if not self._events and not self._fetch():
                return
            stop = bisect_right(self._moments, until)
            stop = stop if at is None else min(stop, at - self.at)
            self._take(stop)
            if self._events:
                return

    def close(self) -> None:
        """Let the files go; idempotent."""
        self._reading.close()

    def _fetch(self) -> bool:
        self._events = self._reading.chunk()
        found = moments(self._events, self._read)
        self._moments = [moment.elapsed for moment in found]
        self._read = found[-1] if found else self._read
        self._dry = not found
        return bool(found)

    def _take(self, count: int) -> None:
        if count <= 0:
            return
        self.view = folded(self._events[:count], self.view)
        self.at, self.moment = self.at + count, self._moments[count - 1]
        self._events, self._moments = self._events[count:], self._moments[count:]
