"""Sparklines, bars, and columns that give way."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.charts.fields import Field, fit
from tui.charts.spark import BLOCKS, column_bars, sparkline

VALUES = st.lists(st.floats(), max_size=40)


@given(VALUES, st.integers(0, 30), st.booleans())
def test_a_sparkline_never_fails_and_never_outgrows_its_room(
    values: list[float], width: int, plain: bool
) -> None:
    line = sparkline(values, width, plain=plain)
    assert len(line) == min(width, len(values))
    assert not plain or line.isascii()


def test_a_sparkline_shows_decades() -> None:
    assert sparkline([1e-7, 1e-5, 1e-3, 1e-1], 4) == "▁▃▆█"
    assert sparkline([1e-1, math.nan, 0.0], 3) == "▅✗▁"


def test_noise_does_not_look_like_an_event() -> None:
    assert set(sparkline([1.0, 1.01, 0.99, 1.0], 4)) <= set("▄▅")


def test_a_spike_survives_thinning() -> None:
    values = [1.0] * 100
    values[37] = 1e4
    assert sparkline(values, 10) == "▁▁▁█▁▁▁▁▁▁"


@given(st.lists(st.floats(0, 1), max_size=20), st.integers(0, 10), st.booleans())
def test_bars_fill_their_rows(heights: list[float], rows: int, plain: bool) -> None:
    drawn = column_bars(heights, rows, plain=plain)
    assert [len(row) for row in drawn] == [len(heights)] * rows


def test_a_bar_is_as_high_as_its_value_and_a_small_one_still_seen() -> None:
    assert column_bars([1.0, 0.5, 0.0, 0.001], 2) == ["█   ", "██ ▁"]
    assert column_bars([1.0, 0.5, 0.0], 2, plain=True) == ["#  ", "## "]
    assert BLOCKS[0] == " "


FIELDS = (
    Field("name", 8, 9, most=12),
    Field("a", 7, 1),
    Field("b", 7, 5),
    Field("spark", 8, 3, 20),
)


@pytest.mark.parametrize(
    ("width", "kept"),
    [
        (80, [(0, 12), (1, 7), (2, 7), (3, 20)]),
        (36, [(0, 8), (1, 7), (2, 7), (3, 8)]),
        (35, [(0, 12), (2, 7), (3, 12)]),
        (26, [(0, 12), (2, 7)]),
        (10, [(0, 10)]),
        (7, []),
    ],
)
def test_the_least_important_give_way_first(width: int, kept: list[tuple[int, int]]) -> None:
    assert fit(FIELDS, width) == kept
