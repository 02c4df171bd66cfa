"""Seconds of training, without what is not training."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

Clock = Callable[[], float]


class Stopwatch:
    """Runs from its creation on; `clock` gives seconds."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._begin = clock()

    def seconds(self) -> float:
        """What has passed so far."""
        return self._clock() - self._begin

    @contextmanager
    def held(self) -> Iterator[None]:
        """Leave out what happens within."""
        begin = self._clock()
        try:
            yield
        finally:
            self._begin += self._clock() - begin
