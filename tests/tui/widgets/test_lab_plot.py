"""The names of an experiment's curves beside and below a plot's title."""

from __future__ import annotations

import pytest
from rich.cells import cell_len
from widget_stage import Stage

from tui.charts.chart import Chart, Curve
from tui.series import Series
from tui.widgets.lab_plot import LabPlot, legend_lines

NAMES = ("λ = 0 train", "λ = 0 test", "λ = 3 train", "λ = 3 test", "theory 0 predicted")


def _chart(names: tuple[str, ...] = NAMES, *, note: str = "") -> Chart:
    curves = []
    for at, name in enumerate(names, start=1):
        series = Series().extended((0.0, 1.0, 2.0), (1.0 * at, 2.0 * at, 3.0 * at))
        curves.append(Curve(name, series, "line", "loss"))
    return Chart("Loss", tuple(curves), note=note)


async def _rows(chart: Chart, width: int, height: int) -> list[str]:
    plot = LabPlot()
    app = Stage(plot)
    async with app.run_test(size=(width, height)) as pilot:
        plot.show_chart(chart)
        await pilot.pause()
        return [row.rstrip() for row in app.rows()]


@pytest.mark.parametrize(
    ("width", "height", "named"), [(80, 12, 5), (40, 12, 5), (40, 9, 5), (40, 8, 4), (40, 7, 2)]
)
async def test_names_without_room_are_counted(width: int, height: int, named: int) -> None:
    rows = await _rows(_chart(), width, height)
    told = " ".join(rows)
    assert [name for name in NAMES if name in told] == list(NAMES[:named])
    assert (f" +{5 - named}" in told) == (named < 5)
    assert rows[0].startswith(" Loss")
    assert "┬" in rows[-2]  # the axis is not given up for names
    assert all(cell_len(row) <= width for row in rows)


async def test_a_note_keeps_its_place_beside_the_title() -> None:
    for chart, last in ((_chart(note="y is cut"), "y is cut"), (_chart(), "λ = 3 train")):
        rows = await _rows(chart, 60, 8)
        assert rows[0].endswith(last)
        assert rows[1].startswith(" ──")
        assert cell_len(rows[0]) <= 60


def test_lines_of_names_are_never_empty_nor_too_wide() -> None:
    for width in range(4, 90):
        for most in (0, 1, 2):
            first, *rest = legend_lines(_chart(), [width // 2, *[width] * most])
            for room, line in ((width // 2, first), *((width, line) for line in rest)):
                assert sum(cell_len(text) for text, _ in line) <= max(room, 3)
            assert all(rest)
    assert legend_lines(_chart(()), [20, 40]) == [[]]
