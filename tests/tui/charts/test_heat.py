"""Heatmaps as cells: every size, every value, nothing hidden."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from tui.charts.heat import LEVELS, Heat, draw_heat, level_of
from tui.charts.pieces import Piece, Shading
from tui.theme import heat, heat_ink

SHADINGS: tuple[Shading, ...] = ("color", "blocks", "ascii")
NAN, INF = math.nan, math.inf


def plain(rows: list[list[Piece]]) -> list[str]:
    return ["".join(text for text, _, _ in row) for row in rows]


def grounds(row: list[Piece]) -> list[str]:
    """The ground of every cell of a row."""
    return [ground for text, _, ground in row for _ in text]


def ramp(rows: int, columns: int) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(float(i * columns + j) for j in range(columns)) for i in range(rows))


text = st.text("ab漢字 -0.5", max_size=6)
number = st.floats() | st.sampled_from([5e-324, 1e308, -1e308, 0.0])


@given(
    st.builds(
        Heat,
        title=text,
        rows=st.lists(text, max_size=5).map(tuple),
        columns=st.lists(text, max_size=5).map(tuple),
        values=st.lists(st.lists(number, max_size=6).map(tuple), max_size=6).map(tuple),
        cells=st.lists(st.lists(text, max_size=7).map(tuple), max_size=7).map(tuple),
        points=st.lists(st.tuples(number, number, text), max_size=3).map(tuple),
        whole=st.booleans(),
    ),
    st.integers(-1, 60),
    st.integers(-1, 20),
    st.sampled_from(SHADINGS),
)
def test_it_fits_any_room(shown: Heat, width: int, height: int, shading: Shading) -> None:
    rows = draw_heat(shown, width, height, shading)
    assert len(rows) <= max(0, height)
    for row in plain(rows):
        assert cell_len(row) <= max(width, len(" not measured yet"))


def test_each_cell_has_its_own_colour_from_low_to_high() -> None:
    _, line = draw_heat(Heat(values=(tuple(float(i) for i in range(LEVELS)),)), LEVELS, 2)
    assert grounds(line) == [f"heat-{i}" for i in range(LEVELS)]


def test_row_0_is_at_the_top() -> None:
    rows = draw_heat(Heat(rows=("a", "b"), values=((0.0,), (1.0,))), 20, 3)
    assert [row.strip() for row in plain(rows)[1:]] == ["a", "b"]
    assert "heat-0" in grounds(rows[1])
    assert f"heat-{LEVELS - 1}" in grounds(rows[2])


def test_more_rows_than_lines_go_two_to_a_line() -> None:
    rows = draw_heat(Heat(values=((0.0,), (1.0,), (0.0,), (1.0,))), 4, 3)
    signs = [(text[0], ink, ground) for (text, ink, ground), *_ in rows[1:]]
    assert signs == [("▀", "heat-0", f"heat-{LEVELS - 1}")] * 2


def test_an_odd_last_row_leaves_the_lower_half_empty() -> None:
    rows = draw_heat(Heat(values=((0.0,), (1.0,), (0.0,))), 4, 3)
    assert rows[-1][0][1:] == ("heat-0", "")


@pytest.mark.parametrize("shading", SHADINGS)
def test_what_has_no_value_is_hatched_and_the_legend_says_so(shading: Shading) -> None:
    rows = plain(draw_heat(Heat(title="t", values=((0.0, NAN),)), 60, 2, shading))
    hatch = "/" if shading == "ascii" else "╱"
    assert f"{hatch} none yet" in rows[0]
    assert rows[1].endswith(hatch)
    assert hatch not in rows[1][:1]


@pytest.mark.parametrize("shading", SHADINGS)
def test_an_infinite_value_is_marked(shading: Shading) -> None:
    rows = draw_heat(Heat(values=((0.0, 1.0, INF, -INF),)), 40, 2, shading)
    marks = [ink for text, ink, _ in rows[1] for sign in text if sign in "✗x"]
    assert set(marks) == {"alert"}
    assert len(marks) == len(plain(rows)[1]) // 2


def test_neighbours_that_share_a_cell_are_averaged_but_an_infinite_one_stays() -> None:
    values = tuple(float(i % 2) for i in range(16))
    _, line = draw_heat(Heat(values=((*values, INF, 0.0),)), 9, 2)
    assert [text for text, _, ground in line][-1] == "✗"
    assert set(grounds(line)[:8]) == {f"heat-{LEVELS // 2}"}


MASK = Heat(
    "a layer's mask: 0 or 1/(1 − p)",
    rows=tuple(str(32 * i) for i in range(16)),
    columns=tuple(map(str, range(32))),
    values=tuple(tuple(1.25 * ((i + j) % 2) for j in range(32)) for i in range(16)),
    whole=True,
)


@pytest.mark.parametrize("size", [(58, 5), (36, 6), (20, 6), (16, 4)])
def test_a_whole_matrix_shows_no_value_that_no_cell_has(size: tuple[int, int]) -> None:
    ends = {"heat-0", f"heat-{LEVELS - 1}"}
    shown = {tone for row in draw_heat(MASK, *size) for _, *both in row for tone in both}
    assert {tone for tone in shown if tone.startswith("heat-")} == ends
    _, *body, _ = plain(draw_heat(MASK, *size, "ascii"))
    assert {sign for row in body for sign in row[4:]} == {".", "@"}
    mean = {tone for row in draw_heat(replace(MASK, whole=False), *size) for *_, tone in row}
    assert not mean <= ends | {""}  # as neighbours of other matrices are averaged


@pytest.mark.parametrize(
    ("size", "shading", "told"),
    [
        ((60, 7), "color", " a layer's mask: 0 or 1/(1 − p), 8 of 16 rows"),
        ((60, 7), "ascii", " a layer's mask: 0 or 1/(1 − p), 4 of 16 rows"),
        ((36, 6), "blocks", " a layer's mask: 0 or…, 4 of 16 rows"),
        ((30, 12), "color", " a layer's …, 26 of 32 columns"),
        ((60, 11), "color", " a layer's mask: 0 or 1/(1 − p)  0            1.25"),
    ],
)
def test_a_whole_matrix_says_what_is_left_out(
    size: tuple[int, int], shading: Shading, told: str
) -> None:
    assert plain(draw_heat(MASK, *size, shading))[0].rstrip() == told


def test_shades_grow_denser() -> None:
    for shading, densest in (("blocks", "█"), ("ascii", "@")):
        row = plain(draw_heat(Heat(values=(tuple(map(float, range(9))),)), 9, 2, shading))[1]  # type: ignore[arg-type]
        assert row[-1] == densest
        assert row[0] in "·."


def test_texts_stand_in_their_cells_and_can_be_read() -> None:
    shown = Heat(values=((0.0, 1.0),), cells=(("12%", "99%"),))
    _, line = draw_heat(shown, 20, 2)
    written = {text: (ink, ground) for text, ink, ground in line if text.strip()}
    assert written == {
        "12%": ("ink-0", "heat-0"),
        "99%": (f"ink-{LEVELS - 1}", f"heat-{LEVELS - 1}"),
    }


def test_points_lie_in_the_middle_of_their_cells() -> None:
    shown = Heat(values=ramp(3, 4), points=((2.0, 1.0, "He"),))
    rows = plain(draw_heat(shown, 40, 4))
    assert rows[2].index("●") == 25
    assert "● He" in rows[2]
    assert "●" not in rows[1] + rows[3]


@pytest.mark.parametrize("at", [(-2.0, 0.0), (0.0, 9.0), (NAN, 0.0), (INF, 1.0)])
def test_a_point_outside_is_left_out(at: tuple[float, float]) -> None:
    rows = draw_heat(Heat(values=ramp(3, 4), points=((*at, "x"),)), 40, 4)
    assert not any("●" in row for row in plain(rows))


def test_labels_are_thinned_to_equal_distances() -> None:
    labels = tuple(f"{j}.00" for j in range(30))
    shown = Heat(rows=("r",), columns=labels, values=ramp(1, 30))
    foot = plain(draw_heat(shown, 62, 5))[-1].split()
    assert foot == [f"{j}.00" for j in range(0, 30, int(foot[1].partition(".")[0]))]


def test_a_title_says_where_it_is_cut() -> None:
    shown = Heat("C: share of each label", rows=("a",), columns=("b",), values=((1.0,),))
    assert plain(draw_heat(shown, 16, 8))[0] == " C: share of ea…"
    assert plain(draw_heat(shown, 16, 8, "ascii"))[0] == " C: share of ea."
    assert plain(draw_heat(shown, 23, 8))[0].rstrip() == " C: share of each label"


def test_labels_may_be_cut_to_their_columns() -> None:
    names = ("trouser", "to", "sneaker", "sandal")
    shown = Heat(rows=names, columns=names, values=ramp(4, 4), cut=True)
    rows = plain(draw_heat(shown, 8 + 16, 6))
    assert rows[-1].split() == ["tro", "to", "sne", "san"]
    for name, label in zip(("tro", "sne", "san"), (0, 2, 3), strict=True):
        assert rows[-1].index(name) in range(8 + 4 * label, 8 + 4 * label + 2)
    narrow = plain(draw_heat(shown, 8 + 8, 6))  # t, t, s, s would name nothing
    assert narrow[-1].split() == ["0", "1", "2", "3"]
    assert [row.split()[:2] for row in narrow[1:-1]] == [
        ["0", "tr"], ["1", "to"], ["2", "sn"], ["3", "sa"]
    ]  # fmt: skip
    digits = Heat(rows=("0", "1"), columns=("0", "1"), values=ramp(2, 2), cut=True)
    assert plain(draw_heat(digits, 6, 4))[-2].split()[0] == "1"


COUNTS = Heat(
    "counts",
    values=((0.8, 0.15, 0.05), (0.0, 1.0, 0.0)),
    cells=(("800", "150", "50"), ("", "1000", "")),
    narrow=Heat(
        "%", values=((0.8, 0.15, 0.05), (0, 1, 0)), cells=(("80", "15", "5"), ("", "100", ""))
    ),
)


@pytest.mark.parametrize(
    ("wide", "title", "first", "second"),
    [
        (5, "counts", "800 150 50", "1000"),
        (4, "counts", "800 150 50", "1000"),
        (3, "%", "80 15 5", "100"),
        (2, "coun…", "", ""),
    ],
)
def test_numbers_beside_each_other_never_read_as_one(
    wide: int, title: str, first: str, second: str
) -> None:
    head, *lines = plain(draw_heat(COUNTS, 3 * wide, 3))
    assert head.split()[0] == title
    assert [" ".join(line.split()) for line in lines] == [first, second]
    without = replace(COUNTS, narrow=None)
    assert plain(draw_heat(without, 9, 3))[1].strip() == ""  # 80015050


@pytest.mark.parametrize(("power", "level"), [(1.0, 1), (0.5, 5), (0.25, 11)])
def test_colours_may_follow_a_root(power: float, level: int) -> None:
    shown = Heat(values=((0.0, 0.0625 - 0.01, 1.0),), power=power)
    assert grounds(draw_heat(shown, 9, 2)[1])[3:6] == [f"heat-{level}"] * 3
    assert level_of(0.0, 0.0, 1.0, power) == 0
    assert level_of(1.0, 0.0, 1.0, power) == LEVELS - 1


def test_the_legend_tells_the_extremes() -> None:
    head = plain(draw_heat(Heat(title="accuracy", values=((0.125, 0.875),)), 60, 2))[0]
    assert head.split() == ["accuracy", "0.125", "0.875"]


def test_levels_at_the_ends_of_what_floats_hold() -> None:
    assert level_of(1e308, -1e308, 1e308) == LEVELS - 1
    assert level_of(0.0, -1e308, 1e308) == LEVELS // 2
    assert level_of(5e-324, 0.0, 5e-324) == LEVELS - 1
    assert level_of(3.0, 3.0, 3.0) == LEVELS // 2


def test_the_scale_grows_lighter_and_its_ink_stands_out() -> None:
    def lightness(color: str) -> float:
        r, g, b = (int(color[at : at + 2], 16) / 255 for at in (1, 3, 5))
        return 0.2126 * r**2.2 + 0.7152 * g**2.2 + 0.0722 * b**2.2

    scale = [lightness(heat(i / (LEVELS - 1))) for i in range(LEVELS)]
    assert scale == sorted(scale)
    for i, light in enumerate(scale):
        ink = lightness(heat_ink(i / (LEVELS - 1)))
        assert (max(ink, light) + 0.05) / (min(ink, light) + 0.05) > 3
