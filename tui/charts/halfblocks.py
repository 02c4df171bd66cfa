"""A small picture in cells: half-blocks show two pixels in each, shades one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Literal

from tui.charts.pieces import Piece, Shading, merged

Tone = Literal["plain", "good", "bad"]
Pixel = tuple[float, ...]

SHADES = {"blocks": " ░▒▓█", "ascii": " .:-=+*#%@"}
_NOTHING = {"color": "╱", "blocks": "╱", "ascii": "/"}
_STEPS = 31
"""So many steps of brightness: fewer changes of colour go over the line than with 255."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A small image: bytes row by row from the top left, 0 black to 255 white.

    `channels` is 1 (grey) or 3 (red, green, blue of each pixel). `tone` says whether the caption,
    which must be free of control characters, is good news, bad news or neither.
    """

    width: int
    height: int
    pixels: bytes
    channels: int = 1
    caption: str = ""
    tone: Tone = "plain"

    @property
    def whole(self) -> bool:
        """Whether there is a byte for each channel of every pixel."""
        if self.channels not in (1, 3) or min(self.width, self.height) < 1:
            return False
        return len(self.pixels) == self.width * self.height * self.channels


def draw_picture(
    picture: Picture,
    width: int,
    height: int,
    shading: Shading = "color",
    *,
    dark_ink: bool = False,
) -> list[list[Piece]]:
    """The picture in `height` rows of `width` pixels, two rows to a line of cells.

    In colour it keeps its own black and white. Shades are written in the ink of the theme: with
    `dark_ink`, on light paper, a white pixel is one without ink. One that lacks bytes is hatched.
    """
    lines = (height + 1) // 2
    if not picture.whole:
        return [[(_NOTHING[shading] * width, "faint", "")] for _ in range(lines)]
    if shading == "color":
        rows = [[_color(pixel) for pixel in row] for row in resampled(picture, width, height)]
        pairs = zip_longest(rows[::2], rows[1::2], fillvalue=[""] * width)
        return [merged(map(_half, *pair)) for pair in pairs]
    signs = SHADES[shading][:: -1 if dark_ink else 1]
    grey = resampled(picture, width, lines)
    return [[("".join(_shade(pixel, signs) for pixel in row), "text", "")] for row in grey]


def resampled(picture: Picture, width: int, height: int) -> list[list[Pixel]]:
    """`height` rows of `width` pixels, each the mean over the area that it covers."""
    channels = picture.channels
    stride = picture.width * channels
    across, down = _overlaps(picture.width, width), _overlaps(picture.height, height)
    narrowed: list[list[list[float]]] = []
    for start in range(0, len(picture.pixels), stride):
        line = picture.pixels[start : start + stride]
        planes = [line[channel::channels] for channel in range(channels)]
        narrowed.append([[sum(p[i] * w for i, w in part) for part in across] for p in planes])
    return [
        list(
            zip(
                *(
                    [sum(narrowed[i][channel][x] * w for i, w in part) for x in range(width)]
                    for channel in range(channels)
                ),
                strict=True,
            )
        )
        for part in down
    ]


def _overlaps(count: int, into: int) -> list[list[tuple[int, float]]]:
    """For each of `into` equal parts of `count` pixels: the pixels in it with their shares of it.

    In units of 1/into of a pixel everything is a whole number, so that nothing is lost in rounding.
    """
    parts = []
    for part in range(into):
        start, stop = part * count, (part + 1) * count
        inside = range(start // into, -(-stop // into))
        shares = ((i, min(stop, (i + 1) * into) - max(start, i * into)) for i in inside)
        parts.append([(i, share / count) for i, share in shares])
    return parts


def _half(top: str, bottom: str) -> Piece:
    """Two pixels in a cell; of the last row there may be one."""
    return (" ", "", top) if top == bottom else ("▀", top, bottom)


def _color(pixel: Sequence[float]) -> str:
    channels = [round(round(value / 255 * _STEPS) * 255 / _STEPS) for value in pixel]
    red, green, blue = channels if len(channels) == 3 else channels * 3
    return f"#{red:02x}{green:02x}{blue:02x}"


def _shade(pixel: Sequence[float], signs: str) -> str:
    """A sign as bright as the pixel; the weights of the colours are those of Rec. 601."""
    red, green, blue = pixel if len(pixel) == 3 else [pixel[0]] * 3
    light = (0.299 * red + 0.587 * green + 0.114 * blue) / 255
    return signs[min(len(signs) - 1, int(light * len(signs)))]
