"""The screen of predictions as it looks, at three sizes, dark and light."""

from __future__ import annotations

from typing import Any

import pytest
import synthetic_predictions
from driving import Driver, new_app
from textual.pilot import Pilot

WIDE, MIDDLE, SMALL = (120, 36), (80, 24), (40, 12)
CASES = [
    *[(size, "mlp-dark", turns, True) for size in (MIDDLE, SMALL) for turns in (0, 1)],
    (WIDE, "mlp-dark", 0, True),
    (WIDE, "mlp-light", 0, True),
    (MIDDLE, "mlp-light", 1, True),
    (SMALL, "mlp-dark", 2, True),
    (SMALL, "mlp-dark", 3, True),
    (WIDE, "mlp-dark", 0, False),
    (MIDDLE, "mlp-dark", 0, False),
]


def _named(case: tuple[tuple[int, int], str, int, bool]) -> str:
    (width, height), theme, turns, pictured = case
    of = "" if pictured else "-words"
    return f"{width}x{height}-{theme.removeprefix('mlp-')}-{turns}{of}"


@pytest.mark.parametrize("case", CASES, ids=map(_named, CASES))
def test_screen(snap_compare: Any, case: tuple[tuple[int, int], str, int, bool]) -> None:
    size, theme, turns, pictured = case
    app = new_app()
    app.theme = theme

    async def play(pilot: Pilot[Any]) -> None:
        await pilot.pause()
        driver = Driver(app, pilot)
        await driver.feed(synthetic_predictions.run(pictured=pictured))
        await driver.press("p", *["down"] * turns)
        await driver.let_settle()
        await pilot.pause()

    assert snap_compare(app, run_before=play, terminal_size=size)
