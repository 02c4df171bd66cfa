"""A recording as it looks, at three sizes: the bar, the keys, what stood at the moment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import synthetic_run
from replay_bench import Clock, Stage, new_app, record, stage_of
from shown_experiment import SHOWN, shown_run
from textual.pilot import Pilot

from engine.experiments import EXPERIMENTS
from tui.capabilities import Capabilities

WIDE, MIDDLE, SMALL = (120, 36), (80, 24), (40, 12)
PLAIN = Capabilities(unicode=False, braille=False, colors="none")
RUN = synthetic_run.run()
LIVE = synthetic_run.run(finish="", epochs=6)


async def opened(stage: Stage) -> None:
    """At the end."""


async def held(stage: Stage) -> None:
    await stage.press(*["["] * 6)


async def playing(stage: Stage) -> None:
    await stage.press("home", "space", "+", "+")
    await stage.pass_by(0.5)


SCENES = {"opened": opened, "held": held, "playing": playing}
CASES = [(scene, size) for scene in SCENES for size in (WIDE, MIDDLE, SMALL)]


def _named(case: Any) -> str:
    return f"{case[0]}-{case[1][0]}x{case[1][1]}"


@pytest.mark.parametrize("case", CASES, ids=map(_named, CASES))
def test_a_training_run(snap_compare: Any, tmp_path: Path, case: tuple[str, Any]) -> None:
    scene, size = case
    run_id, _ = record(tmp_path, RUN)
    clock = Clock()
    app = new_app(tmp_path, run_id, clock)

    async def play(pilot: Pilot[Any]) -> None:
        await pilot.pause()
        stage = stage_of(app, pilot, clock)
        await stage.read()
        await SCENES[scene](stage)
        await stage.pass_by()

    assert snap_compare(app, run_before=play, terminal_size=size)


@pytest.mark.parametrize("size", [WIDE, MIDDLE, SMALL], ids=lambda size: f"{size[0]}x{size[1]}")
def test_an_experiment(snap_compare: Any, tmp_path: Path, size: Any) -> None:
    run_id, _ = record(tmp_path, shown_run())
    clock = Clock()
    app = new_app(tmp_path, run_id, clock, experiments=(SHOWN,))

    async def play(pilot: Pilot[Any]) -> None:
        await pilot.pause()
        stage = stage_of(app, pilot, clock)
        await stage.read()
        await stage.press("[", "[")
        for _ in range(3):
            await stage.pass_by()

    assert snap_compare(app, run_before=play, terminal_size=size)


def test_a_live_one_in_plain_signs(snap_compare: Any, tmp_path: Path) -> None:
    run_id, sink = record(tmp_path, LIVE, close=False)
    clock = Clock()
    app = new_app(tmp_path, run_id, clock, PLAIN, EXPERIMENTS)
    app.theme = "mlp-light"

    async def play(pilot: Pilot[Any]) -> None:
        await pilot.pause()
        stage = stage_of(app, pilot, clock)
        await stage.read()
        await stage.press("left", "left")
        await stage.pass_by()

    assert snap_compare(app, run_before=play, terminal_size=MIDDLE)
    sink.close()
