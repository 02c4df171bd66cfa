"""Tables that are folded to their room."""

from __future__ import annotations

import pytest

from tui.charts.folded import HEADING, blocks, lines, window


@pytest.mark.parametrize(
    ("widths", "room", "found"),
    [
        ([5, 5, 5], 19, ["0:5 1:5 2:5"]),
        ([5, 5, 5], 18, ["0:5 1:5", "0:5 2:5"]),
        ([5, 3, 3, 3, 3], 15, ["0:5 1:3 2:3", "0:5 3:3 4:3"]),
        ([5, 30, 3, 3], 20, ["0:5", "1:20", "0:5 2:3 3:3"]),
        ([16, 8, 3], 20, ["0:16", "0:10 1:8", "0:10 2:3"]),
        ([40, 4], 20, ["0:20", "0:10 1:4"]),
        ([], 20, []),
    ],
)
def test_every_column_has_a_place(widths: list[int], room: int, found: list[str]) -> None:
    spelled = [
        " ".join(f"{column}:{width}" for column, width in block)
        for block in blocks(widths, room, 2)
    ]
    assert spelled == found


def test_a_window_begins_with_the_heading_of_its_block() -> None:
    every = lines(2, 3)
    assert every == [(0, HEADING), (0, 0), (0, 1), (0, 2), (1, HEADING), (1, 0), (1, 1), (1, 2)]
    assert window(every, 0, 3) == [(0, HEADING), (0, 0), (0, 1)]
    assert window(every, 1, 3) == [(0, HEADING), (0, 1), (0, 2)]
    assert window(every, 2, 4) == [(0, HEADING), (0, 2), (1, HEADING), (1, 0)]
    assert window(every, 3, 4) == [(1, HEADING), (1, 0), (1, 1), (1, 2)]
    assert window(every, 5, 3) == [(1, HEADING), (1, 1), (1, 2)]
    assert window(every, 0, 0) == []
