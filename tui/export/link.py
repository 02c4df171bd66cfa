"""A record as a link: the same screen shows it, and nothing can be asked of it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from engine.events import AnyEvent
from engine.link import News
from tui.coalesced import coalesced
from tui.replay.no_link import NoLink

_MANY = 4096


class RecordLink(NoLink):
    """Hands over some thousand events at a time until they are `exhausted`; `last` follows them."""

    def __init__(self, events: Iterator[AnyEvent], last: News | None = None) -> None:
        super().__init__()
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
