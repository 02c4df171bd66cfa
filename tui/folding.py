"""What came from a file, folded: by the thousand, and whatever it says.

Pure: no screen, no tensors, no clock.
"""

from __future__ import annotations

from collections.abc import Sequence

from engine import events
from engine.events import AnyEvent
from engine.text import clean
from tui.coalesced import coalesced
from tui.run_view import RunView, fold

_CONTRADICTIONS = (ValueError, TypeError, KeyError, OverflowError)
"""What the fold raises where an event's own words do not fit together."""


def folded(batch: Sequence[AnyEvent], view: RunView) -> RunView:
    """`view` after these events, neighbours taken together where that makes no difference."""
    try:
        after = view
        for event in coalesced(batch):
            after = fold(event, after)
    except _CONTRADICTIONS:
        for event in batch:
            view = taken(event, view)
        return view
    return after


def taken(event: AnyEvent, view: RunView) -> RunView:
    """`view` after an event; one that contradicts itself is named in the log and left out."""
    try:
        return fold(event, view)
    except _CONTRADICTIONS as error:
        kind = type(event).__name__
        text = f"event {event.seq} ({kind}) was left out: {clean(str(error), 200)}"
        return fold(events.Noted(time=event.time, level="warning", text=text), view)
