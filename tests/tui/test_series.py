"""A series against the naive list that it stands for."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.series import Column, Series

ORDINATES = st.one_of(
    st.floats(-1e6, 1e6), st.sampled_from([math.nan, math.inf, -math.inf, 1e300, -1e300, 1e-300])
)


def _same(one: list[float], other: list[float]) -> bool:
    """Equal as lists, NaN and all."""
    return repr(one) == repr(other)


@st.composite
def points(draw: st.DrawFn, most: int = 600) -> list[tuple[float, float]]:
    """Points with x non-decreasing, many of them with few distinct values."""
    ys = draw(st.lists(ORDINATES, max_size=12))
    ys = (ys * (draw(st.integers(1, most)) // max(1, len(ys)) + 1))[:most] if ys else []
    steps = draw(st.lists(st.sampled_from([0.0, 0.5, 1.0, 3.0]), min_size=1, max_size=5))
    x, out = 0.0, []
    for i, y in enumerate(ys):
        x += steps[i % len(steps)]
        out.append((x, y))
    return out


def _series(pairs: list[tuple[float, float]], block: int = 7) -> Series:
    series = Series()
    for i in range(0, len(pairs), block):
        xs, ys = zip(*pairs[i : i + block], strict=True)
        series = series.extended(xs, ys)
    return series


def _naive_extremes(ys: list[float]) -> tuple[float, float]:
    finite = [y for y in ys if math.isfinite(y)]
    return min(finite, default=math.inf), max(finite, default=-math.inf)


@given(points(), st.floats(-5, 700), st.floats(-5, 700))
def test_extremes_are_those_of_the_points_in_the_range(
    pairs: list[tuple[float, float]], start: float, stop: float
) -> None:
    inside = [y for x, y in pairs if start <= x <= stop]
    assert _series(pairs).extremes(start, stop) == _naive_extremes(inside)


@given(points(), st.integers(1, 90), st.floats(-5, 50), st.floats(0, 600))
def test_columns_cover_every_point_once_and_lose_no_extreme(
    pairs: list[tuple[float, float]], count: int, start: float, width: float
) -> None:
    stop = start + width
    columns = _series(pairs).columns(start, stop, count)
    inside = [(x, y) for x, y in pairs if start <= x <= stop]
    finite = [y for _, y in inside if math.isfinite(y)]
    assert len(columns) <= count
    assert sum(c.count for c in columns) == len(finite)
    assert min((c.low for c in columns), default=math.inf) == min(finite, default=math.inf)
    assert max((c.high for c in columns), default=-math.inf) == max(finite, default=-math.inf)
    assert any(c.broken for c in columns) == (len(finite) < len(inside))
    assert [c.x for c in columns] == sorted(c.x for c in columns)
    assert all(start <= c.x <= stop for c in columns)
    assert all(c.low <= c.mean <= c.high for c in columns if c.count)


@given(points(), points(), st.integers(0, 600))
def test_a_series_stays_what_it_was_when_others_grow_from_it(
    pairs: list[tuple[float, float]], more: list[tuple[float, float]], cut: int
) -> None:
    pairs = [(x, y) for x, y in pairs if x <= 300]
    root = _series(pairs)
    end = root.x_extent[1] if len(root) else 0.0
    one = root.extended([end + x for x, _ in more], [y for _, y in more])
    one.columns(0, 1000, 50)  # leaves finished columns in what they share
    other = root.extended([end], [42.0])
    shorter = one.until(cut)
    assert _same(list(root.y), [y for _, y in pairs])
    assert _same(list(one.y), [y for _, y in pairs + [(0.0, y) for _, y in more]])
    assert _same(list(other.y), [*(y for _, y in pairs), 42.0])
    for value in (root, one, other, shorter):
        fresh = Series().extended(value.x, value.y)
        assert repr(value.columns(0, 1000, 50)) == repr(fresh.columns(0, 1000, 50))
        assert repr(value.first_broken()) == repr(fresh.first_broken())
        assert value.extremes() == fresh.extremes()


@given(points(), st.integers(1, 60))
def test_columns_do_not_depend_on_how_the_series_grew(
    pairs: list[tuple[float, float]], count: int
) -> None:
    series = Series()
    for x, y in pairs:
        series = series.extended([x], [y])
        series.columns(0, 900, count)  # as a live chart does
    at_once = Series().extended([x for x, _ in pairs], [y for _, y in pairs])
    assert repr(series.columns(0, 900, count)) == repr(at_once.columns(0, 900, count))


def test_one_spike_in_a_million_points_is_seen() -> None:
    ys = [0.5] * 1_000_000
    ys[654_321] = 9.0
    columns = Series().extended(range(1_000_000), ys).columns(0, 1_000_000, 100)
    assert [c.high for c in columns].index(9.0) == 65
    assert sum(c.high == 9.0 for c in columns) == 1
    assert all(c.low == 0.5 for c in columns)


def test_nan_marks_its_column_and_leaves_the_others_of_it_visible() -> None:
    columns = Series().extended([0, 1, 2, 3], [1.0, math.nan, 2.0, math.inf]).columns(0, 4, 2)
    assert columns[0] == Column(1.0, 1.0, 2.0, 1.5, 2, True)
    assert columns[1].broken
    assert (columns[1].count, columns[1].low, columns[1].high) == (0, math.inf, -math.inf)


def test_the_first_broken_point_is_found_and_forgotten_with_its_part() -> None:
    series = Series().extended([1, 2], [0.1, 0.2]).extended([3, 4], [math.inf, math.nan])
    assert series.first_broken() == (3.0, math.inf)
    assert series.extended([5], [math.nan]).first_broken() == (3.0, math.inf)
    assert series.until(2).first_broken() is None


def test_until_keeps_what_is_not_later() -> None:
    series = Series().extended([1, 2, 2, 3], [1, 2, 3, 4])
    assert list(series.until(2).y) == [1, 2, 3]
    assert list(series.until(2).extended([2.5], [9]).y) == [1, 2, 3, 9]
    assert list(series.y) == [1, 2, 3, 4]
    assert len(series.until(0)) == 0


def test_the_last_point_belongs_to_the_last_column() -> None:
    series = Series().extended([0.0, 0.7], [1.0, 2.0])  # 7 × (0.7 / 7) is less than 0.7
    assert [c.high for c in series.columns(0.0, 0.7, 7)] == [1.0, 2.0]


@pytest.mark.parametrize(("start", "stop", "count"), [(0, 1, 0), (2, 1, 5), (0, 1, -3)])
def test_no_room_gives_no_columns(start: float, stop: float, count: int) -> None:
    assert Series().extended([0, 1], [0, 1]).columns(start, stop, count) == []


def test_ends_and_tails() -> None:
    empty, series = Series(), Series().extended([1, 2, 3], [4, 5, 6])
    assert math.isnan(empty.last)
    assert (series.last, series.x_extent, list(series.tail(2))) == (6, (1, 3), [5, 6])
    assert list(series.tail(9)) == [4, 5, 6]
    with pytest.raises(IndexError):
        _ = empty.x_extent


@pytest.mark.parametrize(
    ("x", "y"),
    [([1, 2], [1]), ([2, 1], [0, 0]), ([0], [1]), ([math.nan], [1]), ([math.inf], [1])],
)
def test_what_is_no_curve_is_refused_and_leaves_no_trace(x: list[float], y: list[float]) -> None:
    series = Series().extended([1], [1])
    with pytest.raises(ValueError, match=r"series may not go back|abscissae"):
        series.extended(x, y)
    assert list(series.extended([2], [2]).y) == [1, 2]


def test_means_of_huge_values_stay_within_their_extremes() -> None:
    column = Series().extended([0, 0, 0], [1e308, 1e308, -1e308]).columns(0, 1, 1)[0]
    assert column.low <= column.mean <= column.high


@given(
    st.lists(st.sampled_from([1.0, 2.0, math.nan, math.inf, 0.0, -0.0]), min_size=1, max_size=40),
    st.lists(st.sampled_from([1.0, 2.0, math.nan, 0.0, -0.0]), max_size=40),
    st.integers(0, 40),
    st.integers(1, 40),
)
def test_growing_again_is_as_the_first_time(
    y: list[float], other: list[float], cut: int, parts: int
) -> None:
    """The same points once more are shared, others are not; either way the values are right."""
    cut = min(cut, len(y))
    root = Series().extended(range(cut), y[:cut])
    first = root.extended(range(cut, len(y)), y[cut:])
    first.columns(0, 40, 7)
    again, x = root, cut
    while x < len(y):
        points = y[x : x + parts]
        again = again.extended(range(x, x + len(points)), points)
        x += len(points)
        assert again._buffer is first._buffer
    longer = again.extended(range(len(y), len(y) + len(other)), other)
    apart = root.extended(range(cut, cut + len(other)), other)
    for series, values in (
        (first, y),
        (again, y),
        (longer, y + other),
        (apart, y[:cut] + other),
        (root, y[:cut]),
    ):
        fresh = Series().extended(range(len(values)), values)
        assert repr(list(series.y)) == repr(values)
        assert repr(series.columns(0, 40, 7)) == repr(fresh.columns(0, 40, 7))
        assert repr(series.first_broken()) == repr(fresh.first_broken())
