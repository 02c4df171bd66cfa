"""Bars in groups."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from tui.charts.bar_canvas import draw_bars
from tui.charts.bars import BarChart, BarGroup, heights, slots
from tui.charts.pieces import REVERSED, Piece, Shading

LABELS = ("a", "b")
SHADINGS: list[Shading] = ["color", "blocks", "ascii"]
numbers = st.floats(allow_nan=True, allow_infinity=True)


def one(*values: float, low: tuple[float, ...] = (), high: tuple[float, ...] = ()) -> BarChart:
    labels = tuple("abcdefgh"[: len(values)])
    return BarChart("t", labels, (BarGroup("", values, low, high),))


def texts(rows: list[list[Piece]]) -> list[str]:
    return ["".join(text for text, _, _ in row).rstrip() for row in rows]


def test_bars_stand_on_zero_in_eighths_of_a_cell() -> None:
    assert texts(draw_bars(one(1.0, 2.0, 0.25, 0.0), 18, 6)) == [
        " t",
        "2┤    ███",
        " │    ███",
        "1┤███ ███      0",
        "0┤███ ███ ▄▄▄",
        "    a   b   c   d",
    ]


def test_a_bar_ends_within_a_cell() -> None:
    rows = draw_bars(one(1.0, 0.3125), 12, 6)
    assert texts(rows)[2:5] == ["   │███", "0.5┤███ ▂▂▂", "0.0┤███ ███"]


def test_negative_bars_hang_from_zero_and_end_in_the_colour_of_the_paper() -> None:
    rows = draw_bars(one(1.0, -0.75), 14, 8)
    assert texts(rows)[1:] == [
        " 1┤████",
        "  │████",
        " 0┤████▁▁▁▁▁▁",
        "  │     ████",
        "  │     ████",
        "-1┤     ▆▆▆▆",
        "     a    b",
    ]
    assert ("▆▆▆▆", f"{REVERSED}loss", "") in rows[6]


def test_an_error_bar_is_paper_coloured_within_its_bar() -> None:
    rows = draw_bars(one(2.0, 2.0, low=(1.0, 1.0), high=(4.0, 4.0)), 12, 7)
    assert texts(rows)[1:6] == [
        "4┤ ┬    ┬",
        " │ │    │",
        "2┤▄│▄▄ ▄│▄▄",
        " │█┴██ █┴██",
        "0┤████ ████",
    ]
    inks = [[ink for text, ink, _ in row if text in "┬│┴"][-1] for row in rows[1:5]]
    assert inks == ["text", "text", f"{REVERSED}loss", f"{REVERSED}loss"]


def test_the_foot_of_an_error_bar_below_zero_takes_no_room_from_the_bars() -> None:
    slight = one(0.02, 0.5, low=(-0.03, 0.4), high=(0.07, 0.6))
    assert heights(slight, 8)[1].low == 0
    assert heights(slight, 8)[0].zero == 0
    assert [line for line in texts(draw_bars(slight, 30, 12)) if "-" in line] == []
    for kept in (one(-0.02, 0.5), one(0.02, 0.5, low=(-0.2, 0.4), high=(0.24, 0.6))):
        assert heights(kept, 8)[1].low < 0


def test_an_error_bar_needs_both_ends() -> None:
    nan = math.nan
    group = BarGroup("g", (1.0, 1.0, 1.0, 1.0), (0.5, nan, 0.5), (2.0, 2.0))
    assert [group.interval(i) for i in range(4)] == [(0.5, 2.0), None, None, None]
    assert BarGroup("g", (1.0,), (2.0,), (0.5,)).interval(0) == (0.5, 2.0)


def test_groups_stand_beside_each_other_under_their_label() -> None:
    groups = (BarGroup("x", (1.0, 1.0)), BarGroup("y", (1.0, 1.0), role="train-accuracy"))
    rows = draw_bars(BarChart("t", LABELS, groups), 18, 6)
    bars = [(text, role) for text, role, _ in rows[3][1:]]
    pair = [("███", "loss"), ("███", "train-accuracy"), (" ", "")]
    assert bars == [*pair, *pair]
    assert texts(rows)[-1] == "       a      b"


def test_a_prediction_is_a_line_across_the_bars_of_its_place() -> None:
    law = BarGroup("theory", (1.0, 3.0), role="mark", theory=True)
    groups = (BarGroup("x", (4.0, 4.0)), BarGroup("y", (2.0, 2.0)), law)
    rows = draw_bars(BarChart("t", LABELS, groups), 18, 6)
    assert texts(rows)[1:5] == [
        "4┤ ███     ███",
        " │ ███     ▔▔▔▔▔▔",
        "2┤ ██████  ██████",
        "0┤ ▔▔▔▔▔▔  ██████",
    ]
    assert rows[2][4:6] == [("▔▔▔", f"{REVERSED}loss", ""), ("▔▔▔", "mark", "")]


def test_what_has_no_room_beside_the_first_group_becomes_a_mark_on_it() -> None:
    many = tuple(float(i) for i in range(10))
    groups = (
        BarGroup("true", many),
        BarGroup("estimated", many[::-1], many[::-1], many[::-1], role="train-accuracy"),
    )
    chart = BarChart("p(y)", tuple("abcdefghij"), groups)
    assert not slots(chart, 40).dense
    assert slots(chart, 25).dense
    rows = draw_bars(chart, 25, 12)
    assert [piece for piece in rows[1] if piece[1] == "faint"] == [(" █ ", "faint", "")]
    assert ("●", "train-accuracy", "") in [piece for row in rows[2:] for piece in row]
    assert ("●", "train-accuracy", "faint") in [piece for row in rows[2:] for piece in row]


def test_without_colours_the_groups_differ_in_their_signs() -> None:
    groups = (BarGroup("x", (1.0, 1.0)), BarGroup("y", (1.0, 1.0)))
    for shading, signs in (("blocks", "██▒▒"), ("ascii", "##==")):
        rows = texts(draw_bars(BarChart("t", LABELS, groups), 18, 9, shading))  # type: ignore[arg-type]
        assert rows[1].split() == [signs[0], "x", signs[2], "y"]
        assert signs in rows[6]


def test_what_is_not_finite_is_marked_and_named() -> None:
    rows = draw_bars(one(1.0, math.nan, math.inf, -math.inf), 60, 9)
    assert texts(rows)[0].split(maxsplit=1) == ["t", "NaN at b and 2 more"]
    marks = [(y, x) for y, line in enumerate(texts(rows)) for x, c in enumerate(line) if c == "✗"]
    inf, nan, minus = marks
    assert (inf[0], minus[0]) == (1, 7)
    assert 1 < nan[0] < 7
    assert ("✗", "alert", "") in rows[nan[0]]


def test_bins_stand_side_by_side_and_none_is_lost_where_they_are_too_many() -> None:
    counts = [1.0] * 60
    counts[31] = 50.0
    chart = BarChart("w", tuple(map(str, range(60))), (BarGroup("n", tuple(counts)),))
    wide, narrow = slots(chart, 70), slots(chart, 33)
    assert (wide.count, wide.bar, wide.slot, wide.share) == (60, 1, 1, 1)
    assert (narrow.count, narrow.share) == (30, 2)
    rows = texts(draw_bars(chart, 36, 8))
    assert "a bar: the largest of 2" in rows[0]
    assert rows[2] == "  │" + " " * 15 + "█"


def test_numbers_stand_above_few_bars_that_are_wide_enough() -> None:
    assert "0.250" in texts(draw_bars(one(0.25, 1.0), 40, 10))[6]
    assert not any("0.250" in line for line in texts(draw_bars(one(0.25, 1.0), 12, 10)))


def test_nothing_yet() -> None:
    assert texts(draw_bars(BarChart("p(y)"), 40, 10)) == [" p(y)  not measured yet"]
    assert texts(draw_bars(BarChart("p(y)", LABELS, (BarGroup("x", ()),)), 20, 6))[0] == " p(y)"
    assert draw_bars(one(1.0), 11, 10) == draw_bars(one(1.0), 20, 3) == []


@given(st.lists(numbers, min_size=1, max_size=8), st.integers(3, 40))
def test_zero_lies_between_two_lines_and_every_number_within(
    values: list[float], rows: int
) -> None:
    scale, _ = heights(one(*values), rows)
    assert 0 <= scale.zero <= rows
    for value in (v for v in values if math.isfinite(v)):
        length = scale.eighths(value)
        assert -8 * scale.zero <= length <= 8 * (rows - scale.zero)
        assert length == 0 if value == 0 else length * value > 0


@given(
    st.lists(
        st.tuples(
            st.text(max_size=12),
            st.lists(numbers, max_size=70),
            st.lists(numbers, max_size=9),
            st.lists(numbers, max_size=9),
            st.booleans(),
        ),
        max_size=5,
    ),
    st.lists(st.text(max_size=15), max_size=12),
    st.integers(0, 130),
    st.integers(0, 40),
    st.sampled_from(SHADINGS),
)
def test_any_bars_in_any_room(
    told: list[tuple[str, list[float], list[float], list[float], bool]],
    labels: list[str],
    width: int,
    height: int,
    shading: Shading,
) -> None:
    def words(text: str) -> str:
        return "".join(c for c in text if c.isalnum())

    groups = tuple(
        BarGroup(words(name), tuple(v), tuple(low), tuple(high), theory=theory)
        for name, v, low, high, theory in told
    )
    rows = draw_bars(BarChart("t", tuple(map(words, labels)), groups), width, height, shading)
    assert len(rows) <= max(height, 1)
    assert all(sum(cell_len(text) for text, _, _ in row) <= max(width, 20) for row in rows)


@pytest.mark.parametrize("shading", SHADINGS)
def test_ascii_is_ascii(shading: Shading) -> None:
    group = BarGroup("x", (1.0, -2.0, math.nan), (0.5, -3.0), (2.0, -1.0))
    law = BarGroup("theory", (1.0, -2.0, 0.0), theory=True)
    chart = BarChart("a title that is rather long", ("one", "two", "three"), (group, law))
    rows = texts(draw_bars(chart, 40, 14, shading))
    assert all(line.isascii() for line in rows) == (shading == "ascii")
