"""The computational graph on a stage."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from graph_scenes import backprop, forward
from textual.geometry import Region
from widget_stage import Stage

from tui.capabilities import Capabilities
from tui.charts.graph import Graph
from tui.widgets.graph import GraphView

Picture = Callable[..., bool]
SIZES = pytest.mark.parametrize("size", [(120, 16), (80, 10), (40, 8)], ids=str)
PLAIN = Capabilities(unicode=False, braille=False, colors="none")


@SIZES
@pytest.mark.parametrize("theme", ["mlp-dark", "mlp-light"])
@pytest.mark.parametrize("scene", [forward, backprop], ids=lambda scene: scene.__name__)
def test_graphs(
    snap_compare: Picture, scene: Callable[[], Graph], size: tuple[int, int], theme: str
) -> None:
    assert snap_compare(Stage(GraphView(scene()), theme=theme), terminal_size=size)


def test_a_graph_in_plain_signs(snap_compare: Picture) -> None:
    stage = Stage(GraphView(backprop(), capabilities=PLAIN))
    assert snap_compare(stage, terminal_size=(80, 13))


async def test_only_what_changed_is_drawn_again(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = GraphView(forward())
    async with Stage(shown).run_test(size=(120, 14)) as pilot:
        await pilot.pause()
        drawn: list[Region] = []
        monkeypatch.setattr(shown, "refresh", lambda *regions, **_: drawn.extend(regions))
        shown.show_graph(forward())
        assert drawn == []
        shown.show_graph(backprop())
        assert drawn
        assert all(region.width < 120 for region in drawn)


def test_a_row_of_boxes_wants_five_lines() -> None:
    assert GraphView(backprop()).lines_wanted(120) == 16
