"""A long record: how long until a run of a million events stands on screen, and a jump in it."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.contest import ONE_THREAD
from benchmarks.figures import Figure, Spread, at_most, quantile
from benchmarks.plan import Plan
from benchmarks.terminal import Terminal
from engine.events import RunFinished, RunStarted, StepsMeasured, encode
from engine.replay import Recording
from engine.store.head import written_head
from engine.store.layout import HEAD, LOG, SUMMARY, VARIABLE
from engine.store.lines import framed
from tui.replay.player import Player

_EVENTS = 1_000_000
_SIZE = (120, 36)
_PATIENCE = 120.0
_SHOWN = b"completed"
_JUMPS = 100


def run(plan: Plan) -> Iterator[Figure]:
    """Opening on screen and without one, and moving in it."""
    count = 20_000 if plan.quick else _EVENTS
    with tempfile.TemporaryDirectory(prefix="bench") as place:
        runs = Path(place)
        directory = long_record(runs, count)
        size = (directory / LOG).stat().st_size / 1e6
        opened = [_on_screen(runs, directory.name) for _ in range(plan.pairs(5))]
        yield Figure(
            f"a run of {count:,} events, from the command to its last figures",
            Spread.of(opened),
            "s",
            absolute=f"{size:.0f} MB",
            goal=at_most(3.0),
        )
        listed = [_listed(directory) for _ in range(plan.pairs(5))]
        what = "mlp-tui runs, when it was in no list before"
        yield Figure(what, Spread.of(listed), "s", goal=at_most(3.0))
        read = [_without_screen(directory) for _ in range(plan.pairs(5))]
        yield Figure("reading and folding alone", Spread.of(read), "s")
        jumps = _jumps(directory)
        p95 = f"p95 {quantile(jumps, 0.95):.1f} ms, {len(jumps)} jumps"
        yield Figure("a jump to any moment", Spread.of(jumps), "ms", absolute=p95, goal=at_most(50))


def long_record(runs: Path, count: int) -> Path:
    """A completed run of so many events, each a step: the most there is to read for its length."""
    directory = runs / "20250101-000000-abcdef"
    directory.mkdir(mode=0o700)
    numbers = random.Random(0)
    started = RunStarted(
        run_id=directory.name,
        experiment="train",
        config={"data": "synthetic"},
        seq=0,
        time=1.7e9,
        steps_per_epoch=1000,
        total_steps=count,
    )
    first = framed(encode(started))
    (directory / HEAD).write_bytes(written_head(started, "", first))
    with (directory / LOG).open("wb") as file:
        file.write(first)
        for seq in range(1, count - 1):
            step = StepsMeasured(
                seq=seq,
                time=1.7e9 + seq * 0.01,
                first_step=seq,
                loss=(numbers.random(),),
                accuracy=(numbers.random(),),
                lr=0.1,
            )
            file.write(framed(encode(step)))
        end = RunFinished(seq=count - 1, time=1.7e9 + count * 0.01, outcome="completed", detail="")
        file.write(framed(encode(end)))
    return directory


def _on_screen(runs: Path, run_id: str) -> float:
    command = [sys.executable, "-m", "cli", "replay", run_id]
    with Terminal(command, *_SIZE, ONE_THREAD | {VARIABLE: str(runs)}) as terminal:
        return terminal.until(_SHOWN, _PATIENCE)[-1].at - terminal.began


def _listed(directory: Path) -> float:
    """Seconds of the whole command that sums the run up and prints the list."""
    (directory / SUMMARY).unlink(missing_ok=True)
    env = os.environ | ONE_THREAD | {VARIABLE: str(directory.parent)}
    began = time.perf_counter()
    subprocess.run([sys.executable, "-m", "cli", "runs"], env=env, check=True, capture_output=True)
    return time.perf_counter() - began


def _opened(directory: Path) -> Player:
    player = Player(Recording([directory]))
    while not player.opened:
        player.poll(0.05)
    return player


def _without_screen(directory: Path) -> float:
    began = time.perf_counter()
    _opened(directory).close()
    return time.perf_counter() - began


def _jumps(directory: Path) -> list[float]:
    """Milliseconds of each of many jumps."""
    player, rng, found = _opened(directory), random.Random(0), []
    for _ in range(_JUMPS):
        moment = rng.random() * player.total
        began = time.perf_counter()
        player.seek(moment)
        found.append((time.perf_counter() - began) * 1e3)
    player.close()
    return found
