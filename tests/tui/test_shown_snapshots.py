"""Everything that an experiment can show, at three sizes, dark and light."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from lab_bench import Bench, new_app
from shown_experiment import SHOWN, shown_run
from textual.pilot import Pilot

from tui.app import DashboardApp, Opening
from tui.capabilities import FULL, Capabilities

WIDE, MIDDLE, SMALL = (120, 36), (80, 24), (40, 12)
PLAIN = Capabilities(unicode=False, braille=False, colors="none")
CASES = [
    (1, WIDE, "mlp-dark"),
    (1, WIDE, "mlp-light"),
    (2, WIDE, "mlp-light"),
    (1, MIDDLE, "mlp-dark"),
    (3, MIDDLE, "mlp-dark"),
    (4, MIDDLE, "mlp-light"),
    (1, SMALL, "mlp-dark"),
    (5, SMALL, "mlp-dark"),
    (6, SMALL, "mlp-light"),
    (7, SMALL, "mlp-dark"),
]


def _named(case: tuple[int, tuple[int, int], str]) -> str:
    page, (width, height), theme = case
    return f"page {page}-{width}x{height}-{theme.removeprefix('mlp-')}"


def _turned(page: int, app: DashboardApp) -> Callable[[Pilot[Any]], Awaitable[None]]:
    async def play(pilot: Pilot[Any]) -> None:
        await pilot.pause()
        lab = Bench(app, pilot)
        await lab.feed(shown_run())
        await lab.press(*["right"] * (page - 1))
        await lab.let_settle()

    return play


@pytest.mark.parametrize(("page", "size", "theme"), CASES, ids=map(_named, CASES))
def test_panels(snap_compare: Any, page: int, size: tuple[int, int], theme: str) -> None:
    app = new_app(Opening("shown"), FULL, (SHOWN,))
    app.theme = theme
    assert snap_compare(app, run_before=_turned(page, app), terminal_size=size)


@pytest.mark.parametrize("page", [1, 2])
def test_panels_in_plain_signs(snap_compare: Any, page: int) -> None:
    app = new_app(Opening("shown"), PLAIN, (SHOWN,))
    assert snap_compare(app, run_before=_turned(page, app), terminal_size=WIDE)
