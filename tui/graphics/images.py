"""Which images the terminal has been given, by whom they are wanted, and when they go."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from itertools import cycle

from tui.charts.halfblocks import Picture
from tui.graphics.kitty import MOST_CELLS, MOST_IMAGES, deleted, sent

_ENOUGH = 128
"""Pixels on an image's longer side up to which each of its own becomes a block of them.

A terminal smooths what it enlarges. A block stays a block, and packed it costs little more.
"""


@dataclass(frozen=True, slots=True)
class Image:
    """A picture without its caption, in so many cells."""

    pixels: bytes
    width: int
    height: int
    channels: int
    columns: int
    lines: int


def image_of(picture: Picture, columns: int, lines: int) -> Image | None:
    """The picture in so many cells; None where the protocol cannot show it."""
    if not picture.whole or not 0 < max(columns, lines) <= MOST_CELLS:
        return None
    size = picture.width, picture.height, picture.channels
    return Image(picture.pixels, *size, columns, lines)


class Images:
    """What one terminal knows of images; `write` takes escape codes to it.

    An image is sent when somebody wants it, and not again however many do, until nobody does:
    then `sweep` deletes it. Nothing is written while the terminal is not `taken`.
    """

    def __init__(self, write: Callable[[str], object]) -> None:
        self._write = write
        self._taken = False
        self._known: dict[Image, int] = {}
        self._wanted: dict[object, frozenset[Image]] = {}
        self._numbers = cycle(range(1, MOST_IMAGES + 1))

    def want(self, owner: object, images: Iterable[Image]) -> dict[Image, int]:
        """The numbers of these images, which are all that `owner` wants from now on."""
        wanted = dict.fromkeys(images)
        self._wanted[owner] = frozenset(wanted)
        new = [image for image in wanted if image not in self._known]
        for image in new:
            self._known[image] = self._free()
        self._send(new)
        return {image: self._known[image] for image in wanted}

    def release(self, owner: object) -> None:
        """`owner` wants nothing any more."""
        self._wanted.pop(owner, None)

    def sweep(self) -> None:
        """Delete what nobody wants; to be called when its cells are off the screen."""
        wanted = frozenset[Image]().union(*self._wanted.values())
        self._delete([image for image in self._known if image not in wanted])

    def taken(self) -> None:
        """The terminal has been taken, at the start or anew: it gets what is wanted."""
        self._taken = True
        self._send(self._known)

    def given_back(self) -> None:
        """The terminal is about to be given back: it forgets every image."""
        self._tell(deleted(number) for number in self._known.values())
        self._taken = False

    def _free(self) -> int:
        used = set(self._known.values())
        return next(number for number in self._numbers if number not in used)

    def _send(self, images: Collection[Image]) -> None:
        self._tell(_sent(image, self._known[image]) for image in images)

    def _delete(self, images: Collection[Image]) -> None:
        self._tell(deleted(self._known.pop(image)) for image in images)

    def _tell(self, codes: Iterable[str]) -> None:
        text = "".join(codes)
        if text and self._taken:
            self._write(text)


def _sent(image: Image, number: int) -> str:
    times = max(1, _ENOUGH // max(image.width, image.height))
    size = image.width * times, image.height * times
    return sent(number, enlarged(image, times), size, (image.columns, image.lines))


def enlarged(image: Image, times: int) -> bytes:
    """The image in three bytes for each pixel, every pixel so many `times` wide and high."""
    repeat = 3 // image.channels
    stride = image.width * image.channels
    rows = []
    for start in range(0, len(image.pixels), stride):
        row = image.pixels[start : start + stride]
        each = (row[i : i + image.channels] for i in range(0, stride, image.channels))
        rows.append(b"".join(pixel * repeat * times for pixel in each) * times)
    return b"".join(rows)
