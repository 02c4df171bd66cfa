"""A widget made of prepared rows, of which only what changed goes over the line."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest
from typing import TypedDict

from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual import events
from textual.geometry import Region, Size
from textual.strip import Strip
from textual.widget import Widget

from tui.capabilities import FULL, Capabilities
from tui.theme import role_style

Line = Strip | Text
Run = tuple[str, str]
"""A piece of text and the role whose colour it has."""


class ViewOptions(TypedDict, total=False):
    """What every view can be made with: the terminal, and Textual's own names for a widget."""

    capabilities: Capabilities
    name: str | None
    id: str | None
    classes: str | None


class StripView(Widget):
    """Shows rows. A subclass prepares them for a size; `show` takes them ready-made.

    A redraw compares the new rows with those on screen and refreshes the cells between the first
    and the last difference of each row, nothing else. Text is never parsed for markup.
    """

    def __init__(
        self,
        *,
        capabilities: Capabilities = FULL,
        name: str | None = None,
        id: str | None = None,  # noqa: A002  (Textual's own name for it)
        classes: str | None = None,
    ) -> None:
        super().__init__(name=name, id=id, classes=classes)
        self._capabilities = capabilities
        self._plain = not capabilities.unicode
        self._given: Sequence[Line] = ()
        self._rows: list[Strip] = []
        self._styles: dict[str, Style] = {}
        self._painted: dict[int, Strip] = {}
        self._paint = Style()

    def show(self, lines: Sequence[Line]) -> None:
        """Show these rows, cut to the widget."""
        self._given = lines
        self.redraw()

    def prepare(self, size: Size) -> Sequence[Line]:
        """The rows for a content area of this size."""
        return self._given

    def role(self, name: str) -> Style:
        """The style of a role under the theme in use."""
        style = self._styles.get(name)
        if style is None:
            variables, dark = self.app.theme_variables, self.app.current_theme.dark
            style = self._styles[name] = role_style(name, variables, dark)
        return style

    def strip(self, *runs: Run) -> Strip:
        """A row of pieces of text, each in its role's colour; neighbours of one role merge."""
        return Strip(_merged([Segment(text, self.role(role)) for text, role in runs if text]))

    def redraw(self) -> None:
        """Prepare the rows again and refresh what differs."""
        size = self.content_size
        if not self.is_attached or not size:
            return
        rows = [self._row(line, size.width) for line in self.prepare(size)[: size.height]]
        changed = changed_regions(self._rows, rows, size.width)
        self._rows = rows
        for region in changed:
            self._painted.pop(region.y, None)
        if changed:
            self.refresh(*changed)

    def render_line(self, y: int) -> Strip:
        """The prepared row y on the widget's own background."""
        paint = self.rich_style
        if paint != self._paint:
            self._paint = paint
            self._painted.clear()
        strip = self._painted.get(y)
        if strip is None:
            row = self._rows[y] if y < len(self._rows) else Strip([])
            strip = self._painted[y] = row.apply_style(paint)
        return strip

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """As many rows as there are to show, at least one."""
        return max(1, len(self.prepare(Size(width, viewport.height))))

    def on_mount(self) -> None:
        """Take up new colours when the theme changes."""
        self.app.theme_changed_signal.subscribe(self, lambda _: self._recolor())

    def on_unmount(self) -> None:
        """A signal keeps who listens, and with it all that is shown here."""
        self.app.theme_changed_signal.unsubscribe(self)

    def on_resize(self, _: events.Resize) -> None:
        """Prepare the rows for the new size."""
        self.redraw()

    def _row(self, line: Line, width: int) -> Strip:
        if isinstance(line, Text):
            first = line.split(allow_blank=True)[0]
            line = Strip(_merged(list(first.render(self.app.console, end=""))))
        return line.crop(0, width) if line.cell_length > width else line

    def _recolor(self) -> None:
        self._styles.clear()
        self._painted.clear()
        self.redraw()
        self.refresh()


def changed_regions(before: Sequence[Strip], after: Sequence[Strip], width: int) -> list[Region]:
    """The cells to draw again, for each row that differs the span from first to last change."""
    regions = []
    for y, (old, new) in enumerate(zip_longest(before, after, fillvalue=Strip([]))):
        if old is not new and old != new:
            start, stop = _span(list(old), list(new), width)
            if stop > start:
                regions.append(Region(start, y, stop - start, 1))
    return regions


def _span(old: list[Segment], new: list[Segment], width: int) -> tuple[int, int]:
    """The columns in which two rows differ, of rows cut to `width` cells."""
    longest = max(_cells(old), _cells(new))
    start = _shared(old, new)
    # From the right both must be equally wide, or else the end itself has changed.
    same_width = _cells(old) == _cells(new)
    end = longest - (_shared(old, new, reverse=True) if same_width else 0)
    return min(start, width), min(max(end, start), width)


def _shared(old: list[Segment], new: list[Segment], reverse: bool = False) -> int:
    """How many cells at the start (or at the end) look the same."""
    step = -1 if reverse else 1
    cells = 0
    for one, other in zip(old[::step], new[::step], strict=False):
        if one == other:
            cells += one.cell_length
            continue
        if one.style == other.style and _narrow(one) and _narrow(other):
            for a, b in zip(one.text[::step], other.text[::step], strict=False):
                if a != b:
                    break
                cells += 1
        break
    return cells


def _narrow(segment: Segment) -> bool:
    return segment.cell_length == len(segment.text)


def _cells(segments: list[Segment]) -> int:
    return sum(segment.cell_length for segment in segments)


def _merged(segments: list[Segment]) -> list[Segment]:
    """Fewer colour changes: blanks take the style before them, equal neighbours become one.

    Only the foreground may be lent so: a style with a background or a line shows on a blank.
    """
    merged: list[Segment] = []
    for segment in segments:
        if merged:
            text, style, _ = merged[-1]
            blank = segment.text.isspace() and _invisible(style) and _invisible(segment.style)
            if style == segment.style or blank:
                merged[-1] = Segment(text + segment.text, style)
                continue
        merged.append(segment)
    return merged


def _invisible(style: Style | None) -> bool:
    """Whether a blank in this style looks like one without."""
    return style is None or not (
        style.bgcolor or style.reverse or style.underline or style.strike or style.overline
    )
