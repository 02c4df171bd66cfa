"""From a key pressed on a pseudo-terminal to its echo, while the engine trains at full speed.

An echo is recognised by text that nothing else on the screen writes, so that a frame which
happened to be due is not taken for it. Cells that do not change are not sent again: the words are
those parts of "linear" and "logarithmic" that differ.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import cycle

from benchmarks.dashboard import training
from benchmarks.figures import Figure, Goal, Spread, at_most, quantile
from benchmarks.plan import Plan
from benchmarks.terminal import Terminal

_SIZE = (120, 36)
_PATIENCE = 10.0
_ESCAPE = b"\x1b"
_AXES = (b"ogarithmic", b"inear")
_IN_HELP = b"next weight initializer"


def run(plan: Plan) -> Iterator[Figure]:
    """Milliseconds until the loss axis has answered, and until the help screen is whole."""
    count = 5 if plan.quick else 60
    with training(plan, *_SIZE) as watched:
        terminal, rng = watched.terminal, random.Random(0)
        axis = [_echo(terminal, rng, b"l", word) for _, word in zip(range(count), cycle(_AXES))]
        yield _figure("l to the other axis and the line that says so", axis, at_most(10))
        help_screen = []
        for _ in range(count):
            help_screen.append(_echo(terminal, rng, b"?", _IN_HELP))
            terminal.press(_ESCAPE)
        yield _figure("? to the first line of the help screen", help_screen)


def _echo(terminal: Terminal, rng: random.Random, key: bytes, word: bytes) -> float:
    """Milliseconds from the key to the word that answers it."""
    terminal.read(rng.uniform(0.4, 0.65))  # at any moment between two draws, never in step
    pressed = terminal.press(key)
    return (terminal.until(word, _PATIENCE)[-1].at - pressed) * 1e3


def _figure(what: str, values: list[float], goal: Goal | None = None) -> Figure:
    p95 = f"p95 {quantile(values, 0.95):.1f} ms, {len(values)} keys"
    return Figure(what, Spread.of(values), "ms", absolute=p95, goal=goal)
