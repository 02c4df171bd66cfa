"""What the log's line shows: the run's newest line, or the answer to a key that came after it."""

from __future__ import annotations

from collections.abc import Callable

from engine.events import Level
from engine.text import clean
from tui.run_view import LogLine, RunView

Note = tuple[str, Level]


def newest_note(view: RunView) -> Note:
    """The run's own newest line, fit for a terminal."""
    return (clean(view.log[-1].text, 300), view.log[-1].level) if view.log else ("", "info")


class LastSaid:
    """Remembers which line of which run was there when a key was answered.

    The line itself is remembered, not how many there are: a log is kept to a length.
    """

    def __init__(self) -> None:
        self._note: Note = ("", "info")
        self._heard: tuple[str, LogLine | None] = ("", None)

    def answer(self, note: Note, view: RunView) -> None:
        """Show this from now on, until the run says something new."""
        self._note = note
        self._heard = _newest(view)

    def note(self, view: RunView, read: Callable[[RunView], Note] = newest_note) -> Note:
        """What to show now; `read` puts a new line of the run into words."""
        if self._heard != _newest(view):
            self.answer(read(view), view)
        return self._note


def _newest(view: RunView) -> tuple[str, LogLine | None]:
    return view.run_id, view.log[-1] if view.log else None
