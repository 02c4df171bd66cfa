"""Small pictures and bars on a stage."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from shown_experiment import garment
from textual.geometry import Region
from widget_stage import Stage

from tui.capabilities import FULL, Capabilities
from tui.charts.bars import BarChart, BarGroup
from tui.charts.halfblocks import Picture
from tui.widgets.bars import BarPlot, bar_shading
from tui.widgets.pictures import Pictures

Compare = Callable[..., bool]
PLAIN = Capabilities(unicode=False, braille=False, colors="none")
SIXTEEN = Capabilities(colors="16")
MONOCHROME = Capabilities(colors="none")
TONES = ("good", "bad", "plain")
SHARES = (0.05, 0.3, 0.1, 0.2, 0.25, 0.1)
LABELS = ("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal")
SHIFT = BarChart(
    "label shift: p(y)",
    LABELS,
    (
        BarGroup("true", SHARES),
        BarGroup(
            "estimated",
            tuple(p + 0.02 for p in SHARES),
            tuple(p - 0.02 for p in SHARES),
            tuple(p + 0.06 for p in SHARES),
            "train-accuracy",
        ),
        BarGroup("theory even", (1 / 6,) * 6, role="mark", theory=True),
    ),
)
WEIGHTS = BarChart(
    "coefficients",
    ("1", "x", "x²", "x³"),
    (BarGroup("ridge", (1.2, -0.8, 0.01, math.nan), (1.0, -1.0, -0.2), (1.4, -0.6, 0.2)),),
)


def pictures(count: int = 7) -> list[Picture]:
    return [
        Picture(28, 28, garment(i), 1, f"{LABELS[i % 6]} {97 - i} %", TONES[i % 3])  # type: ignore[arg-type]
        for i in range(count)
    ]


def row(count: int = 7, terminal: Capabilities = FULL) -> Pictures:
    made = Pictures(capabilities=terminal)
    made.show_pictures("predicted", pictures(count))
    return made


@pytest.mark.parametrize("theme", ["mlp-dark", "mlp-light"])
@pytest.mark.parametrize("size", [(120, 22), (80, 20), (40, 14)], ids=str)
def test_pictures(snap_compare: Compare, size: tuple[int, int], theme: str) -> None:
    assert snap_compare(Stage(row(), theme=theme), terminal_size=size)


@pytest.mark.parametrize("theme", ["mlp-dark", "mlp-light"])
@pytest.mark.parametrize("terminal", [PLAIN, SIXTEEN], ids=["ascii", "16 colours"])
def test_pictures_in_shades(snap_compare: Compare, terminal: Capabilities, theme: str) -> None:
    assert snap_compare(Stage(row(4, terminal), theme=theme), terminal_size=(80, 12))


@pytest.mark.parametrize("theme", ["mlp-dark", "mlp-light"])
@pytest.mark.parametrize("size", [(120, 30), (80, 24), (40, 24)], ids=str)
def test_bars(snap_compare: Compare, size: tuple[int, int], theme: str) -> None:
    stage = Stage(BarPlot(SHIFT), BarPlot(WEIGHTS), theme=theme)
    assert snap_compare(stage, terminal_size=size)


@pytest.mark.parametrize("terminal", [PLAIN, MONOCHROME], ids=["ascii", "no colours"])
def test_bars_without_colours(snap_compare: Compare, terminal: Capabilities) -> None:
    stage = Stage(BarPlot(SHIFT, capabilities=terminal), BarPlot(WEIGHTS, capabilities=terminal))
    assert snap_compare(stage, terminal_size=(80, 24))


async def test_a_caption_that_changes_costs_its_cells_and_no_picture(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    computed: list[Picture] = []

    def counted(picture: Picture, *size: int, **options: object) -> object:
        computed.append(picture)
        return draw(picture, *size, **options)  # type: ignore[arg-type]

    from tui.widgets import pictures as module

    draw = module.draw_picture
    monkeypatch.setattr(module, "draw_picture", counted)
    shown = row(2)
    async with Stage(shown).run_test(size=(60, 12)) as pilot:
        await pilot.pause()
        assert len(computed) == 2
        drawn: list[Region] = []
        monkeypatch.setattr(shown, "refresh", lambda *regions, **_: drawn.extend(regions))
        first, second = pictures(2)
        told = Picture(28, 28, first.pixels, 1, "T-shirt/top 98 %", "good")
        shown.show_pictures("predicted", [told, second])
        assert len(computed) == 2
        assert [(region.y, region.height) for region in drawn] == [(11, 1)]
        shown.show_pictures("predicted", [told, second])
        assert len(drawn) == 1


async def test_rows_of_pictures_out_of_sight_are_scrolled_to() -> None:
    shown = row(7)
    async with Stage(shown).run_test(size=(44, 10)) as pilot:
        await pilot.pause()
        heads = []
        for by in (0, 1, 1, 1, -9):
            shown.scroll_rows(by)
            await pilot.pause()
            heads.append(pilot.app.rows()[0].strip())  # type: ignore[attr-defined]
        places = ("1-3", "4-6", "7-7", "7-7", "1-3")
        assert heads == [f"predicted  {place} of 7" for place in places]
        await pilot.resize_terminal(120, 30)
        await pilot.pause()
        assert pilot.app.rows()[0].strip() == "predicted"  # type: ignore[attr-defined]


async def test_shades_follow_the_paper_when_the_theme_changes() -> None:
    shown = row(1, SIXTEEN)
    async with Stage(shown).run_test(size=(30, 10)) as pilot:
        await pilot.pause()
        dark = pilot.app.rows()[1:8]  # type: ignore[attr-defined]
        pilot.app.theme = "mlp-light"
        await pilot.pause()
        light = pilot.app.rows()[1:8]  # type: ignore[attr-defined]
    swapped = str.maketrans("█▓▒░ ", " ░▒▓█")
    assert [line.rstrip() for line in light] == [
        line[:14].translate(swapped).rstrip() for line in dark
    ]


async def test_without_room_for_a_picture_its_words_stay() -> None:
    shown = row(2)
    async with Stage(shown).run_test(size=(60, 2)) as pilot:
        await pilot.pause()
        assert "T-shirt/top 97 % · Trouser 96 %" in pilot.app.rows()[0]  # type: ignore[attr-defined]
        shown.show_pictures("nothing", [])
        await pilot.pause()
        assert "nothing  not shown yet" in pilot.app.rows()[0]  # type: ignore[attr-defined]


@pytest.mark.parametrize("size", [(1, 1), (3, 2), (9, 3), (200, 60)])
async def test_any_size(size: tuple[int, int]) -> None:
    async with Stage(row(), BarPlot(SHIFT)).run_test(size=size) as pilot:
        await pilot.pause()
        assert len(pilot.app.rows()) == size[1]  # type: ignore[attr-defined]


def test_even_16_colours_tell_groups_apart() -> None:
    shades = [bar_shading(terminal) for terminal in (FULL, SIXTEEN, MONOCHROME, PLAIN)]
    assert shades == ["color", "color", "blocks", "ascii"]
