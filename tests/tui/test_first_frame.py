"""What the first frame may not wait for."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

PROGRAM = """
import asyncio, json, sys
from fake_link import FakeLink
from engine.config import RunConfig
from tui.app import DashboardApp

async def main():
    app = DashboardApp(FakeLink(), RunConfig())
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.pause()
        print(json.dumps([app.screen.is_current, sorted(sys.modules)]))

asyncio.run(main())
"""
TOO_HEAVY = {
    "torch",
    "torchvision",
    "numpy",
    "plotext",
    "engine.experiments.train",
    "engine.experiments.grid",
    "textual.widgets._markdown",
    "textual.widgets._text_area",
    "textual.widgets._data_table",
    "tui.screens.form",
    "tui.screens.help",
    "tui.screens.layer",
    "tui.screens.menu",
    "tui.screens.quit",
}


def test_the_first_frame_needs_neither_torch_nor_numpy_nor_plotext(repository: Path) -> None:
    path = os.pathsep.join([str(repository), str(repository / "tests" / "tui")])
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    on_screen, loaded = json.loads(done.stdout)
    assert on_screen
    assert TOO_HEAVY.isdisjoint(loaded), TOO_HEAVY & set(loaded)
