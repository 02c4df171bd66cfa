"""Only the cells that changed are drawn again."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual.app import App, ComposeResult
from textual.geometry import Region
from textual.strip import Strip

from tui.theme import DARK, LIGHT, THEMES
from tui.widgets.strips import StripView, changed_regions

RED, BLUE = Style(color="red"), Style(color="blue")


class Stage(App[None]):
    """An app with nothing but one view of strips."""

    CSS = "StripView { width: 20; height: 4; }"

    def __init__(self) -> None:
        super().__init__()
        self.view = StripView()

    def compose(self) -> ComposeResult:
        yield self.view

    def on_mount(self) -> None:
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = "mlp-dark"


def _strip(*runs: tuple[str, Style]) -> Strip:
    return Strip([Segment(text, style) for text, style in runs])


def _cells(strip: Strip, width: int) -> list[tuple[str, Style | None]]:
    cells = [(sign, s.style) for s in strip for sign in s.text]
    return cells + [(" ", None)] * (width - len(cells))


RUNS = st.lists(
    st.tuples(st.text("ab ", min_size=1, max_size=6), st.sampled_from([RED, BLUE])), max_size=4
)


@given(RUNS, RUNS)
def test_every_cell_outside_the_region_is_as_before(
    before: list[tuple[str, Style]], after: list[tuple[str, Style]]
) -> None:
    old, new = _strip(*before), _strip(*after)
    regions = changed_regions([old], [new], 24)
    changed = {x for region in regions for x in range(region.x, region.right)}
    pairs = zip(_cells(old, 24), _cells(new, 24), strict=True)
    # A blank that was never written and a blank in a colour look alike, but are refreshed.
    differing = {x for x, (a, b) in enumerate(pairs) if a != b and (a[0], b[0]) != (" ", " ")}
    assert differing <= changed


@pytest.mark.parametrize(
    ("before", "after", "region"),
    [
        (["loss 0.512"], ["loss 0.498"], (7, 0, 3, 1)),
        (["loss 0.5"], ["loss 0.55"], (8, 0, 1, 1)),
        (["abc", "def"], ["abc", "dxf"], (1, 1, 1, 1)),
        (["abc"], [], (0, 0, 3, 1)),
        ([], ["abc"], (0, 0, 3, 1)),
        (["日本語"], ["日x語"], (0, 0, 6, 1)),
    ],
)
def test_the_region_is_what_differs(
    before: list[str], after: list[str], region: tuple[int, int, int, int]
) -> None:
    old = [_strip((text, RED)) for text in before]
    new = [_strip((text, RED)) for text in after]
    assert changed_regions(old, new, 20) == [Region(*region)]


def test_equal_rows_have_no_region() -> None:
    rows = [_strip(("a", RED), ("b", BLUE))]
    assert changed_regions(rows, [_strip(("a", RED), ("b", BLUE))], 20) == []


async def test_the_view_asks_for_the_changed_cells_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    app = Stage()
    async with app.run_test(size=(30, 6)) as pilot:
        app.view.show([Text("step 100"), Text("loss 0.512"), Text("same")])
        await pilot.pause()
        asked: list[Region] = []
        refresh = app.view.refresh

        def spy(*regions: Region, **options: bool) -> StripView:
            asked.extend(regions)
            return refresh(*regions, **options)

        monkeypatch.setattr(app.view, "refresh", spy)
        app.view.show([Text("step 100"), Text("loss 0.498"), Text("same")])
        assert asked == [Region(7, 1, 3, 1)]
        asked.clear()
        app.view.show([Text("step 100"), Text("loss 0.498"), Text("same")])
        assert asked == []
        await pilot.pause()
        assert _screen(app)[1].startswith("loss 0.498")


def _screen(app: App[None]) -> list[str]:
    return [strip.text for strip in app.screen._compositor.render_strips()]


async def test_markup_in_a_text_stays_text() -> None:
    app = Stage()
    async with app.run_test(size=(30, 6)) as pilot:
        app.view.show([app.view.strip(("[bold]x[/", "text")), Text("[red]")])
        await pilot.pause()
        assert _screen(app)[0].startswith("[bold]x[/")
        assert _screen(app)[1].startswith("[red]")


async def test_rows_are_cut_to_the_widget() -> None:
    app = Stage()
    async with app.run_test(size=(30, 6)) as pilot:
        app.view.show([Text("x" * 50)] * 9)
        await pilot.pause()
        assert [row.rstrip() for row in _screen(app)] == ["x" * 20] * 4 + [""] * 2


async def test_styled_text_keeps_its_styles() -> None:
    app = Stage()
    async with app.run_test(size=(30, 6)) as pilot:
        app.view.show(
            [Text.assemble("a", ("b", "red"), ("c", Style(color="blue"))), Text("second")]
        )
        await pilot.pause()
        colors = [s.style.color.name for s in app.view.render_line(0) if s.style and s.style.color]
        assert colors[1:3] == ["red", "blue"]


async def test_colours_follow_the_theme() -> None:
    class View(StripView):
        def prepare(self, size: object) -> Sequence[Strip]:
            return [self.strip(("loss", "loss"))]

    app = Stage()
    app.view = View()
    async with app.run_test(size=(30, 6)) as pilot:
        await pilot.pause()
        for theme, roles in (("mlp-dark", DARK), ("mlp-light", LIGHT)):
            app.theme = theme
            await pilot.pause()
            await pilot.pause()
            style = next(iter(app.view.render_line(0))).style
            assert style is not None
            assert style.color is not None
            assert style.color.name == roles["loss"]


async def test_a_storm_of_sizes_ends_with_the_rows_in_place() -> None:
    app = Stage()
    async with app.run_test(size=(30, 6)) as pilot:
        app.view.show([Text("steady")])
        for size in ((1, 1), (200, 60), (2, 3), (1, 40), (30, 6)):
            await pilot.resize_terminal(*size)
        await pilot.pause()
        assert _screen(app)[0].startswith("steady")


async def test_neighbours_of_one_role_are_one_piece_and_blanks_change_no_colour() -> None:
    app = Stage()
    async with app.run_test(size=(30, 6)):
        strip = app.view.strip(("a", "loss"), ("b", "loss"), ("   ", "text"), ("c", "loss"))
        assert [segment.text for segment in strip] == ["ab   c"]
