"""A list that is narrowed by typing: the keys that move in it while the filter has the focus."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from textual import events
from textual.widgets import OptionList


def move_in(options: OptionList, event: events.Key) -> None:
    """Let the arrows and paging keys move in `options`; other keys are left alone."""
    moves: dict[str, Callable[[], None]] = {
        "up": options.action_cursor_up,
        "down": options.action_cursor_down,
        "pageup": options.action_page_up,
        "pagedown": options.action_page_down,
    }
    if event.key in moves:
        with suppress(KeyError, IndexError):  # no page can be turned before its lines have places
            moves[event.key]()
        event.stop()
        event.prevent_default()
