"""Charts drawn into cells."""

from __future__ import annotations

import math
import subprocess
import sys
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui.charts.canvas import Marker, Run, draw
from tui.charts.chart import Chart, Curve, CurveStyle, VerticalMark
from tui.series import Series

WILD = st.one_of(
    st.floats(),
    st.sampled_from([math.nan, math.inf, -math.inf, 1e-300, 1e300, 5e-324, -1e300, 0.0, 1.0]),
)


def _text(rows: list[list[Run]]) -> list[str]:
    return ["".join(text for text, _ in row) for row in rows]


def _curve(ys: list[float], style: CurveStyle = "line", **more: object) -> Curve:
    return Curve("train", Series().extended(range(len(ys)), ys), style, **more)  # type: ignore[arg-type]


@st.composite
def charts(draw_: st.DrawFn) -> Chart:
    curves = tuple(
        _curve(
            draw_(st.lists(WILD, max_size=30)),
            draw_(st.sampled_from(get_args(CurveStyle))),
            smoothing=draw_(st.sampled_from([0.0, 0.9, 0.999])),
        )
        for _ in range(draw_(st.integers(0, 3)))
    )
    ends = st.one_of(st.none(), st.tuples(st.floats(-1e3, 1e6), st.floats(-1e3, 1e6)))
    return Chart(
        "loss",
        curves,
        x_range=draw_(ends),
        y_range=draw_(st.one_of(st.none(), st.tuples(WILD, WILD).filter(_numbers))),
        log=draw_(st.booleans()),
        percent=draw_(st.booleans()),
        robust=draw_(st.booleans()),
        marks=tuple(VerticalMark(x, "lr 0.1 → 0.01") for x in draw_(st.lists(WILD, max_size=2))),
    )


def _numbers(pair: tuple[float, float]) -> bool:
    return not any(math.isnan(v) for v in pair)


@settings(max_examples=150)
@given(charts(), st.integers(0, 200), st.integers(0, 60), st.sampled_from(get_args(Marker)))
def test_any_chart_fits_any_size(chart: Chart, width: int, height: int, marker: Marker) -> None:
    rows, _ = draw(chart, width, height, marker)
    assert len(rows) == (height if width >= 12 and height >= 3 else 0)
    for text in _text(rows):
        assert len(text) <= width
        assert marker != "ascii" or text.isascii()


@pytest.mark.parametrize("size", [(200, 200), (12, 3), (11, 3), (12, 2), (0, 0), (1, 1)])
def test_the_largest_and_the_smallest(size: tuple[int, int]) -> None:
    rows, _ = draw(Chart("loss", (_curve([3.0, 2.0, 1.0]),)), *size)
    assert len(rows) == (size[1] if size[0] >= 12 and size[1] >= 3 else 0)


def test_a_falling_line_falls() -> None:
    rows, _ = draw(Chart(curves=(_curve([2.0, 1.0, 0.0]),)), 30, 10, "ascii")
    columns = [row.index("*") for row in _text(rows) if "*" in row]
    assert columns == sorted(columns)
    assert len(columns) == 8
    assert _text(rows)[0].startswith("  2.0+")
    assert _text(rows)[-1].split() == ["0", "1", "step", "2"]


@pytest.mark.parametrize(
    ("width", "highest", "foot"),
    [
        (58, 2.5, ["0", "1", "2", "log10…"]),
        (38, 2.5, ["0", "log10 of the largest…", "2"]),
        (80, 3.9, ["0", "1", "2", "3", "log10…"]),
        (38, 1.2, ["0", "log10 of the largest…", "1"]),
    ],
)
def test_an_axis_is_named_where_a_word_of_the_name_fits(
    width: int, highest: float, foot: list[str]
) -> None:
    series = Series().extended([0.0, highest], [0.0, 1.0])
    chart = Chart(curves=(Curve("mse", series),), x_label="log10 of the largest weight")
    rows, _ = draw(chart, width, 8)
    assert _text(rows)[-1].split() == " ".join(foot).split()


@pytest.mark.parametrize(("value", "name"), [(math.nan, "NaN"), (math.inf, "Inf")])
def test_what_is_not_finite_is_marked_where_it_happened(value: float, name: str) -> None:
    series = Series().extended(range(1, 2001), [1.0] * 811 + [value] + [1.0] * 1188)
    chart = Chart(curves=(Curve("train", series),), x_range=(0, 2000))
    rows, _ = draw(chart, 60, 12)
    top = _text(rows)[0]
    assert f"✗ {name} at step 812" in top
    assert abs(top.index("✗") - (6 + 53 * 812 / 2000)) <= 1
    assert ("alert") in {role for _, role in rows[0]}


def test_where_the_words_do_not_fit_the_sign_stays() -> None:
    rows, _ = draw(Chart(curves=(_curve([1.0, math.nan, 1.0]),)), 18, 8)
    assert "✗" in _text(rows)[0]
    assert "NaN" in _text(rows)[0]


