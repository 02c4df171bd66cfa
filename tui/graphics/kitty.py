"""The kitty graphics protocol, as far as pictures in cells need it.

An image is sent once, as an escape code that draws nothing, and then shown by ordinary cells:
U+10EEEE, whose foreground colour is the image's number and whose combining characters are its row
and column. Whoever moves, covers or clips these cells does so with the image, knowing nothing of
it. Source: https://sw.kovidgoyal.net/kitty/graphics-protocol/, "Unicode placeholders".
"""

from __future__ import annotations

import zlib
from base64 import standard_b64encode
from collections.abc import Iterator

PLACEHOLDER = "\U0010eeee"
CHUNK = 4096
"""The most bytes of base64 in one escape code."""
TOGETHER = 16
"""Cells of a row that stand in one text.

rich divides a text by a guess in floating point, which parts a cell from its combining characters
in some texts of more than 22 cells; in none of these.
"""
DIACRITICS = "".join(
    map(
        chr,
        (
            *(0x305, 0x30D, 0x30E, 0x310, 0x312, *range(0x33D, 0x340), 0x346),
            *(*range(0x34A, 0x34D), *range(0x350, 0x353), 0x357, 0x35B, *range(0x363, 0x370)),
            *(*range(0x483, 0x488), *range(0x592, 0x596), *range(0x597, 0x59A)),
            *(*range(0x59C, 0x5A2), 0x5A8, 0x5A9, 0x5AB, 0x5AC, 0x5AF, 0x5C4),
            *(*range(0x610, 0x618), 0x657, 0x658),
        ),
    )
)
"""The combining characters for 0, 1, ...: the first 64 of the protocol's list."""
MOST_CELLS = len(DIACRITICS)
"""Columns, and lines, that an image can have here."""
MOST_IMAGES = 0xFFFF
"""The greatest number of an image here; the protocol's own limit in a colour is 24 bits."""


def sent(number: int, rgb: bytes, size: tuple[int, int], cells: tuple[int, int]) -> str:
    """The escape codes that give the terminal an image, to be shown in so many cells.

    `size` is the width and height in pixels of `rgb`, three bytes each, row by row; `cells` are
    columns and lines, in which the terminal fits the image without distorting it. The terminal
    answers neither success nor failure: an answer would arrive among the keys.
    """
    payload = standard_b64encode(zlib.compress(rgb, 9)).decode("ascii")
    width, height = size
    columns, lines = cells
    keys = f"a=T,U=1,f=24,o=z,s={width},v={height},c={columns},r={lines},i={number},"
    chunks = [payload[start : start + CHUNK] for start in range(0, len(payload), CHUNK)]
    codes = []
    for index, chunk in enumerate(chunks):
        more = int(index < len(chunks) - 1)
        codes.append(f"\x1b_G{'' if index else keys}q=2,m={more};{chunk}\x1b\\")
    return "".join(codes)


def deleted(number: int) -> str:
    """The escape code after which the terminal knows nothing of an image."""
    return f"\x1b_Ga=d,d=I,i={number},q=2\x1b\\"


def ink(number: int) -> str:
    """The foreground colour that stands for an image."""
    return f"#{number:06x}"


def cells(columns: int, line: int) -> Iterator[str]:
    """One line of an image as texts, each cell with its row and column in full.

    A cell may leave out what follows from its left neighbour, but then only the first could be
    covered: what stands to the right of a dialog would begin anew.
    """
    row = [PLACEHOLDER + DIACRITICS[line] + DIACRITICS[column] for column in range(columns)]
    for start in range(0, columns, TOGETHER):
        yield "".join(row[start : start + TOGETHER])
