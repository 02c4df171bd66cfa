"""The first frame: processor time of the dashboard's process until it is on the terminal."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.dashboard import command, environment
from benchmarks.figures import Figure, Spread, at_most
from benchmarks.plan import Plan
from benchmarks.terminal import Terminal, cpu_seconds, loaded

_MARKER = b"quit"  # the footer's last key: with it the frame is whole
_HEAVY = ("torch", "numpy")


def run(plan: Plan) -> Iterator[Figure]:
    """Processor and wall time, and whether torch was there."""
    with tempfile.TemporaryDirectory(prefix="bench") as directory:
        # Compiled once, as an installed program is; that first start is not counted.
        compiled = {"PYTHONPYCACHEPREFIX": f"{directory}/compiled", "PYTHONDONTWRITEBYTECODE": ""}
        env = environment(plan, f"{directory}/runs") | compiled
        starts = [_start(command(plan), env) for _ in range(1 + plan.pairs(15))][1:]
    heavy = sorted(set().union(*(start.heavy for start in starts)))
    libraries = f"with {' and '.join(heavy)} loaded" if heavy else "torch and numpy not loaded"
    cpu = Spread.of([start.cpu for start in starts])
    yield Figure("processor time", cpu, "s", absolute=libraries, goal=at_most(0.3))
    yield Figure("wall time", Spread.of([start.wall for start in starts]), "s")


@dataclass(frozen=True)
class Start:
    """Seconds from the start of the process to its first frame, and the libraries it has."""

    cpu: float
    wall: float
    heavy: frozenset[str]


def _start(program: list[str], env: dict[str, str]) -> Start:
    with Terminal(program, 120, 36, env) as terminal:
        frame = terminal.until(_MARKER, 60)[-1]
        return Start(
            cpu_seconds(terminal.pid),
            frame.at - terminal.began,
            frozenset(name for name in _HEAVY if loaded(terminal.pid, f"/{name}/")),
        )
