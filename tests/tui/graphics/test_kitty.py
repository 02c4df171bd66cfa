"""The escape codes of images, held against their specification."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kitty_terminal import NUMBER_OF, KittyTerminal, Sent
from rich.cells import cell_len
from rich.segment import Segment
from textual.strip import Strip

from tui.graphics.kitty import (
    DIACRITICS,
    MOST_CELLS,
    MOST_IMAGES,
    PLACEHOLDER,
    TOGETHER,
    cells,
    deleted,
    ink,
    sent,
)

numbers = st.integers(1, MOST_IMAGES)


@st.composite
def images(draw: st.DrawFn) -> Sent:
    """Noise, which no packing makes smaller, or one colour, which all but vanishes."""
    width, height = draw(st.integers(1, 80)), draw(st.integers(1, 80))
    noise = Random(draw(st.integers(0, 99))).randbytes(3 * width * height)
    rgb = noise if draw(st.booleans()) else bytes(3 * width * height)
    return Sent(width, height, rgb, draw(st.integers(1, 64)), draw(st.integers(1, 64)))


@given(numbers, images())
def test_what_is_sent_arrives(number: int, image: Sent) -> None:
    terminal = KittyTerminal()
    size, room = (image.width, image.height), (image.columns, image.lines)
    terminal.feed(sent(number, image.rgb, size, room))
    assert terminal.images == {number: image}
    assert not terminal.cells  # nothing is drawn by it
    terminal.feed(deleted(number))
    assert not terminal.images


def test_a_large_image_comes_in_pieces_of_which_the_first_says_what_it_is() -> None:
    noise = Random(0).randbytes(3 * 60 * 60)
    codes = sent(7, noise, (60, 60), (30, 15)).split("\x1b\\")[:-1]
    assert len(codes) == 4  # 10,800 bytes are 14,400 of base64
    assert codes[0].startswith("\x1b_Ga=T,U=1,f=24,o=z,s=60,v=60,c=30,r=15,i=7,q=2,m=1;")
    assert [code.partition(";")[0] for code in codes[1:]] == [
        "\x1b_Gq=2,m=1",
        "\x1b_Gq=2,m=1",
        "\x1b_Gq=2,m=0",
    ]


def test_the_combining_characters_are_the_first_of_the_specifications_list() -> None:
    assert "".join(NUMBER_OF)[:MOST_CELLS] == DIACRITICS
    assert DIACRITICS.startswith("\u0305\u030d\u030e\u0310\u0312\u033d")
    assert len(DIACRITICS) == MOST_CELLS == 64


def test_the_specifications_own_example() -> None:
    """A placeholder of 2 × 2 cells for image 42."""
    drawn = ["".join(cells(2, line)) for line in range(2)]
    assert drawn == [
        "\U0010eeee\u0305\u0305\U0010eeee\u0305\u030d",
        "\U0010eeee\u030d\u0305\U0010eeee\u030d\u030d",
    ]
    assert ink(42) == "#00002a"
    assert ink(0xABCD) == "#00abcd"


@pytest.mark.parametrize("columns", range(1, MOST_CELLS + 1))
def test_a_row_parted_anywhere_keeps_its_cells_whole(columns: int) -> None:
    texts = list(cells(columns, 3))
    assert [cell_len(text) for text in texts[:-1]] == [TOGETHER] * (len(texts) - 1)
    whole = "".join(texts)
    each = [PLACEHOLDER + DIACRITICS[3] + DIACRITICS[column] for column in range(columns)]
    assert whole == "".join(each)
    strip = Strip([Segment(text) for text in texts])
    assert strip.cell_length == columns
    for start in range(columns):
        for stop in range(start + 1, columns + 1):
            assert strip.crop(start, stop).text == "".join(each[start:stop])
    for cut in range(1, columns):
        for again in range(cut, columns):
            parts = [part.text for part in strip.divide([cut, again, columns])]
            assert parts == ["".join(each[:cut]), "".join(each[cut:again]), "".join(each[again:])]
