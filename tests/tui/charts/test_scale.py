"""Axes and smoothing."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.charts.scale import (
    Axis,
    log_axis,
    nice_step,
    robust_top,
    smoothed,
    step_axis,
    value_axis,
)

ANY = st.one_of(st.floats(allow_nan=False), st.sampled_from([0.0, 1e-300, 1e300, -1e300]))


def _sound(axis: Axis) -> None:
    assert axis.high > axis.low
    places = [tick.at for tick in axis.ticks]
    assert places == sorted(set(places))
    assert all(0 <= at <= 1 for at in places)
    assert len({tick.label for tick in axis.ticks}) == len(axis.ticks)


@given(ANY, ANY, st.integers(1, 8))
def test_every_range_has_an_axis_that_holds_it(one: float, other: float, most: int) -> None:
    low, high = min(one, other), max(one, other)
    axis = value_axis(low, high, most)
    _sound(axis)
    assert len(axis.ticks) <= most + 3
    for value in (low, high):
        assert 0 <= axis.place(value) <= 1
    if abs(low) < 1e299 and abs(high) < 1e299:
        slack = 1e-6 * (axis.high - axis.low)
        assert axis.low - slack <= low
        assert high <= axis.high + slack


@given(ANY, ANY, st.integers(1, 8))
def test_every_range_has_a_log_axis(one: float, other: float, most: int) -> None:
    low, high = min(one, other), max(one, other)
    axis = log_axis(low, high, most)
    _sound(axis)
    for value in (low, high):
        assert 0 <= axis.place(value) <= 1


@given(st.floats(0, 1e12), st.floats(0, 1e12), st.integers(0, 12))
def test_every_range_of_steps_has_an_axis(one: float, other: float, most: int) -> None:
    axis = step_axis(min(one, other), max(one, other), most)
    assert axis.high > axis.low
    assert len(axis.ticks) <= most + 1
    assert all(0 <= tick.at <= 1 for tick in axis.ticks)
    assert len({tick.label for tick in axis.ticks}) == len(axis.ticks)


@pytest.mark.parametrize(("at", "label"), [(1.0, "1"), (60_000.0, "60k"), (-3.0, "-3")])
def test_a_single_abscissa_has_a_single_label_below_it(at: float, label: str) -> None:
    (tick,) = step_axis(at, at, 3).ticks
    assert (tick.label, tick.at) == (label, pytest.approx(0.5))


def test_of_places_with_one_label_the_one_that_it_names_has_it() -> None:
    axis = step_axis(59_960.0, 60_260.0, 6)
    assert [tick.label for tick in axis.ticks] == ["60k", "60.1k", "60.2k"]
    assert [tick.at for tick in axis.ticks] == pytest.approx([40 / 300, 140 / 300, 240 / 300])


@given(st.floats(1e-300, 1e300), st.integers(1, 20))
def test_a_nice_step_is_one_two_or_five(span: float, most: int) -> None:
    step = nice_step(span, most)
    assert span / step <= most * (1 + 1e-6)
    digits = f"{step:.6e}"
    assert digits.partition("e")[0].rstrip("0").rstrip(".") in {"1", "2", "5", "10"}


@pytest.mark.parametrize(
    ("low", "high", "labels"),
    [
        (0.35, 2.31, ["0.0", "0.5", "1.0", "1.5", "2.0", "2.5"]),
        (-3.0, 40.0, ["-10", "0", "10", "20", "30", "40"]),
        (1e-6, 4e-6, ["0", "1e-6", "2e-6", "3e-6", "4e-6"]),
        (5.0, 5.0, ["4.997", "4.998", "4.999", "5.000", "5.001", "5.002", "5.003"]),
        (0.0, 0.0, ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
    ],
)
def test_labels_of_a_linear_axis(low: float, high: float, labels: list[str]) -> None:
    assert [tick.label for tick in value_axis(low, high, 5).ticks] == labels


def test_an_axis_of_shares_says_percent() -> None:
    axis = value_axis(0.11, 0.87, 5, percent=True)
    assert [tick.label for tick in axis.ticks] == ["0%", "20%", "40%", "60%", "80%", "100%"]


@pytest.mark.parametrize(
    ("low", "high", "labels"),
    [
        (0.37, 2.3, ["0.2", "0.5", "1", "2", "5"]),
        (1e-7, 0.9, ["1e-7", "1e-5", "1e-3", "1e-1", "1e1"]),
        (100.0, 100.0, ["100", "200"]),
    ],
)
def test_labels_of_a_log_axis(low: float, high: float, labels: list[str]) -> None:
    assert [tick.label for tick in log_axis(low, high, 5).ticks] == labels


def test_the_axis_of_steps_keeps_its_limits() -> None:
    axis = step_axis(0, 2350, 5)
    assert (axis.low, axis.high) == (0, 2350)
    assert [t.label for t in axis.ticks] == ["0", "500", "1k", "1.5k", "2k"]


def test_limits_stand_still_while_the_loss_falls() -> None:
    axes = {value_axis(low, 2.31, 5) for low in (0.9, 0.8, 0.7, 0.61)}
    assert len({axis.high for axis in axes}) == 1
    assert len(axes) <= 2


def test_values_beyond_the_axis_lie_on_its_edge() -> None:
    axis = value_axis(0, 1, 5)
    assert (axis.place(7), axis.place(-7)) == (1, 0)
    assert log_axis(0.1, 1, 5).place(-1.0) == 0


def test_smoothing_starts_at_the_first_value_and_follows_the_recursion() -> None:
    w, values = 0.9, [2.0, 1.0, 4.0]
    m1 = 0.1 * 2
    m2 = 0.9 * m1 + 0.1 * 1
    m3 = 0.9 * m2 + 0.1 * 4
    expected = [2.0, m2 / (1 - 0.81), m3 / (1 - 0.729)]
    assert smoothed(values, w) == pytest.approx(expected)


def test_smoothing_passes_over_what_is_not_finite() -> None:
    out = smoothed([1.0, math.nan, 1.0, math.inf, 1.0], 0.9)
    assert [v for v in out if math.isfinite(v)] == pytest.approx([1.0, 1.0, 1.0])
    assert math.isnan(out[1])
    assert math.isnan(out[3])


@given(st.lists(st.tuples(st.floats(-10, 10), st.integers(1, 9)), max_size=20), st.floats(0, 0.999))
def test_a_value_for_several_points_weighs_as_many(
    runs: list[tuple[float, int]], weight: float
) -> None:
    spelled_out = smoothed([v for v, n in runs for _ in range(n)], weight)
    ends, at = [], 0
    for _, n in runs:
        at += n
        ends.append(spelled_out[at - 1])
    values, counts = [v for v, _ in runs], [n for _, n in runs]
    assert smoothed(values, weight, counts) == pytest.approx(ends, abs=1e-6)


def test_a_few_outliers_are_cut_and_honest_curves_are_not() -> None:
    assert robust_top([1.0] * 90 + [1.1] * 9 + [236.0]) == 1.1
    assert robust_top([2.3 - 0.01 * i for i in range(200)]) is None
    assert robust_top([1.0, 100.0]) is None
    assert robust_top([1.0] * 100) is None