def test_a_curve_of_nothing_but_nan_is_marked() -> None:
    rows, _ = draw(Chart(curves=(_curve([math.nan] * 5, smoothing=0.9),), log=True), 58, 14)
    assert "NaN at step 0" in _text(rows)[0]


def test_a_spike_among_many_points_is_drawn() -> None:
    ys = [0.0] * 100_000
    ys[50_000] = 1.0
    rows, _ = draw(Chart(curves=(_curve(ys, "dots"),)), 60, 12)
    assert any(0x2800 < ord(sign) < 0x2900 for sign in _text(rows)[0])


def test_a_mark_stands_where_it_happened_with_its_words() -> None:
    chart = Chart(x_range=(0, 100), marks=(VerticalMark(50, "lr 0.1 → 0.01"),))
    rows, _ = draw(chart, 60, 12)
    text = _text(rows)
    assert {row.index("┊") for row in text[:10]} == {32}
    assert "┊ lr 0.1 → 0.01" in text[0]


def test_marks_do_not_write_over_one_another() -> None:
    marks = tuple(VerticalMark(50 + i, f"lr 0.1 → 0.0{i}") for i in (1, 2, 3))
    text = "\n".join(_text(draw(Chart(x_range=(0, 100), marks=marks), 80, 12)[0]))
    assert all(mark.label in text for mark in marks)


def test_a_mark_outside_the_axis_is_not_drawn() -> None:
    chart = Chart(x_range=(0, 100), marks=(VerticalMark(101, "late"), VerticalMark(math.nan, "?")))
    assert "┊" not in "".join(_text(draw(chart, 60, 12)[0]))


def test_cutting_the_axis_is_said() -> None:
    ys = [236.0, 90.0, *(0.8 + 0.001 * (i % 10) for i in range(300))]
    rows, note = draw(Chart(curves=(_curve(ys),), robust=True, note="synthetic"), 60, 12)
    assert note == "synthetic · y cut at 95 %, largest 236"
    assert float(_text(rows)[0].split("┤")[0]) < 1
    assert draw(Chart(curves=(_curve(ys),)), 60, 12)[1] == ""


def test_nonpositive_values_lie_on_the_lower_edge_of_a_log_axis() -> None:
    rows, _ = draw(
        Chart(curves=(_curve([0.0, 1.0, 10.0, 100.0], "dots"),), log=True), 60, 12, "ascii"
    )
    assert _text(rows)[9][6] == "."


def test_curves_keep_their_roles_and_differ_without_colour() -> None:
    styles: list[CurveStyle] = ["ghost", "dots", "line", "marks"]
    curves = tuple(
        Curve(s, Series().extended(range(50), [i + 0.02 * x for x in range(50)]), s, f"role-{s}")
        for i, s in enumerate(styles)
    )
    rows, _ = draw(Chart(curves=curves), 60, 20, "ascii")
    signs = {style: set[str]() for style in styles}
    for row in rows[:18]:
        for text, role in row:
            if role.startswith("role-"):
                signs[role.removeprefix("role-")] |= set(text) - {" "}
    assert signs == {"ghost": {"'"}, "dots": {"."}, "line": {"*"}, "marks": {"*", "o"}}


def test_ghosts_lie_above_dots_and_below_lines() -> None:
    flat = Series().extended(range(60), [1.0] * 60)

    def seen(*styles: CurveStyle) -> dict[str, int]:
        curves = tuple(Curve(style, flat, style, style) for style in styles)
        rows, _ = draw(Chart(curves=curves, x_range=(0, 59)), 60, 12)
        return {
            s: sum(len(text) for row in rows for text, role in row if role == s) for s in styles
        }

    both = seen("ghost", "dots")
    assert both["ghost"] > 40 > both["dots"]
    assert seen("line", "ghost") == {"line": 53, "ghost": 0}


def test_the_axis_stands_still_while_the_run_goes_on() -> None:
    def feet(count: int) -> list[str]:
        ys = [2.3 * math.exp(-i / 300) + 0.4 for i in range(count)]
        chart = Chart(curves=(_curve(ys, "dots"),), x_range=(0, 2350))
        return [row[:6] for row in _text(draw(chart, 58, 14)[0])]

    assert feet(700) == feet(1500) == feet(2350)


def test_drawing_is_repeatable() -> None:
    script = (
        "from tui.charts.canvas import draw; from tui.charts.chart import *;"
        "from tui.series import Series;"
        "s = Series().extended(range(300), [(i * 37 % 101) / 50 for i in range(300)]);"
        "c = Chart('loss', (Curve('a', s, 'dots'), Curve('b', s, smoothing=.9)), x_range=(0, 400));"
        "print(draw(c, 70, 20))"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", script],
            capture_output=True,
            check=True,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(outputs) == 1


def test_plotext_waits_for_the_first_drawing() -> None:
    script = (
        "import sys, tui.widgets.plot;"
        "print([m for m in ('plotext', 'torch', 'numpy', 'engine') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
