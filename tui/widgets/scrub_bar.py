"""Where a replay stands: whether it plays, how fast, and a bar with the playhead."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Unpack

from textual.geometry import Size
from textual.strip import Strip

from tui.charts.fields import Field, fit
from tui.replay.scrub import Scrub
from tui.widgets.strips import Run, StripView, ViewOptions

_BAR = 16
"""Cells of the bar that words give way to."""
_SIGN, _NAME, _SPEED = 100, 55, 80
_BEFORE = (_SIGN, _NAME, _SPEED)
"""How important the words are that stand before the bar."""


class ScrubBar(StripView):
    """One line; takes no room where nothing is replayed."""

    DEFAULT_CSS = "ScrubBar { height: 1; &.blank { display: none; } }"

    def __init__(self, **options: Unpack[ViewOptions]) -> None:
        super().__init__(**options)
        self._scrub: Scrub | None = None
        self.add_class("blank")

    def tell(self, scrub: Scrub | None) -> None:
        """Show this state of a replay, or nothing."""
        if scrub != self._scrub:
            self._scrub = scrub
            self.set_class(scrub is None, "blank")
            self.redraw()

    def prepare(self, size: Size) -> Sequence[Strip]:
        """The line for this width: the bar takes what the words leave."""
        if self._scrub is None:
            return ()
        head, tail = _words(self._scrub, self._plain, size.width - _BAR - 3)
        room = size.width - 3 - sum(len(text) + 1 for text, _ in (*head, *tail))
        parts: list[Run] = [(" ", "text")]
        for text, role in head:
            parts += [(f"{text} ", role)]
        parts += _bar(self._scrub.share, max(1, room), self._plain)
        for text, role in tail:
            parts += [(f" {text}", role)]
        return [self.strip(*parts)]


def _words(scrub: Scrub, plain: bool, width: int) -> tuple[list[Run], list[Run]]:
    """What stands before the bar and behind it, the more important first to stay."""
    played, held = (">", "=") if plain else ("▶", "‖")
    sign: Run = (played, "good") if scrub.playing else (held, "warning")
    speed = speed_words(scrub.speed)
    items: list[tuple[int, Run]] = [
        (_SIGN, sign),
        (_NAME, ("replay", "strong")),
        (_SPEED, (speed.replace("×", "x") if plain else speed, "strong")),
        (90, (times(scrub.moment, scrub.total), "text")),
        (40, (f"{scrub.share:4.0%}", "muted")),
        (70, _state(scrub)),
        (60, (f"{scrub.damaged:,} lost", "alert") if scrub.damaged else ("", "text")),
        (65, ("cannot be read on", "alert") if scrub.trouble else ("", "text")),
    ]
    said = [item for item in items if item[1][0]]
    fields = [Field("", len(text), priority) for priority, (text, _) in said]
    kept = {index for index, _ in fit(fields, width, gap=1)}
    parts = [(priority, run) for i, (priority, run) in enumerate(said) if i in kept]
    before = [run for priority, run in parts if priority in _BEFORE]
    return before, [run for priority, run in parts if priority not in _BEFORE]


def _state(scrub: Scrub) -> Run:
    if not math.isnan(scrub.reading):
        return f"reading {scrub.reading:.0%}", "warning"
    return (
        ("live", "good" if scrub.at_end and scrub.playing else "muted") if scrub.live else ("", "")
    )


def times(moment: float, total: float) -> str:
    """So far into a run of such a length, as a player shows it: 12.5/45.0 s, 3:07/12:00."""
    if total < 60:
        return f"{moment:4.1f}/{total:.1f} s"
    spelled = _clock(total)
    return f"{_clock(moment).rjust(len(spelled))}/{spelled}"


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def speed_words(speed: float) -> str:
    """A speed as people read it."""
    return f"{speed:g}×" if math.isfinite(speed) else "max"


def _bar(share: float, width: int, plain: bool) -> list[Run]:
    """What lies behind the playhead, the playhead, what lies before it."""
    at = min(width - 1, round(share * (width - 1)))
    past, head, rest = ("=", "#", "-") if plain else ("━", "●", "─")
    return [(past * at, "good"), (head, "strong"), (rest * (width - 1 - at), "faint")]
