"""Panels that share a terminal."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tui.lab.arrangement import arrange, shared


@given(st.lists(st.integers(0, 40), max_size=8), st.integers(-3, 80))
def test_nobody_gets_more_than_asked_and_nothing_is_left_that_is_wanted(
    wanted: list[int], room: int
) -> None:
    got = shared(wanted, room)
    assert all(0 <= have <= want for have, want in zip(got, wanted, strict=True))
    assert sum(got) == min(sum(wanted), max(0, room)) or not wanted


@given(
    st.integers(1, 250),
    st.integers(-2, 80),
    st.lists(st.sampled_from([0, 0, 0, 3, 9, 18, 40]), max_size=10),
    st.lists(st.integers(1, 30), min_size=1, max_size=7),
    st.integers(-9, 9),
)
def test_every_panel_is_on_screen_or_a_key_away(
    width: int, height: int, figures: list[int], texts: list[int], chosen: int
) -> None:
    figures.sort(key=bool)
    plan = arrange(width, height, figures, texts, chosen)
    assert len(plan.figures) + len(plan.texts) + plan.hidden == len(figures) + len(texts)
    assert set(plan.figures) <= set(range(len(figures)))
    assert set(plan.texts) <= set(range(len(texts)))
    broad = [index for index in plan.figures if figures[index]]
    assert len(plan.broad_rows) == len(broad) or plan.one
    if not plan.one:
        assert sum(plan.broad_rows) + sum(plan.text_rows) <= height
        assert sum(plan.text_rows) <= height
        assert len(texts) - 1 in plan.texts
    seen_figures, seen_texts = set(), set()
    for step in range(len(figures) + len(texts)):
        turned = arrange(width, height, figures, texts, chosen + step)
        seen_figures |= set(turned.figures)
        seen_texts |= set(turned.texts)
    assert seen_figures == set(range(len(figures)))
    assert seen_texts == set(range(len(texts)))


def test_three_figures_stand_side_by_side_where_there_is_room() -> None:
    plan = arrange(120, 30, [0] * 3, [1], 0)
    assert (plan.figures, plan.figure_columns, plan.hidden) == ((0, 1, 2), 3, 0)


def test_four_figures_make_a_square() -> None:
    plan = arrange(120, 30, [0] * 4, [1], 0)
    assert (len(plan.figures), plan.figure_columns) == (4, 2)


def test_a_small_terminal_shows_one_panel_at_a_time() -> None:
    plans = [arrange(40, 8, [0, 9], [5, 1], chosen) for chosen in range(4)]
    assert [(plan.figures, plan.texts) for plan in plans] == [
        ((0,), ()),
        ((1,), ()),
        ((), (0,)),
        ((), (1,)),
    ]
    assert all(plan.one and plan.hidden == 3 for plan in plans)


def test_tables_stand_beside_each_other_above_the_claims() -> None:
    plan = arrange(120, 40, [0], [6, 4, 7], 0)
    assert (plan.texts, plan.text_columns, plan.text_rows) == ((0, 1, 2), 2, (6, 7))


def test_a_row_of_pictures_has_a_line_of_its_own_below_the_charts() -> None:
    plan = arrange(120, 26, [0, 0, 0, 9], [4], 0)
    assert (plan.figures, plan.figure_columns, plan.hidden) == ((0, 1, 2, 3), 3, 0)
    assert plan.broad_rows == (9,)


def test_more_pictures_get_more_lines_where_the_charts_leave_some() -> None:
    assert arrange(120, 40, [0, 0, 18], [1], 0).broad_rows == (18,)
    assert arrange(120, 30, [0, 0, 40], [1], 0).broad_rows == (14,)
    assert arrange(120, 18, [0, 0, 40], [1], 0).broad_rows == (9,)


def test_pictures_that_do_not_fit_beside_the_charts_are_a_page_away() -> None:
    plans = [arrange(80, 16, [0, 0, 9], [1], chosen) for chosen in range(3)]
    assert [plan.figures for plan in plans] == [(0, 1), (2,), (0, 1)]
    assert [plan.broad_rows for plan in plans] == [(), (0,), ()]
    assert [plan.hidden for plan in plans] == [1, 2, 1]


def test_each_page_shows_what_the_others_do_not() -> None:
    figures, texts = [0] * 7 + [9, 9], [6, 6, 6, 4]
    pages = [arrange(100, 30, figures, texts, page) for page in range(20)]
    rounds = next(at for at in range(1, 20) if pages[at] == pages[0])
    shown = [index for page in pages[:rounds] for index in page.figures]
    assert sorted(shown) == list(range(9))
    assert {at for page in pages[:rounds] for at in page.texts} == {0, 1, 2, 3}
