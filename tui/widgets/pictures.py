"""Small pictures in a row or in rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Unpack

from textual.geometry import Size
from textual.strip import Strip

from tui.charts.halfblocks import Picture, draw_picture
from tui.charts.tiles import Drawing, draw_tiles, lines_wanted, tiled
from tui.widgets.pieces import PieceView, shading_for
from tui.widgets.strips import ViewOptions


class Pictures(PieceView):
    """A title, and pictures with captions as large as they all fit, or as many as can be read.

    Half-blocks where the terminal has at least 256 colours, otherwise shades of one.
    """

    DEFAULT_CSS = "Pictures { width: 1fr; height: 1fr; }"

    def __init__(self, **options: Unpack[ViewOptions]) -> None:
        super().__init__(**options)
        self._shading = shading_for(self._capabilities)
        self._title = ""
        self._pictures: tuple[Picture, ...] = ()
        self._first = 0
        self._drawn: dict[tuple[bytes, *tuple[int, ...]], Drawing] = {}

    @property
    def title(self) -> str:
        """What stands above the pictures."""
        return self._title

    @property
    def pictures(self) -> tuple[Picture, ...]:
        """What is shown."""
        return self._pictures

    def show_pictures(self, title: str, pictures: Sequence[Picture]) -> None:
        """Show these; title and captions are taken as they are, without control characters.

        The same again costs nothing, and a picture that stays is not computed again.
        """
        shown = tuple(pictures)
        if (title, shown) != (self._title, self._pictures):
            self._title, self._pictures = title, shown
            kept = {picture.pixels for picture in shown}
            self._drawn = {key: rows for key, rows in self._drawn.items() if key[0] in kept}
            self.redraw()

    def lines_wanted(self, width: int) -> int:
        """The lines, title and all, in which every picture can be read."""
        return 1 + lines_wanted(self._pictures, width)

    def scroll_rows(self, by: int) -> None:
        """Move by so many rows of pictures, as far as there are any out of sight."""
        size = self.content_size
        tiling = tiled(self._pictures, size.width, size.height - 1)
        if tiling:
            last = max(0, len(self._pictures) - tiling.room)
            last = -(-last // tiling.across) * tiling.across
            self._first = min(max(0, self._first + by * tiling.across), last)
            self.redraw()

    def prepare(self, size: Size) -> Sequence[Strip]:
        """The title and the rows of pictures."""
        if not self._pictures:
            return [self.strip((f" {self._title} ", "strong"), (" not shown yet", "muted"))]
        tiling = tiled(self._pictures, size.width, size.height - 1)
        if tiling is None:
            return [self.strip((f" {self._title} ", "strong"), (self._named(), "text"))]
        first = self._first - self._first % tiling.across
        first = first if first < len(self._pictures) else 0
        chosen = self._pictures[first : first + tiling.room]
        plain = self._shading == "ascii"
        lines = draw_tiles(chosen, tiling, self._draw, plain=plain)
        head = self.strip((f" {self._title} ", "strong"), (self._place(first, chosen), "muted"))
        return [head, *map(self.pieces, lines)]

    def _named(self) -> str:
        return " · ".join(picture.caption for picture in self._pictures)

    def _place(self, first: int, chosen: Sequence[Picture]) -> str:
        if len(chosen) == len(self._pictures):
            return ""
        return f" {first + 1}-{first + len(chosen)} of {len(self._pictures)}"

    def _draw(self, picture: Picture, width: int, height: int) -> Drawing:
        dark_ink = self._shading != "color" and not self.app.current_theme.dark
        source = picture.pixels, picture.width, picture.height, picture.channels
        key = (*source, width, height, dark_ink)
        if key not in self._drawn:
            drawn = draw_picture(picture, width, height, self._shading, dark_ink=dark_ink)
            self._drawn[key] = drawn
        return self._drawn[key]
