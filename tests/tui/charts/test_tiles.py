"""How small pictures share a room."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from tui.charts.halfblocks import Picture, draw_picture
from tui.charts.tiles import GAP, LEGIBLE, caption, draw_tiles, lines_wanted, tiled, wrapped


def pictures(count: int, side: int = 28, words: str = "coat") -> list[Picture]:
    return [Picture(side, side, bytes(side * side), 1, words) for _ in range(count)]


@pytest.mark.parametrize(
    ("count", "width", "columns", "across", "down"),
    [
        (8, 120, 14, 8, 1),  # eight that can be read stand in a row
        (5, 80, 15, 5, 1),
        (4, 120, 28, 4, 1),  # fewer are larger, never beyond their own pixels
        (2, 40, 19, 2, 1),
        (12, 120, 14, 8, 1),  # more than fit: as many as can be read
    ],
)
def test_pictures_are_as_large_as_all_of_them_fit(
    count: int, width: int, columns: int, across: int, down: int
) -> None:
    tiling = tiled(pictures(count), width, 15)
    assert tiling is not None
    assert (tiling.columns, tiling.across, tiling.down) == (columns, across, down)


def test_a_second_row_where_there_is_room_for_it() -> None:
    tiling = tiled(pictures(12), 120, 16)
    assert tiling is not None
    assert (tiling.columns, tiling.across, tiling.down, tiling.room) == (14, 8, 2, 16)


def test_in_a_low_room_they_shrink_before_they_vanish() -> None:
    sizes = [tiled(pictures(3), 60, height) for height in (8, 6, 4, 2)]
    assert [t.columns if t else 0 for t in sizes] == [14, 10, 6, 0]
    assert [t.captions if t else 0 for t in sizes] == [1, 1, 1, 0]


def test_tiny_pictures_are_enlarged_by_whole_pixels() -> None:
    tiling = tiled(pictures(3, side=8), 100, 30)
    assert tiling is not None and tiling.columns == 24


def test_nothing_to_show_takes_no_room() -> None:
    assert tiled([], 80, 20) is None
    assert lines_wanted([], 80) == 0


@pytest.mark.parametrize(("count", "width", "lines"), [(8, 119, 8), (9, 119, 16), (5, 40, 24)])
def test_the_lines_in_which_all_can_be_read(count: int, width: int, lines: int) -> None:
    assert lines_wanted(pictures(count), width) == lines
    tiling = tiled(pictures(count), width, lines)
    assert tiling is not None and tiling.columns >= LEGIBLE and tiling.room >= count


def test_captions_stand_below_their_pictures() -> None:
    two = [
        Picture(4, 2, bytes(8), 1, "a", "good"),
        Picture(4, 2, bytes([255] * 8), 1, "boot", "bad"),
    ]
    tiling = tiled(two, 9, 3)
    assert tiling is not None
    assert draw_tiles(two, tiling, draw_picture) == [
        [("    ", "", "#000000"), (" ", "", ""), ("    ", "", "#ffffff")],
        [("✓ a", "good", ""), ("  ", "", ""), ("✗", "alert", "")],
        [(" " * 5, "", ""), ("boot", "alert", "")],
    ]


def test_smaller_ones_among_them_stay_smaller() -> None:
    mixed = [Picture(4, 4, bytes(16)), Picture(2, 2, bytes([255] * 4))]
    tiling = tiled(mixed, 9, 2)
    assert tiling is not None
    upper, lower = draw_tiles(mixed, tiling, draw_picture)
    assert upper == [("    ", "", "#000000"), (" ", "", ""), ("  ", "", "#ffffff")]
    assert lower == [("    ", "", "#000000"), (" ", "", "")]


def test_a_caption_is_broken_at_blanks_and_cut_at_its_end() -> None:
    told = Picture(1, 1, b"\0", 1, "ankle boot, not a sneaker", "bad")
    assert [line[0][0] for line in caption(told, 12, 3)] == ["✗ ankle", "boot, not a", "sneaker"]
    assert [line[0][0] for line in caption(told, 12, 2)] == ["✗ ankle", "boot, not a…"]
    assert [line[0][0] for line in caption(told, 12, 2, plain=True)] == ["x ankle", "boot, not a."]
    assert wrapped("", 5) == []


@given(
    st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40), st.text(max_size=30)), max_size=20),
    st.integers(-1, 140),
    st.integers(-1, 40),
)
def test_any_pictures_in_any_room(
    sizes: list[tuple[int, int, str]], width: int, height: int
) -> None:
    some = [Picture(w, h, bytes(w * h), 1, " ".join(words.split())) for w, h, words in sizes]
    tiling = tiled(some, width, height)
    if tiling is None:
        return
    assert tiling.across * (tiling.columns + GAP) - GAP <= width
    shown = some[: tiling.room]
    lines = draw_tiles(shown, tiling, draw_picture)
    assert shown and len(lines) <= height
    assert all(sum(cell_len(text) for text, _, _ in line) <= width for line in lines)
