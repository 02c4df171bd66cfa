"""One small picture in cells."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.charts.halfblocks import Picture, draw_picture, resampled
from tui.charts.pieces import Piece, Shading

SQUARE = Picture(2, 2, bytes([0, 255, 255, 0]))
SHADINGS: list[Shading] = ["color", "blocks", "ascii"]

pictures = st.tuples(st.integers(1, 9), st.integers(1, 9), st.sampled_from([1, 3])).flatmap(
    lambda size: st.binary(min_size=math.prod(size), max_size=math.prod(size)).map(
        lambda pixels: Picture(size[0], size[1], pixels, size[2])
    )
)


def width(line: list[Piece]) -> int:
    return sum(len(text) for text, _, _ in line)


def test_two_pixels_share_a_cell_the_upper_one_in_ink() -> None:
    assert draw_picture(SQUARE, 2, 2) == [
        [("▀", "#000000", "#ffffff"), ("▀", "#ffffff", "#000000")]
    ]


def test_pixels_of_one_colour_are_ground_alone_and_neighbours_one_piece() -> None:
    grey = Picture(4, 2, bytes([0, 0, 0, 255, 0, 0, 0, 255]))
    assert draw_picture(grey, 4, 2) == [[("   ", "", "#000000"), (" ", "", "#ffffff")]]


def test_the_last_row_of_an_odd_number_stands_on_the_paper() -> None:
    assert draw_picture(Picture(1, 3, bytes([0, 0, 255])), 1, 3) == [
        [(" ", "", "#000000")],
        [("▀", "#ffffff", "")],
    ]


def test_colours_keep_their_channels() -> None:
    assert draw_picture(Picture(1, 2, bytes([255, 0, 0, 0, 0, 255]), 3), 1, 2) == [
        [("▀", "#ff0000", "#0000ff")]
    ]


def test_a_smaller_picture_is_the_mean_of_areas() -> None:
    pixels = bytes([0, 100, 10, 30, 200, 100, 50, 70])
    assert resampled(Picture(4, 2, pixels), 2, 1) == [[(100.0,), (40.0,)]]
    assert resampled(Picture(3, 1, bytes([0, 30, 90])), 2, 1) == [
        [(pytest.approx(10.0),), (pytest.approx(70.0),)]
    ]


def test_an_enlarged_picture_repeats_its_pixels() -> None:
    assert resampled(SQUARE, 4, 2) == [
        [(0.0,), (0.0,), (255.0,), (255.0,)],
        [(255.0,), (255.0,), (0.0,), (0.0,)],
    ]


@given(pictures, st.integers(1, 12), st.integers(1, 12))
def test_the_light_of_a_picture_stays_what_it_is_at_any_size(
    picture: Picture, columns: int, rows: int
) -> None:
    for channel in range(picture.channels):
        values = picture.pixels[channel :: picture.channels]
        drawn = [pixel[channel] for row in resampled(picture, columns, rows) for pixel in row]
        assert math.fsum(drawn) / len(drawn) == pytest.approx(sum(values) / len(values))
        assert min(values) - 1e-9 <= min(drawn) and max(drawn) <= max(values) + 1e-9


@given(pictures, st.integers(1, 30), st.integers(1, 30), st.sampled_from(SHADINGS), st.booleans())
def test_a_picture_fills_its_cells(
    picture: Picture, columns: int, rows: int, shading: Shading, dark_ink: bool
) -> None:
    lines = draw_picture(picture, columns, rows, shading, dark_ink=dark_ink)
    assert len(lines) == (rows + 1) // 2
    assert {width(line) for line in lines} == {columns}
    if shading == "ascii":
        assert all(text.isascii() for line in lines for text, _, _ in line)


def test_shades_are_bright_where_the_picture_is_on_dark_paper_and_on_light() -> None:
    ramp = Picture(5, 1, bytes([0, 70, 120, 180, 255]))
    (on_dark,) = draw_picture(ramp, 5, 1, "blocks")
    (on_light,) = draw_picture(ramp, 5, 1, "blocks", dark_ink=True)
    assert (on_dark, on_light) == ([(" ░▒▓█", "text", "")], [("█▓▒░ ", "text", "")])


def test_a_shade_weighs_colours_as_eyes_do() -> None:
    primaries = Picture(3, 1, bytes([255, 0, 0, 0, 255, 0, 0, 0, 255]), 3)
    ((signs, _, _),) = draw_picture(primaries, 3, 1, "ascii")[0]
    assert signs == ":+."


@pytest.mark.parametrize(
    "picture",
    [
        Picture(2, 2, b"\0\0\0"),
        Picture(2, 2, b"\0" * 8, 2),
        Picture(0, 0, b""),
        Picture(-1, -1, b"\0"),
    ],
)
def test_a_picture_that_lacks_bytes_is_hatched(picture: Picture) -> None:
    assert draw_picture(picture, 3, 2) == [[("╱╱╱", "faint", "")]]
    assert draw_picture(picture, 3, 2, "ascii") == [[("///", "faint", "")]]
