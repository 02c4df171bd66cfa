"""The screens as they look, at three sizes, dark and light."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import msgspec
import pytest
import synthetic_run
from driving import CONFIG, Driver, new_app
from textual.pilot import Pilot

from engine.config import RunConfig
from engine.events import ControlApplied
from engine.link import Progress
from tui.app import DashboardApp

Scene = Callable[[Driver], Awaitable[None]]
SIZES = ((120, 36), (80, 24), (40, 12))
WIDE, MIDDLE, SMALL = SIZES
RUNNING = synthetic_run.run(finish="", epochs=6)


async def starting(driver: Driver) -> None:
    await driver.let_settle()


async def preparing(driver: Driver) -> None:
    await driver.feed([Progress("train-images-idx3-ubyte.gz: 12 of 26 MB", 12, 26)])


async def running(driver: Driver) -> None:
    await driver.feed(RUNNING)


async def paused(driver: Driver) -> None:
    await running(driver)
    await driver.press("space")
    request = driver.link.sent[-1].request
    await driver.feed(
        [ControlApplied(step=1410, what="pause", before="running", after="paused", request=request)]
    )


async def with_ghosts(driver: Driver) -> None:
    await driver.feed(synthetic_run.run())
    for init, floor, finish in (
        ("xavier_uniform", 0.355, "completed"),
        ("kaiming_normal", 0.33, ""),
    ):
        config = msgspec.structs.replace(CONFIG, init=init)
        driver.app.hub.switch(config)
        epochs = 10 if finish else 5
        run = synthetic_run.run(config, run_id=init, floor=floor, finish=finish, epochs=epochs)
        await driver.feed(run)


async def finished(driver: Driver) -> None:
    await driver.feed(synthetic_run.run())


async def diverged(driver: Driver) -> None:
    await driver.feed(synthetic_run.run(breaks_at=700, finish="diverged"))


async def failed(driver: Driver) -> None:
    await driver.feed(synthetic_run.run(epochs=2, finish="failed"))


async def on_drawn_pictures(driver: Driver) -> None:
    driver.app.hub.config = RunConfig()
    await driver.feed(synthetic_run.run(RunConfig(), data="synthetic", finish="", epochs=3))


async def deep(driver: Driver) -> None:
    config = msgspec.structs.replace(CONFIG, hidden=(256,) * 10, activation="tanh")
    driver.app.hub.config = config
    await driver.feed(synthetic_run.run(config, finish="", epochs=6))
    await driver.press(*["down"] * 8)


def after(*keys: str) -> Scene:
    async def scene(driver: Driver) -> None:
        await running(driver)
        await driver.press(*keys)
        await driver.let_settle()

    return scene


STATES: dict[str, Scene] = {
    "starting": starting,
    "preparing": preparing,
    "running": running,
    "paused": paused,
    "with_ghosts": with_ghosts,
    "finished": finished,
    "diverged": diverged,
    "failed": failed,
    "on_drawn_pictures": on_drawn_pictures,
    "deep": deep,
}
OVERLAYS: dict[str, Scene] = {
    "help": after("?"),
    "menu": after("1", "h", "e"),
    "presets": after("3"),
    "form": after("c"),
    "form_with_a_mistake": after("c", *["backspace"] * 3, "q"),
    "layer": after("enter"),
    "quit": after("q"),
    "log_axis": after("l", "m"),
}
DARK = [
    *[(name, size) for name in STATES for size in SIZES],
    *[(name, size) for name in OVERLAYS for size in (WIDE, SMALL)],
]
LIGHT = [
    ("running", WIDE),
    ("with_ghosts", MIDDLE),
    ("diverged", WIDE),
    ("finished", SMALL),
    ("menu", MIDDLE),
    ("form", MIDDLE),
    ("layer", MIDDLE),
]
CASES = [
    *[(name, size, "mlp-dark") for name, size in DARK],
    *[(name, size, "mlp-light") for name, size in LIGHT],
]


def _named(case: Sequence[Any]) -> str:
    name, (width, height), theme = case
    return f"{name}-{width}x{height}-{theme.removeprefix('mlp-')}"


@pytest.mark.parametrize(("scene", "size", "theme"), CASES, ids=map(_named, CASES))
def test_screen(
    snap_compare: Any,
    monkeypatch: pytest.MonkeyPatch,
    scene: str,
    size: tuple[int, int],
    theme: str,
) -> None:
    monkeypatch.setattr(DashboardApp, "log_place", lambda self, run_id: f"/runs/{run_id}")
    app = new_app()
    app.theme = theme

    async def play(pilot: Pilot[Any]) -> None:
        await pilot.pause()
        await {**STATES, **OVERLAYS}[scene](Driver(app, pilot))
        await pilot.pause()

    assert snap_compare(app, run_before=play, terminal_size=size)
