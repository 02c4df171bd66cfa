"""Pictures in the terminal's own graphics, as a terminal that has them would show them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from kitty_terminal import PLACEHOLDER, KittyTerminal
from shown_experiment import garment
from textual.app import App
from textual.driver import Driver
from textual.drivers.headless_driver import HeadlessDriver
from textual.geometry import Size
from textual.screen import ModalScreen, Screen
from textual.widgets import Static
from widget_stage import Stage

from tui.capabilities import FULL, Capabilities
from tui.charts.halfblocks import Picture
from tui.graphics.images import Images
from tui.widgets.pictures import Pictures

IMAGES = Capabilities(graphics=True)


class ShowingDriver(HeadlessDriver):
    """A driver whose terminal shows images; what it is sent stays in `written`."""

    def __init__(self, app: App[Any], **options: Any) -> None:
        super().__init__(app, **options)
        self.written: list[str] = []
        self.terminal = KittyTerminal()
        self.images = Images(self.write)

    @property
    def is_headless(self) -> bool:
        return False  # or nothing would be drawn

    def write(self, data: str) -> None:
        self.written.append(data)
        self.terminal.feed(data)

    def start_application_mode(self) -> None:
        super().start_application_mode()
        self.images.taken()

    def stop_application_mode(self) -> None:
        self.images.given_back()


class ShowingStage(Stage):
    """A stage before such a terminal."""

    def _build_driver(self, headless: bool, inline: bool, mouse: bool, size: Any) -> Driver:
        self._driver = ShowingDriver(self, size=size)
        return self._driver

    @property
    def terminal(self) -> KittyTerminal:
        return self.driver.terminal

    @property
    def driver(self) -> ShowingDriver:
        assert isinstance(self._driver, ShowingDriver)
        return self._driver


def picture(index: int, caption: str = "") -> Picture:
    return Picture(28, 28, garment(index), 1, caption or f"picture {index}")


def enlarged(of: Picture, times: int) -> bytes:
    """Grey in RGB, each pixel in a block."""
    rows = [of.pixels[i : i + of.width] for i in range(0, len(of.pixels), of.width)]
    return b"".join(b"".join(bytes([v] * 3 * times) for v in row) * times for row in rows)


def shown(*pictures: Picture, terminal: Capabilities = IMAGES) -> tuple[Pictures, ShowingStage]:
    widget = Pictures(capabilities=terminal)
    widget.show_pictures("predicted", pictures)
    return widget, ShowingStage(widget)


@pytest.fixture(autouse=True)
def _truecolor(monkeypatch: pytest.MonkeyPatch) -> None:
    """As before a terminal; a test's output is none."""
    monkeypatch.setattr("textual.constants.COLOR_SYSTEM", "truecolor")


@pytest.mark.parametrize(("size", "columns"), [((90, 18), 28), ((46, 18), 14)])
async def test_the_cells_show_the_pixels(size: tuple[int, int], columns: int) -> None:
    """Every pixel of each picture, in its place."""
    pictures = [picture(i) for i in range(3)]
    _, stage = shown(*pictures)
    async with stage.run_test(size=size) as pilot:
        await pilot.pause()
        terminal = stage.terminal
        placed = terminal.placed()
        assert not terminal.orphans
        assert len(placed) == len(terminal.images) == 3
        lefts = sorted(min(cells) for cells in placed.values())
        assert lefts == [(1, i * (columns + 1)) for i in range(3)]
        for number, cells in placed.items():
            assert len(cells) == columns * columns // 2
            chosen = pictures[lefts.index(min(cells))]
            assert terminal.seen(number) == enlarged(chosen, 4)


async def test_the_captions_stand_where_they_stand_below_half_blocks() -> None:
    texts = []
    for terminal in (IMAGES, FULL):
        _, stage = shown(picture(0), picture(1), terminal=terminal)
        async with stage.run_test(size=(60, 20)) as pilot:
            await pilot.pause()
            strips = stage.screen._compositor.render_strips()
            assert all(strip.cell_length == 60 for strip in strips)
            texts.append(
                [(y, s.text) for y, s in enumerate(strips) if s.text.strip()[:2].isalpha()]
            )
    in_images, in_blocks = texts
    assert [y for y, _ in in_images] == [0, 15]
    assert "picture 0 " in in_images[1][1]
    assert in_images == in_blocks


async def test_an_image_that_stays_is_not_sent_again_and_one_that_goes_is_deleted() -> None:
    widget, stage = shown(picture(0), picture(1))
    async with stage.run_test(size=(90, 18)) as pilot:
        await pilot.pause()
        terminal = stage.terminal
        first, second = sorted(terminal.placed(), key=lambda n: min(terminal.placed()[n]))
        widget.show_pictures("predicted", [picture(0, "another word"), picture(2)])
        assert terminal.transmissions == 3
        assert {first, second} < set(terminal.images)  # both are on the screen still
        await pilot.pause()
        assert terminal.deletions == 1
        placed = stage.terminal.placed()
        assert first in placed and second not in placed
        assert terminal.seen(first) == enlarged(picture(0), 4)
        sizes = {(image.columns, image.lines) for image in terminal.images.values()}
        await pilot.resize_terminal(46, 18)
        await pilot.pause()
        terminal = stage.terminal
        assert len(terminal.images) == len(terminal.placed()) == 2
        assert sizes.isdisjoint((i.columns, i.lines) for i in terminal.images.values())


