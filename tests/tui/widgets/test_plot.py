"""The chart's widget."""

from __future__ import annotations

import math

import pytest
from widget_stage import Stage, accuracy_chart, loss_chart

from tui.capabilities import Capabilities
from tui.charts.chart import Chart, Curve
from tui.series import Series
from tui.widgets.plot import Plot, legend


def _legend(chart: Chart, width: int, note: str = "") -> str:
    return "".join(text for text, _ in legend(chart, note, width))


def test_the_legend_names_what_fits_and_ghosts_give_way() -> None:
    chart = loss_chart()
    assert _legend(chart, 80) == " loss   ── train 0.401  ┈┈ init he 0.353  ┈┈ [b]Xavier"
    assert _legend(chart, 38) == " loss   ── train 0.401  ┈┈ init he"
    assert _legend(chart, 25) == " loss   ── train 0.401"
    assert _legend(chart, 20) == " loss   ── 0.401"
    assert _legend(chart, 10) == " loss "


def test_the_note_stands_at_the_right_where_there_is_room() -> None:
    chart = Chart("loss")
    assert _legend(chart, 30, "y cut at 95 %") == " loss " + " " * 11 + "y cut at 95 %"
    assert _legend(chart, 18, "y cut at 95 %") == " loss "


@pytest.mark.parametrize("size", [(11, 20), (60, 3), (1, 1)])
async def test_too_small_a_plot_is_blank(size: tuple[int, int]) -> None:
    app = Stage(Plot(loss_chart()))
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        assert "".join(app.rows()).strip() == ""


async def test_the_smallest_plot_shows_its_curve() -> None:
    app = Stage(Plot(loss_chart()))
    async with app.run_test(size=(12, 4)) as pilot:
        await pilot.pause()
        assert "loss" in app.rows()[0]
        assert any(0x2800 < ord(sign) < 0x2900 for sign in "".join(app.rows()))


async def test_a_plain_terminal_gets_plain_signs() -> None:
    app = Stage(Plot(accuracy_chart(), capabilities=Capabilities(False, False, "none")))
    async with app.run_test(size=(80, 16)) as pilot:
        await pilot.pause()
        assert all(row.isascii() for row in app.rows())


async def test_a_terminal_without_braille_gets_dots() -> None:
    app = Stage(Plot(accuracy_chart(), capabilities=Capabilities(True, False, "16")))
    async with app.run_test(size=(80, 16)) as pilot:
        await pilot.pause()
        shown = "".join(app.rows())
        assert "•" in shown
        assert not any(0x2800 <= ord(sign) < 0x2900 for sign in shown)


async def test_an_equal_chart_is_not_drawn_again(monkeypatch: pytest.MonkeyPatch) -> None:
    plot = Plot(loss_chart())
    async with Stage(plot).run_test(size=(80, 20)) as pilot:
        await pilot.pause()
        drawn: list[object] = []
        monkeypatch.setattr(plot, "redraw", lambda: drawn.append(plot.chart))
        plot.show_chart(plot.chart)
        assert drawn == []
        plot.show_chart(Chart("other"))
        assert len(drawn) == 1


async def test_a_new_point_refreshes_a_small_part(monkeypatch: pytest.MonkeyPatch) -> None:
    series = Series().extended(range(1, 1001), [2 * math.exp(-i / 300) for i in range(1000)])
    plot = Plot(Chart("loss", (Curve("train", series),), x_range=(0, 2350)))
    async with Stage(plot).run_test(size=(80, 20)) as pilot:
        await pilot.pause()
        asked: list[int] = []
        refresh = plot.refresh

        def spy(*regions: object, **options: bool) -> Plot:
            asked.extend(region.area for region in regions)  # type: ignore[attr-defined]
            return refresh(*regions, **options)  # type: ignore[arg-type]

        monkeypatch.setattr(plot, "refresh", spy)
        longer = series.extended(
            range(1001, 1041), [2 * math.exp(-i / 300) for i in range(1000, 1040)]
        )
        plot.show_chart(Chart("loss", (Curve("train", longer),), x_range=(0, 2350)))
        assert 1 <= sum(asked) <= 4


async def test_a_storm_of_sizes() -> None:
    app = Stage(Plot(loss_chart(log=True)))
    async with app.run_test(size=(80, 20)) as pilot:
        for size in ((1, 1), (12, 4), (200, 60), (13, 60), (200, 5), (80, 20)):
            await pilot.resize_terminal(*size)
        await pilot.pause()
        assert "NaN at step 1,501" in "".join(app.rows())
