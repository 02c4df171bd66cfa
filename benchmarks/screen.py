"""What drawing costs the training: steps a second with the dashboard drawing, over at rest.

Both are taken from the same run's record, in turns: the dashboard's process is held by SIGSTOP
while it is to draw nothing, and the engine, which is a process of its own, goes on.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.dashboard import Watched, training
from benchmarks.figures import Figure, Spread, at_least, ratios
from benchmarks.plan import Plan
from engine.store.reader import Follower

_SIZE = (120, 36)
_RATES = ((4, at_least(0.97)), (10, at_least(0.95)))
_SETTLING = 0.5


def run(plan: Plan) -> Iterator[Figure]:
    """One figure for each rate of drawing."""
    for rate, goal in _RATES:
        command = [sys.executable, "-m", "benchmarks.at_rate", str(rate), plan.data]
        with training(plan, *_SIZE, command) as watched:
            drawing, resting, sent = _turns(watched, plan.pairs(10), plan.seconds(3))
        speeds = [Spread.of(speed).median for speed in (drawing, resting)]
        yield Figure(
            f"drawing at {rate} Hz, {_SIZE[0]}×{_SIZE[1]} ÷ at rest",
            ratios(drawing, resting),
            absolute=f"{speeds[0]:.0f} ÷ {speeds[1]:.0f} steps/s, {sent:.1f} kB/s drawn",
            goal=goal,
        )


def _turns(watched: Watched, pairs: int, seconds: float) -> tuple[list[float], list[float], float]:
    """Steps a second while drawing and at rest, and kB/s while drawing."""
    speeds: dict[bool, list[float]] = {True: [], False: []}
    sent = 0
    follower = Follower(watched.log)
    for turn in range(pairs):
        for drawing in (True, False) if turn % 2 == 0 else (False, True):
            if drawing:
                speed, received = _speed(watched, follower, seconds)
                sent += received
            else:
                with _held(watched.terminal.pid):
                    speed, _ = _speed(watched, follower, seconds)
            speeds[drawing].append(speed)
    follower.close()
    return speeds[True], speeds[False], sent / pairs / seconds / 1e3


def _speed(watched: Watched, follower: Follower, seconds: float) -> tuple[float, int]:
    """Steps a second in a window, by the times in the record, and the bytes drawn meanwhile."""
    watched.terminal.read(_SETTLING)
    began = time.time()
    sent = sum(len(chunk.data) for chunk in watched.terminal.read(seconds))
    blocks = [block for block in watched.blocks(follower) if block.time >= began]
    if len(blocks) < 2:
        raise RuntimeError(f"only {len(blocks)} blocks of steps in {seconds:g} s")
    steps = blocks[-1].first_step + len(blocks[-1].loss) - blocks[0].first_step
    steps -= len(blocks[0].loss)  # its steps were made before its time
    return steps / (blocks[-1].time - blocks[0].time), sent


@contextmanager
def _held(pid: int) -> Iterator[None]:
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)
