"""The laboratory as it looks, at three sizes, dark and light."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from fake_experiment import run
from lab_bench import Bench, new_app
from textual.pilot import Pilot

from engine.link import Refused
from tui.app import DashboardApp, Opening
from tui.capabilities import FULL, Capabilities

Scene = Callable[[Bench], Awaitable[None]]
WIDE, MIDDLE, SMALL = SIZES = ((120, 36), (80, 24), (40, 12))


async def running(lab: Bench) -> None:
    await lab.feed(run(upto=33, finish=""))


async def finished(lab: Bench) -> None:
    await lab.feed(run())


async def turned(lab: Bench) -> None:
    await finished(lab)
    await lab.press("n")
    await lab.let_settle()


async def refused(lab: Bench) -> None:
    await lab.feed([Refused("seeds = 10000 matrices are more than the numbers kept at once")])


async def stopped(lab: Bench) -> None:
    await lab.feed(run(upto=25, finish="stopped"))


async def catalogue(lab: Bench) -> None:
    await finished(lab)
    await lab.press("escape")
    await lab.let_settle()


def after(*keys: str) -> Scene:
    async def scene(lab: Bench) -> None:
        await finished(lab)
        await lab.press(*keys)
        await lab.let_settle()

    return scene


SCENES: dict[str, Scene] = {
    "running": running,
    "finished": finished,
    "turned": turned,
    "refused": refused,
    "stopped": stopped,
    "catalogue": catalogue,
    "lesson": after("l"),
    "help": after("question_mark"),
    "grid": after("right", "right"),
    "claims": after("left"),
}
CASES = [
    *[(name, size, "mlp-dark") for name in ("running", "finished", "catalogue") for size in SIZES],
    *[(name, WIDE, "mlp-dark") for name in ("turned", "refused", "stopped", "lesson", "help")],
    *[(name, SMALL, "mlp-dark") for name in ("lesson", "grid", "claims")],
    ("finished", WIDE, "mlp-light"),
    ("running", MIDDLE, "mlp-light"),
    ("catalogue", MIDDLE, "mlp-light"),
    ("grid", SMALL, "mlp-light"),
]


def _named(case: tuple[str, tuple[int, int], str]) -> str:
    name, (width, height), theme = case
    return f"{name}-{width}x{height}-{theme.removeprefix('mlp-')}"


@pytest.fixture(autouse=True)
def place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DashboardApp, "log_place", lambda self, run_id: f"/runs/{run_id}")


def _played(scene: Scene, app: DashboardApp) -> Callable[[Pilot[Any]], Awaitable[None]]:
    async def play(pilot: Pilot[Any]) -> None:
        await pilot.pause()
        await scene(Bench(app, pilot))
        await pilot.pause()

    return play


@pytest.mark.parametrize(("scene", "size", "theme"), CASES, ids=map(_named, CASES))
def test_laboratory(snap_compare: Any, scene: str, size: tuple[int, int], theme: str) -> None:
    app = new_app(Opening("growth"), FULL)
    app.theme = theme
    assert snap_compare(app, run_before=_played(SCENES[scene], app), terminal_size=size)


def test_laboratory_in_plain_signs(snap_compare: Any) -> None:
    plain = Capabilities(unicode=False, braille=False, colors="none")
    app = new_app(Opening("growth"), plain)
    assert snap_compare(app, run_before=_played(finished, app), terminal_size=WIDE)
