"""Pictures of every widget, at three sizes and in both themes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from textual.widget import Widget
from widget_stage import INFO, Stage, accuracy_chart, layer_rows, loss_chart, matrices

from tui.capabilities import Capabilities
from tui.widgets.header import RunHeader
from tui.widgets.histogram import Bars, Histogram
from tui.widgets.layer_table import LayerTable
from tui.widgets.log_line import LogLine
from tui.widgets.matrix_table import MatrixTable
from tui.widgets.plot import Plot

SIZES = pytest.mark.parametrize("size", [(120, 30), (80, 20), (40, 10)], ids=str)
Picture = Callable[..., bool]


def _layers() -> Widget:
    table = LayerTable()
    table.show_rows(layer_rows())
    return table


def _figures() -> list[Widget]:
    header, magnitudes, line = RunHeader(), MatrixTable(), LogLine()
    header.show_info(INFO)
    magnitudes.show_rows(matrices())
    line.show_note("step 900: lr 0.1 → 0.01", "info", "14:03:22")
    return [header, _layers(), magnitudes, line]


@SIZES
@pytest.mark.parametrize("theme", ["mlp-dark", "mlp-light"])
def test_charts(snap_compare: Picture, size: tuple[int, int], theme: str) -> None:
    stage = Stage(Plot(loss_chart()), Plot(accuracy_chart()), theme=theme)
    assert snap_compare(stage, terminal_size=size)


@SIZES
@pytest.mark.parametrize("theme", ["mlp-dark", "mlp-light"])
def test_figures(snap_compare: Picture, size: tuple[int, int], theme: str) -> None:
    async def focus(pilot: Any) -> None:
        pilot.app.query_one(LayerTable).focus()
        await pilot.pause()

    stage = Stage(*_figures(), theme=theme)
    assert snap_compare(stage, terminal_size=size, run_before=focus)


def test_a_log_axis_in_plain_signs(snap_compare: Picture) -> None:
    plain = Capabilities(unicode=False, braille=False, colors="none")
    stage = Stage(Plot(loss_chart(log=True), capabilities=plain))
    assert snap_compare(stage, terminal_size=(80, 20))


def test_a_log_axis_in_dots(snap_compare: Picture) -> None:
    dots = Capabilities(unicode=True, braille=False, colors="16")
    stage = Stage(Plot(loss_chart(log=True), capabilities=dots))
    assert snap_compare(stage, terminal_size=(80, 20))


def test_a_histogram(snap_compare: Picture) -> None:
    counts = tuple(int(1e5 * 2.718 ** (-((i - 25) ** 2) / 60)) for i in range(51))
    stage = Stage(Histogram(Bars("weight at step 1,000", -0.05, 0.05, counts)))
    assert snap_compare(stage, terminal_size=(60, 14))
