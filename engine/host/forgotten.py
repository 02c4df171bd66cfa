"""When a run that holds has waited long enough for somebody to come back."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

PATIENCE = 3600.0
"""Seconds; by then its memory is worth more, and its checkpoint goes on exactly."""


class Forgotten:
    """Watches a run that nobody looks at; `clock` gives seconds."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._since: float | None = None
        self._told = 0

    def look(self, told: int, *, watched: bool) -> bool:
        """Whether nobody has looked, and none of its `told` events has come, for `PATIENCE`."""
        now = self._clock()
        if watched or self._since is None or told != self._told:
            self._since, self._told = None if watched else now, told
            return False
        return now - self._since >= PATIENCE
