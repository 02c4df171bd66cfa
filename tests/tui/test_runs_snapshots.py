"""The list of runs as it looks, at three sizes, dark and light."""

from __future__ import annotations

from typing import Any

import pytest
import shelved
from driving import CONFIG, new_app
from textual.pilot import Pilot

from tui.screens.runs import RunsScreen
from tui.stage import AppStage

WIDE, MIDDLE, SMALL = (120, 36), (80, 24), (40, 12)
SCENES = {
    "list": ("down", "space", "down", "down", "space", "up"),
    "filtered": ("slash", *"20251009", "enter", "down"),
    "differences": ("down", "space", "space", "d"),
    "delete": ("down", "space", "down", "space", "x"),
    "note": ("down", "down", "down", "n"),
    "empty": (),
}
CASES = [
    *[("list", size, "mlp-dark") for size in (WIDE, MIDDLE, SMALL)],
    ("list", WIDE, "mlp-light"),
    ("filtered", MIDDLE, "mlp-dark"),
    ("differences", WIDE, "mlp-dark"),
    ("differences", SMALL, "mlp-dark"),
    ("delete", MIDDLE, "mlp-light"),
    ("delete", SMALL, "mlp-dark"),
    ("note", SMALL, "mlp-dark"),
    ("empty", MIDDLE, "mlp-dark"),
]


def _named(case: tuple[str, tuple[int, int], str]) -> str:
    name, (width, height), theme = case
    return f"{name}-{width}x{height}-{theme.removeprefix('mlp-')}"


@pytest.mark.parametrize("case", CASES, ids=map(_named, CASES))
def test_screen(snap_compare: Any, case: tuple[str, tuple[int, int], str]) -> None:
    scene, size, theme = case
    app = new_app(CONFIG, autostart=False)
    app.theme = theme

    async def play(pilot: Pilot[Any]) -> None:
        shelf = shelved.FakeShelf(*(shelved.several() if scene != "empty" else ()))
        screen = RunsScreen(shelf, AppStage(app), shelved.AtOnce())
        await pilot.pause()
        app.push_screen(screen)
        await pilot.pause()
        screen.poll()
        await pilot.pause()
        for key in SCENES[scene]:
            await pilot.press(key)
            await pilot.pause()

    assert snap_compare(app, run_before=play, terminal_size=size)
