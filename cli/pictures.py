"""Small pictures on standard output."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from rich.console import Console, ConsoleOptions
from rich.style import Style
from rich.text import Text

from tui.capabilities import capabilities
from tui.charts.halfblocks import Picture, draw_picture
from tui.charts.pieces import Piece
from tui.charts.tiles import draw_tiles, lines_wanted, signed, tiled
from tui.widgets.pieces import shading_for

_STYLES = {"good": "green", "alert": "red"}


class PictureRows:
    """Pictures with their captions on a terminal that has colours; elsewhere captions alone.

    `most` is the number of lines that they may take; 0 is as many as they need.
    """

    def __init__(self, title: str, pictures: Sequence[Picture], most: int = 0) -> None:
        self._title = title
        self._pictures = pictures
        self._most = most

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Text]:
        width = options.max_width
        tiling = tiled(self._pictures, width, self._most or lines_wanted(self._pictures, width))
        if tiling is None or not _drawable(console, options):
            plain = not options.encoding.startswith("utf")
            told = [signed(picture, plain=plain) for picture in self._pictures if picture.caption]
            words = (", " if plain else " · ").join(told) or f"{len(self._pictures)} pictures"
            yield Text(f"{self._title}: {words}")
            return
        yield Text(self._title)
        for line in draw_tiles(self._pictures[: tiling.room], tiling, draw_picture):
            yield Text.assemble(*((piece[0], _style(piece)) for piece in line))


def _drawable(console: Console, options: ConsoleOptions) -> bool:
    if not console.is_terminal or console.color_system in (None, "standard"):
        return False
    return shading_for(capabilities(os.environ, options.encoding)) == "color"


def _style(piece: Piece) -> Style:
    _, ink, ground = piece
    color = ink if ink.startswith("#") else _STYLES.get(ink)
    return Style(color=color, bgcolor=ground or None)
