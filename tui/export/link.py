"""A record as a link: the same screen shows it, and nothing can be asked of it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import msgspec

from engine.controls import AnyControl
from engine.events import AnyEvent
from engine.link import News
from tui.coalesced import coalesced

_MANY = 4096


class RecordLink:
    """Meets `RunLink`: hands over some thousand events at a time until they are `exhausted`.

    `last` is said after them.
    """

    can_detach = False
    unread = 0.0

    def __init__(self, events: Iterator[AnyEvent], last: News | None = None) -> None:
        self.exhausted = False
        self._events = events
        self._last = last

    def drain(self, budget: float = 0.008) -> list[News]:
        """The next events."""
        if self.exhausted:
            return []
        found = list(islice(self._events, _MANY))
        self.exhausted = len(found) < _MANY
        told: list[News] = [*coalesced(found)]
        return [*told, self._last] if self.exhausted and self._last else told

    def start(
        self,
        config: msgspec.Struct,
        *,
        experiment: str = "train",
        continues: str = "",
        resume: bool = False,
    ) -> None:
        """Nothing runs here."""

    def send(self, control: AnyControl) -> None:
        """Nobody is asked."""

    def fetch(self, data: str) -> None:
        """Nothing is fetched."""

    def detach(self) -> None:
        """Nothing is left to itself."""

    def close(self) -> None:
        """Nothing runs that would end."""
