"""Viewers of runs: links that are drained, or not, and what came."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from benchmarks.soak.audit import Eye
from engine.events import RunFinished, RunStarted
from engine.link import Lost, Refused
from engine.process_link import ProcessLink

PATIENCE = 120.0
_LOOK = 0.005


class StuckError(RuntimeError):
    """Something that had to come did not."""


class Viewer:
    """A link and what it has brought."""

    def __init__(self, link: ProcessLink) -> None:
        self.link = link
        self.eye = Eye()
        self.opened: list[str] = []
        self.finished: RunFinished | None = None
        self.lost = ""
        self.refused = ""

    def look(self) -> None:
        """Take what has come."""
        news = self.link.drain(0.05)
        self.eye.see(news)
        for item in news:
            if isinstance(item, RunStarted):
                self.opened.append(item.run_id)
                self.finished = None
            elif isinstance(item, RunFinished):
                self.finished = item
            elif isinstance(item, Lost):
                self.lost = item.text
            elif isinstance(item, Refused):
                self.refused = item.text

    def forget(self) -> None:
        """Forget what was seen, so that an hour of it takes no more room than a minute."""
        self.eye.seen.clear()
        self.opened.clear()
        self.finished = None
        self.refused = ""


def linger(viewers: Sequence[Viewer], seconds: float) -> None:
    """Look for so long."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for viewer in viewers:
            viewer.look()
        time.sleep(_LOOK)


def until(viewers: Sequence[Viewer], enough: Callable[[], object], what: str) -> None:
    """Look until it is enough.

    Raises:
        StuckError: when that takes far too long.
    """
    end = time.monotonic() + PATIENCE
    while not enough():
        for viewer in viewers:
            viewer.look()
        if time.monotonic() > end:
            raise StuckError(f"waited {PATIENCE:g} s for {what}")
        time.sleep(_LOOK)