async def test_pictures_scrolled_out_of_sight_are_the_terminals_no_longer() -> None:
    widget, stage = shown(*(picture(i) for i in range(7)))
    async with stage.run_test(size=(44, 10)) as pilot:
        for by in (0, 1, 1, -9):
            widget.scroll_rows(by)
            await pilot.pause()
            terminal = stage.terminal
            assert sorted(terminal.placed()) == sorted(terminal.images)
        await pilot.resize_terminal(44, 2)  # no room for a picture
        await pilot.pause()
        assert not terminal.images


class Dialog(ModalScreen[None]):
    """Something that is laid over the pictures and dims them."""

    CSS = "Static { width: 20; height: 5; background: black; }"

    def compose(self) -> Any:
        yield Static("really?")


class Opaque(Screen[None]):
    """Something that hides them."""


@pytest.mark.parametrize("over", [Dialog, Opaque])
async def test_below_another_screen_no_cell_is_another_images(
    over: Callable[[], Screen[None]],
) -> None:
    _, stage = shown(picture(0), picture(1))
    async with stage.run_test(size=(90, 18)) as pilot:
        await pilot.pause()
        stage.push_screen(over())
        await pilot.pause()
        covered = stage.terminal
        signs = {cell.text[0] for cell in covered.cells.values()}
        assert PLACEHOLDER not in signs
        assert ("▀" in signs) == (over is Dialog)  # dimmed
        stage.pop_screen()
        await pilot.pause()
        terminal = stage.terminal
        assert len(terminal.placed()) == 2
        assert not terminal.orphans
        assert (terminal.transmissions, terminal.deletions) == (2, 0)


async def test_what_is_laid_over_a_picture_on_its_own_screen_leaves_the_rest_of_it() -> None:
    _, stage = shown(picture(0))
    note = Static("note")
    async with stage.run_test(size=(40, 18)) as pilot:
        await pilot.pause()
        note.styles.position, note.styles.offset = "absolute", (9, 5)
        note.styles.width, note.styles.height = 5, 3
        note.styles.overlay = "screen"
        await stage.mount(note)
        await pilot.pause()
        ((number, cells),) = stage.terminal.placed().items()
        whole = 28 * 14
        assert whole - 15 == len(cells)
        top, left = min(cells)
        assert all(cells[y, x] == (y - top, x - left) for y, x in cells), number


async def test_only_what_is_shown_is_sent_whatever_size_a_layout_tries() -> None:
    widget, stage = shown(picture(0))
    async with stage.run_test(size=(40, 18)) as pilot:
        await pilot.pause()
        sent = stage.terminal.transmissions
        assert widget.get_content_height(Size(80, 40), Size(80, 40), 16) > 1
        assert stage.terminal.transmissions == sent == 1


async def test_a_widget_that_is_removed_takes_its_images_along() -> None:
    widget, stage = shown(picture(0))
    async with stage.run_test(size=(40, 18)) as pilot:
        await pilot.pause()
        assert stage.terminal.images
        await widget.remove()
        await pilot.pause()
        assert not stage.terminal.images


async def test_the_end_of_the_program_deletes_every_image() -> None:
    _, stage = shown(picture(0), picture(1))
    async with stage.run_test(size=(90, 18)) as pilot:
        await pilot.pause()
        terminal = stage.terminal
        assert len(terminal.images) == 2
    assert not terminal.images
    assert not stage.driver.written[-1].strip("\x1b\\_Gadi=,q2I1")


@pytest.mark.parametrize(
    "terminal", [FULL, Capabilities(colors="none"), Capabilities(False, False, "16")]
)
async def test_a_terminal_without_graphics_gets_no_byte_of_it(terminal: Capabilities) -> None:
    widget, stage = shown(picture(0), picture(1), terminal=terminal)
    async with stage.run_test(size=(90, 18)) as pilot:
        await pilot.pause()
        cells = stage.terminal.cells.values()
        assert not any(PLACEHOLDER in cell.text for cell in cells)
        widget.show_pictures("predicted", [picture(2)])
        await pilot.pause()
    assert not any("\x1b_" in text for text in stage.driver.written)


async def test_a_picture_that_lacks_pixels_is_hatched_beside_images() -> None:
    _, stage = shown(picture(0), Picture(28, 28, b"torn", 1, "torn"))
    async with stage.run_test(size=(90, 18)) as pilot:
        await pilot.pause()
        terminal = stage.terminal
        assert len(terminal.images) == 1
        assert any(cell.text == "╱" for cell in terminal.cells.values())


async def test_where_textual_is_told_to_write_fewer_colours_there_are_half_blocks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("textual.constants.COLOR_SYSTEM", "256")
    _, stage = shown(picture(0))
    async with stage.run_test(size=(40, 18)) as pilot:
        await pilot.pause()
        assert any(cell.text == "▀" for cell in stage.terminal.cells.values())
        assert not stage.terminal.images


async def test_in_an_app_without_a_terminal_there_are_half_blocks() -> None:
    widget = Pictures(capabilities=IMAGES)
    widget.show_pictures("predicted", [picture(0)])
    stage = Stage(widget)
    async with stage.run_test(size=(40, 18)) as pilot:
        await pilot.pause()
        assert any("▀" in line for line in stage.rows())
