"""Small pictures in a row or in rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Unpack

from textual.geometry import Size
from textual.strip import Strip

from tui.charts.halfblocks import Picture, draw_picture
from tui.charts.tiles import Drawing, Tiling, draw_tiles, lines_wanted, pixels, tiled
from tui.driver import images_of
from tui.graphics.images import Image, image_of
from tui.graphics.kitty import cells, ink
from tui.widgets.pieces import PieceView, shading_for
from tui.widgets.strips import ViewOptions


class Pictures(PieceView):
    """A title, and pictures with captions as large as they all fit, or as many as can be read.

    The terminal's own graphics where it has them, in the cells that half-blocks would take; these
    where it has at least 256 colours, otherwise shades of one.
    """

    DEFAULT_CSS = "Pictures { width: 1fr; height: 1fr; }"

    def __init__(self, **options: Unpack[ViewOptions]) -> None:
        super().__init__(**options)
        self._shading = shading_for(self._capabilities)
        self._title = ""
        self._pictures: tuple[Picture, ...] = ()
        self._first = 0
        self._drawn: dict[tuple[bytes, *tuple[int, ...]], Drawing] = {}
        self._numbers: Mapping[Image, int] = {}

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

    def on_mount(self) -> None:
        """Notice when another screen is laid over this one, or taken away."""
        if self._capabilities.graphics:
            self.watch(self.screen, "stack_updates", self.redraw, init=False)

    def on_unmount(self) -> None:
        """The terminal need not keep the images any longer."""
        images = images_of(self.app)
        if images is not None:
            images.release(self)
            self.app.call_later(images.sweep)

    def prepare(self, size: Size) -> Sequence[Strip]:
        """The title and the rows of pictures."""
        tiling = tiled(self._pictures, size.width, size.height - 1)
        first = self._start(tiling)
        chosen = self._pictures[first : first + tiling.room] if tiling else ()
        self._numbers = self._placed(chosen, tiling) if size == self.content_size else {}
        if not self._pictures:
            return [self.strip((f" {self._title} ", "strong"), (" not shown yet", "muted"))]
        if tiling is None:
            return [self.strip((f" {self._title} ", "strong"), (self._named(), "text"))]
        plain = self._shading == "ascii"
        lines = draw_tiles(chosen, tiling, self._draw, plain=plain)
        head = self.strip((f" {self._title} ", "strong"), (self._place(first, chosen), "muted"))
        return [head, *map(self.pieces, lines)]

    def _start(self, tiling: Tiling | None) -> int:
        """Which picture is the first on screen."""
        first = self._first - self._first % tiling.across if tiling else 0
        return first if first < len(self._pictures) else 0

    def _placed(self, chosen: Sequence[Picture], tiling: Tiling | None) -> Mapping[Image, int]:
        """The numbers by which the terminal knows the pictures; none where it has no graphics.

        None below a dialog either: it dims what it is laid over, and in another colour a cell
        would belong to another image. Half-blocks can be dimmed.
        """
        images = images_of(self.app) if self._capabilities.graphics else None
        if images is None or not self.screen.is_active:
            return {}
        found = (_image(p, *pixels(p, tiling.columns, tiling.widest)) for p in chosen if tiling)
        self.call_after_refresh(images.sweep)  # what goes is still on screen now
        return images.want(self, [image for image in found if image])

    def _named(self) -> str:
        return " · ".join(picture.caption for picture in self._pictures)

    def _place(self, first: int, chosen: Sequence[Picture]) -> str:
        if len(chosen) == len(self._pictures):
            return ""
        return f" {first + 1}-{first + len(chosen)} of {len(self._pictures)}"

    def _draw(self, picture: Picture, width: int, height: int) -> Drawing:
        image = _image(picture, width, height) if self._numbers else None
        if image and image in self._numbers:
            look = ink(self._numbers[image])
            return [[(t, look, "") for t in cells(width, y)] for y in range(image.lines)]
        dark_ink = self._shading != "color" and not self.app.current_theme.dark
        source = picture.pixels, picture.width, picture.height, picture.channels
        key = (*source, width, height, dark_ink)
        if key not in self._drawn:
            drawn = draw_picture(picture, width, height, self._shading, dark_ink=dark_ink)
            self._drawn[key] = drawn
        return self._drawn[key]


def _image(picture: Picture, width: int, height: int) -> Image | None:
    """The picture in the cells that so many columns and rows of pixels take in half-blocks."""
    return image_of(picture, width, (height + 1) // 2)
