"""What is drawn beneath a question, and after another screen is gone."""

from __future__ import annotations

import gc
import weakref

import pytest
import synthetic_run
from driving import dashboard

from tui.screens.backdrop import Backdrop
from tui.screens.quit import QuitScreen
from tui.widgets.plot import Plot


async def test_curves_go_on_beneath_a_question_and_are_drawn_once_for_each_change() -> None:
    events = synthetic_run.run(finish="")
    some = len(events) // 2
    async with dashboard() as driver:
        await driver.feed(events[:some])
        before = driver.text("#header")
        await driver.press("q")
        # The pilot waits for the app to come to rest, which one that repaints by itself never does.
        await driver.feed(events[some:])
        assert isinstance(driver.app.screen, QuitScreen)
        assert driver.text("#header") != before
        assert not driver.app.board._repaint_required


@pytest.mark.parametrize("key", ["enter", "p", "g", "b"])
async def test_what_came_while_another_screen_stood_is_shown_when_it_goes(key: str) -> None:
    events = synthetic_run.run()
    some = len(events) // 2
    async with dashboard() as driver:
        await driver.feed(events[:some])
        await driver.press(key)
        assert driver.app.screen is not driver.app.board
        await driver.feed(events[some:])
        await driver.press("escape")
        assert driver.app.screen is driver.app.board
        driver.app.tick()  # with nothing new
        shown = driver.text("#loss")
        driver.app.draw()
        assert driver.text("#loss") == shown
        assert "completed" in driver.text("#header")
        assert "10 epochs: train loss 0.384" in driver.text()


async def test_a_screen_that_was_closed_is_let_go_with_its_curves() -> None:
    async with dashboard() as driver:
        await driver.feed(synthetic_run.run())
        await driver.press("enter")
        plots = [weakref.ref(plot) for plot in driver.app.screen.query(Plot)]
        await driver.press("escape")
        gc.collect()
        assert plots
        assert [plot() for plot in plots] == [None] * len(plots)


@pytest.mark.parametrize("key", ["enter", "p", "g", "b"])
async def test_a_screen_knows_that_it_was_closed(key: str) -> None:
    async with dashboard() as driver:
        await driver.feed(synthetic_run.run())
        await driver.press(key)
        screen = driver.app.screen
        assert isinstance(screen, Backdrop) and screen.whole
        await driver.press("escape")
        assert not screen.whole
        assert driver.app.board.whole
