"""Tables of spelled values, folded to the width there is."""

from __future__ import annotations

import pytest
from widget_stage import Stage

from tui.widgets.text_table import TextTable, TextTableView

CASES = TextTable(
    "when the correction helps, and when it hurts",
    ("target", "m", "L1 estimate", "accuracy", "the correction"),
    (
        ("this shift", "8,450", "0.061", "0.714", "helps, +9.1 points"),
        ("no shift at all", "8,450", "0.055", "0.829", "hurts, -0.3 points"),
        ("only 30 examples", "30", "0.530", "0.714", "helps, +3.6 points"),
    ),
    (False, True, True, True, False),
)


async def _pages(width: int, height: int, moves: int) -> list[list[str]]:
    view = TextTableView()
    view.styles.height = height
    app = Stage(view)
    async with app.run_test(size=(width, height)) as pilot:
        view.show_table(CASES)
        pages = []
        for _ in range(moves + 1):
            await pilot.pause()
            pages.append([row.rstrip() for row in app.rows()])
            view.scroll_rows(1)
        return pages


async def test_a_wide_one_is_whole() -> None:
    (rows,) = await _pages(80, 6, 0)
    assert rows[0] == " when the correction helps, and when it hurts"
    assert rows[1].split()[-2:] == ["the", "correction"]
    assert rows[3] == " no shift at all   8,450        0.055     0.829  hurts, -0.3 points"


@pytest.mark.parametrize(("width", "height"), [(40, 7), (30, 4), (58, 5), (24, 6)])
async def test_all_columns_of_a_narrow_one_can_be_scrolled_to(width: int, height: int) -> None:
    pages = await _pages(width, height, 20)
    seen = {row for page in pages for row in page}
    for column, heading in enumerate(CASES.columns):
        for texts in (CASES.columns, *CASES.rows):
            assert any(texts[column] in row for row in seen), heading
    assert all(f" of {len(CASES.columns)}" in page[0] for page in pages)
    assert all(len(row) <= width for row in seen)


async def test_what_follows_stands_below_the_heading_of_its_block() -> None:
    pages = await _pages(40, 4, 20)
    assert pages[0] == [
        " when the correction …  columns 1-3 of 5",
        " target                m  L1 estimate",
        " this shift        8,450        0.061",
        " no shift at all   8,450        0.055",
    ]
    assert pages[-1] == [
        " when the correction…  columns 1, 5 of 5",
        " target            the correction",
        " no shift at all   hurts, -0.3 points",
        " only 30 examples  helps, +3.6 points",
    ]


async def test_rows_out_of_sight_are_counted() -> None:
    pages = await _pages(80, 4, 1)
    assert pages[0][0].endswith("  rows 1-2 of 3")
    assert pages[1][0].endswith("  rows 2-3 of 3")
