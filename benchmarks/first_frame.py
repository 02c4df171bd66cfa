"""The first frame: processor time of the dashboard's process until it is on the terminal."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator

from benchmarks.dashboard import command, environment
from benchmarks.figures import Figure, Spread, at_most
from benchmarks.plan import Plan
from benchmarks.terminal import Terminal, cpu_seconds, loaded

_MARKER = b"quit"  # the footer's last key: with it the frame is whole


def run(plan: Plan) -> Iterator[Figure]:
    """Processor and wall time, and whether torch was there."""
    cpu, wall, heavy = [], [], set()
    for _ in range(plan.pairs(10)):
        with (
            tempfile.TemporaryDirectory(prefix="bench") as runs,
            Terminal(command(plan), 120, 36, environment(plan, runs)) as terminal,
        ):
            frame = terminal.until(_MARKER, 30)[-1]
            cpu.append(cpu_seconds(terminal.pid))
            wall.append(frame.at - terminal.began)
            heavy |= {name for name in ("torch", "numpy") if loaded(terminal.pid, f"/{name}/")}
    libraries = f"with {' and '.join(sorted(heavy))} loaded" if heavy else "torch and numpy absent"
    yield Figure("processor time", Spread.of(cpu), "s", absolute=libraries, goal=at_most(0.3))
    yield Figure("wall time", Spread.of(wall), "s")
