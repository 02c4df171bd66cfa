"""From a key pressed on a pseudo-terminal to its echo, while the engine trains at full speed."""

from __future__ import annotations

import random
from collections.abc import Iterator

from benchmarks.dashboard import Watched, training
from benchmarks.figures import Figure, Goal, Spread, at_most, quantile
from benchmarks.plan import Plan

_SIZE = (120, 36)
_PATIENCE = 10.0
_HELP, _ESCAPE = b"?", b"\x1b"
_IN_HELP = b"this list"


def run(plan: Plan) -> Iterator[Figure]:
    """Milliseconds until the first byte, and until the help screen is whole."""
    first, whole = [], []
    with training(plan, *_SIZE) as watched:
        rng = random.Random(0)
        for _ in range(5 if plan.quick else 100):
            # At any moment between two draws, and never in step with them.
            watched.terminal.read(rng.uniform(0.3, 0.55))
            echo = _echo(watched)
            first.append(echo[0] * 1e3)
            whole.append(echo[1] * 1e3)
            watched.terminal.read(0.3)
            watched.terminal.press(_ESCAPE)
    yield _figure("key to the first byte of its echo", first, at_most(10))
    yield _figure("key to the whole help screen", whole)


def _echo(watched: Watched) -> tuple[float, float]:
    """Seconds from the key to the first byte and to the text that only the help screen has."""
    terminal = watched.terminal
    pressed = terminal.press(_HELP)
    chunks = terminal.until(_IN_HELP, _PATIENCE)
    return chunks[0].at - pressed, chunks[-1].at - pressed


def _figure(what: str, values: list[float], goal: Goal | None = None) -> Figure:
    p95 = f"p95 {quantile(values, 0.95):.1f} ms, {len(values)} keys"
    return Figure(what, Spread.of(values), "ms", absolute=p95, goal=goal)
