"""Points apart, and curves among them that leave the view."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from tui.charts.canvas import draw
from tui.charts.chart import Chart, Curve
from tui.charts.layout import Points, lay_out, within
from tui.series import Series


def series(xs: list[float], ys: list[float]) -> Series:
    return Series().extended(xs, ys)


def scatter(xs: list[float], ys: list[float], sign: int = 0, role: str = "loss") -> Curve:
    return Curve("p", series(xs, ys), "points", role, sign=sign)


def texts(chart: Chart, width: int = 30, height: int = 8, marker: str = "braille") -> list[str]:
    rows, _ = draw(chart, width, height, marker)  # type: ignore[arg-type]
    return ["".join(text for text, _ in row) for row in rows]


def test_points_are_never_joined() -> None:
    rows = texts(Chart(curves=(scatter([0, 1, 2], [0, 2, 0]),)))
    assert "".join(rows).count("●") == 3
    assert not any("⠀" < sign <= "⣿" for row in rows for sign in row)


def test_a_point_lies_in_the_cell_of_the_line_through_it() -> None:
    for y in (0.0, 0.2, 0.35, 0.5, 0.77, 1.0):
        line = Curve("l", series([0, 1], [y, y]), "line")
        chart = Chart(curves=(line,), y_range=(0, 1))
        (row,) = {i for i, text in enumerate(texts(chart)) if any("⠀" < s <= "⣿" for s in text)}
        dotted = Chart(curves=(scatter([0.3], [y]),), y_range=(0, 1), x_range=(0, 1))
        assert "●" in texts(dotted)[row]


def test_the_first_of_two_sets_is_on_top_and_each_has_its_sign() -> None:
    train, test = scatter([0, 1], [0, 1]), scatter([1, 2], [1, 0], 1, "train-accuracy")
    rows, _ = draw(Chart(curves=(train, test)), 30, 8)
    pieces = [(sign, role) for row in rows for text, role in row for sign in text if sign in "●○"]
    assert sorted(pieces) == [("○", "train-accuracy"), ("●", "loss"), ("●", "loss")]
    plain = "".join(texts(Chart(curves=(train, test)), marker="ascii"))
    assert plain.isascii() and plain.count("o") == 2 and plain.count("x") == 1


def test_every_point_of_a_column_is_drawn() -> None:
    heights = [i / 10 for i in range(11)]
    rows = texts(Chart(curves=(scatter([1.0] * 11, heights),), x_range=(0, 2)), height=13)
    assert "".join(rows).count("●") == 11


def test_a_curve_that_leaves_the_view_is_cut_off_and_the_note_says_so() -> None:
    wild = Curve("fit", series([0, 1, 2, 3], [0, 1, 5e6, -2e6]), "line")
    points = scatter([0, 1], [0, 1])
    chart = Chart(curves=(points, wild), y_range=(-0.1, 1.1), clip=True)
    rows, note = draw(chart, 40, 10)
    assert note == "out of view: -2.00e6 … 5.00e6"
    joined = ["".join(text for text, _ in row) for row in rows]
    right = "".join(row[25:] for row in joined[1:-2])
    # Drawn along the edge it would fill the upper line to the right.
    assert sum("⠀" < sign <= "⣿" for sign in joined[0][20:]) <= 2
    assert all(sign in "  ⡇⢸⢀⡀⠁⠈⠘⠃⠸⠇⣸⣇⡜⢣⢱⡎⡏⢹" or not "⠀" < sign <= "⣿" for sign in right)


def test_nothing_is_said_where_nothing_leaves() -> None:
    chart = Chart(curves=(scatter([0, 1], [0, 1]),), y_range=(0, 1), clip=True)
    assert draw(chart, 40, 10)[1] == ""
    assert draw(Chart(clip=True, y_range=(0, 1)), 40, 10)[1] == ""


def test_a_path_ends_where_it_crosses_the_edge() -> None:
    assert within([(0.0, 0.5), (1.0, 1.5)]) == [(0.0, 0.5), (0.5, 1.0), None]
    assert within([(0.0, -1.0), (1.0, 2.0)]) == [None, (1 / 3, 0.0), (2 / 3, 1.0), None]
    assert within([(0.0, 2.0), (1.0, -1.0)]) == [None, (1 / 3, 1.0), (2 / 3, 0.0), None]
    assert within([(0.0, 2.0), (1.0, 3.0)]) == [None, None]
    assert within([(0.0, 0.5), None, (1.0, 2.0)]) == [(0.0, 0.5), None, None]


@given(
    st.lists(
        st.none() | st.tuples(st.floats(0, 1), st.floats(-1e6, 1e6)),
        max_size=20,
    )
)
def test_what_is_kept_of_a_path_lies_in_the_view(points: Points) -> None:
    kept = [point for point in within(points) if point is not None]
    assert all(0 <= y <= 1 for _, y in kept)
    inside = [point for point in points if point is not None and 0 <= point[1] <= 1]
    assert [point for point in kept if point in inside] == [p for p in kept if p in inside]
    assert len([p for p in kept if p in inside]) >= len(inside)


@given(
    st.lists(st.floats(allow_nan=True, allow_infinity=True), min_size=1, max_size=30),
    st.integers(12, 90),
    st.integers(3, 25),
    st.booleans(),
)
def test_any_points_in_any_room(ys: list[float], width: int, height: int, log: bool) -> None:
    xs = [float(i) for i in range(len(ys))]
    finite = [y for y in ys if math.isfinite(y) and (y > 0 or not log)]
    span = (min(finite), max(finite)) if finite else None
    curves = (scatter(xs, ys), Curve("fit", series(xs, ys[::-1]), "line"))
    chart = Chart(curves=curves, y_range=span, clip=span is not None, log=log)
    rows, _ = draw(chart, width, height)
    assert len(rows) == height
    assert all(sum(len(text) for text, _ in row) <= width for row in rows)


def test_points_out_of_the_view_are_not_drawn_at_its_edge() -> None:
    chart = Chart(curves=(scatter([0, 1, 2], [0, 0.5, 9.0]),), y_range=(0, 1), clip=True)
    placed = lay_out(chart, columns=60, cells=30, x_ticks=3, y_ticks=3).curves[0].points
    assert len(placed) == 2
