"""Numbers as people read them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.charts.numbers import compact, duration, fixed, percent, power


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (812, "812"),
        (999.6, "1k"),
        (2350, "2.35k"),
        (60_000, "60k"),
        (1_234_567, "1.23M"),
        (-2500, "-2.5k"),
        (2e12, "2T"),
        (0.5, "0.5"),
        (math.inf, "Inf"),
    ],
)
def test_counts(value: float, text: str) -> None:
    assert compact(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (0.5123, "0.512"),
        (0.0831, "0.0831"),
        (1.23456e-4, "1.23e-4"),
        (9.999e-3, "0.0100"),
        (9.94e-3, "9.94e-3"),
        (4.5312, "4.53"),
        (13.41, "13.4"),
        (236.2, "236"),
        (9999.0, "9999"),
        (12345.0, "1.23e4"),
        (-0.0431, "-0.0431"),
        (1.7e300, "1.70e300"),
        (math.nan, "NaN"),
        (-math.inf, "-Inf"),
    ],
)
def test_measurements(value: float, text: str) -> None:
    assert fixed(value, 0) == text


@given(st.floats(1e-99, 1e99, allow_nan=False))
def test_a_measurement_keeps_its_width_and_its_value(value: float) -> None:
    text = fixed(value)
    assert len(text) == 7
    assert float(text) == pytest.approx(value, rel=6e-2)


def test_a_measurement_drops_digits_where_there_is_no_room() -> None:
    assert [fixed(-1.234e-12, width) for width in (9, 8, 7)] == ["-1.23e-12", "-1.2e-12", " -1e-12"]


@pytest.mark.parametrize(
    ("value", "text"),
    [(1e-3, "10^-3.0"), (0.0, "0"), (math.nan, "NaN"), (2.0, "10^0.3"), (-1.0, "-1.00")],
)
def test_powers(value: float, text: str) -> None:
    assert power(value, 0) == text


def test_shares() -> None:
    assert percent(0.8641) == " 86.4%"
    assert percent(math.nan) == "   NaN"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (7.4, "7 s"),
        (125, "2 min 05 s"),
        (4800, "1 h 20 min"),
        (math.nan, "–"),
        (math.inf, "–"),
        (-1, "–"),
    ],
)
def test_times_to_wait(seconds: float, text: str) -> None:
    assert duration(seconds) == text
