"""The heatmap on a stage."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from textual.geometry import Region
from widget_stage import Stage

from tui.capabilities import Capabilities
from tui.charts.heat import Heat
from tui.widgets.heatmap import Heatmap
from tui.widgets.pieces import shading_for

Picture = Callable[..., bool]
VALUES = tuple(
    tuple(math.nan if i + j > 30 else math.sin(i / 4) * j for j in range(24)) for i in range(20)
)
PHASES = Heat(
    title="depth scale",
    rows=tuple(f"{i / 10:.1f}" for i in range(20)),
    columns=tuple(f"{j / 4:.2f}" for j in range(24)),
    values=VALUES,
    points=((7.5, 4.0, "He"), (3.0, 12.0, "Xavier")),
)
GRID = Heat(
    title="test accuracy",
    rows=("he", "xavier", "normal 0.01"),
    columns=("relu", "tanh", "sigmoid"),
    values=((0.87, 0.86, math.nan), (0.86, 0.87, 0.81), (0.85, math.inf, 0.1)),
    cells=(("87 %", "86 %", ""), ("86 %", "87 %", "81 %"), ("85 %", "", "10 %")),
)
PLAIN = Capabilities(unicode=False, braille=False, colors="none")
SIXTEEN = Capabilities(colors="16")


@pytest.mark.parametrize("theme", ["mlp-dark", "mlp-light"])
@pytest.mark.parametrize("size", [(80, 30), (40, 16)], ids=str)
def test_heatmaps(snap_compare: Picture, size: tuple[int, int], theme: str) -> None:
    stage = Stage(Heatmap(PHASES), Heatmap(GRID), theme=theme)
    assert snap_compare(stage, terminal_size=size)


@pytest.mark.parametrize("terminal", [PLAIN, SIXTEEN], ids=["ascii", "16 colours"])
def test_a_heatmap_in_shades(snap_compare: Picture, terminal: Capabilities) -> None:
    stage = Stage(Heatmap(PHASES, capabilities=terminal), Heatmap(GRID, capabilities=terminal))
    assert snap_compare(stage, terminal_size=(80, 30))


async def test_only_the_row_that_changed_is_drawn_again(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = Heatmap(Heat(values=((0.0, 1.0), (0.0, 1.0), (0.0, 1.0))))
    async with Stage(shown).run_test(size=(20, 4)) as pilot:
        await pilot.pause()
        drawn: list[Region] = []
        monkeypatch.setattr(shown, "refresh", lambda *regions, **_: drawn.extend(regions))
        shown.show_heat(Heat(values=((0.0, 1.0), (0.5, 1.0), (0.0, 1.0))))
        assert [region.y for region in drawn] == [2]
        shown.show_heat(Heat(values=((0.0, 1.0), (0.5, 1.0), (0.0, 1.0))))
        assert len(drawn) == 1


def test_a_terminal_without_an_order_of_colours_gets_shades() -> None:
    assert shading_for(Capabilities()) == "color"
    assert shading_for(Capabilities(colors="256")) == "color"
    assert shading_for(SIXTEEN) == shading_for(Capabilities(colors="none")) == "blocks"
    assert shading_for(PLAIN) == "ascii"


@pytest.mark.parametrize("size", [(1, 1), (3, 2), (9, 3), (200, 60)])
async def test_any_size(size: tuple[int, int]) -> None:
    async with Stage(Heatmap(PHASES)).run_test(size=size) as pilot:
        await pilot.pause()
        assert len(pilot.app.rows()) == size[1]  # type: ignore[attr-defined]
