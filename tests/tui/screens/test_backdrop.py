"""What is drawn beneath a question."""

from __future__ import annotations

import synthetic_run
from driving import dashboard

from tui.screens.quit import QuitScreen


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
