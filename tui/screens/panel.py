"""The panel that says what came of a run, and the line of keys at the bottom."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Unpack

from textual.content import Content
from textual.geometry import Size
from textual.strip import Strip

from tui.keymap import ACTIONS, Action, Situation, footer
from tui.status import Notice
from tui.widgets.strips import Run, StripView, ViewOptions

_BAR_CELLS = 32


class Panel(StripView):
    """A heading and sentences, wrapped; takes no room when there is nothing to say."""

    DEFAULT_CSS = "Panel { height: auto; &.blank { display: none; } }"

    def __init__(self, **options: Unpack[ViewOptions]) -> None:
        super().__init__(**options)
        self._notice: Notice | None = None
        self._brief = False
        self.add_class("blank")

    def tell(self, notice: Notice | None, *, brief: bool = False) -> None:
        """Say this, or nothing; briefly where the header and the log have to say the rest."""
        if (notice, brief) == (self._notice, self._brief):
            return
        self._notice, self._brief = notice, brief
        self.set_class(notice is None, "blank")
        self.redraw()
        self.refresh(layout=True)

    def prepare(self, size: Size) -> Sequence[Strip]:
        """The notice wrapped to the width."""
        notice = self._notice
        if notice is None:
            return ()
        if self._brief and notice.brief:
            return [self.strip((row, notice.tone)) for row in _wrapped(notice.brief, size.width)]
        head = [self.strip((notice.heading, notice.tone))]
        if notice.share == notice.share:  # not NaN
            head.append(self._bar(notice.share, size.width))
        rows = [row for line in notice.lines for row in _wrapped(line, size.width)]
        return [*head, *(self.strip((row, "text")) for row in rows)]

    def _bar(self, share: float, width: int) -> Strip:
        cells = min(_BAR_CELLS, max(4, width - 6))
        done = round(max(0.0, min(1.0, share)) * cells)
        percent = f" {share:4.0%}"
        return self.strip(("━" * done, "good"), ("─" * (cells - done), "faint"), (percent, "text"))


def _wrapped(text: str, width: int) -> list[str]:
    """Rows of at most so many cells, which wide characters take two of."""
    return [line.plain.rstrip() for line in Content(text).wrap(max(8, width))]


class KeyLine(StripView):
    """The keys that make sense now, as many as fit."""

    DEFAULT_CSS = "KeyLine { height: 1; }"

    def __init__(self, actions: Sequence[Action] = ACTIONS, **options: Unpack[ViewOptions]) -> None:
        super().__init__(**options)
        self._actions = actions
        self._now = Situation()

    def tell(self, now: Situation) -> None:
        """Offer what makes sense in this situation."""
        if now != self._now:
            self._now = now
            self.redraw()

    def prepare(self, size: Size) -> Sequence[Strip]:
        """One row."""
        pairs = footer(self._now, size.width, self._actions)
        runs = [part for key, label in pairs for part in ((key, "loss"), (f" {label}  ", "muted"))]
        return [self.strip(*runs)]


class Title(StripView):
    """One line of coloured pieces; takes no room while it is empty."""

    DEFAULT_CSS = "Title { height: 1; &.blank { display: none; } }"

    def __init__(self, **options: Unpack[ViewOptions]) -> None:
        super().__init__(**options)
        self._runs: list[Run] = []
        self.add_class("blank")

    def tell(self, runs: list[Run]) -> None:
        """Show these pieces of text."""
        if runs != self._runs:
            self._runs = runs
            self.set_class(not runs, "blank")
            self.redraw()

    def prepare(self, size: Size) -> Sequence[Strip]:
        """The one row."""
        return [self.strip(*self._runs)]
