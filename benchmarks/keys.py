"""From a key pressed on a pseudo-terminal to its echo, while the engine trains at full speed.

An echo is recognised by words that nothing else writes, so that a frame which happened to be due
is not taken for it. They are looked for on the screen, not in the bytes: cells that do not change
are not sent again. Bytes are only read while a key is under way, and understood afterwards.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from itertools import cycle

import pyte

from benchmarks.dashboard import training
from benchmarks.figures import Figure, Goal, Spread, at_most, quantile
from benchmarks.plan import Plan
from benchmarks.terminal import Chunk, SilentError, Terminal

_SIZE = (120, 36)
_PATIENCE = 10.0
_AT_ONCE = 0.3
"""Seconds of bytes that are read before they are understood."""
_ESCAPE = b"\x1b"
_AXES = ("axis logarithmic", "axis linear")
_IN_HELP = "next weight initializer"


def run(plan: Plan) -> Iterator[Figure]:
    """Milliseconds until the loss axis has answered, and until the help screen is whole."""
    count = 5 if plan.quick else 60
    with training(plan, *_SIZE) as watched:
        person = Person(watched.terminal, *_SIZE)
        axis = [person.waits(b"l", words) for _, words in zip(range(count), cycle(_AXES))]
        yield _figure("l to the other axis and the line that says so", axis, at_most(10))
        help_screen = []
        for _ in range(count):
            help_screen.append(person.waits(b"?", _IN_HELP))
            watched.terminal.press(_ESCAPE)
        yield _figure("? to the first line of the help screen", help_screen)


class Person:
    """Presses keys at any moment, and sees what is on the screen."""

    def __init__(self, terminal: Terminal, columns: int, rows: int) -> None:
        self._terminal = terminal
        self._rng = random.Random(0)
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)

    def waits(self, key: bytes, words: str) -> float:
        """Milliseconds from the key until these words, which are not there yet, are shown.

        Raises:
            SilentError: when they are never shown.
        """
        for chunk in self._terminal.read(self._rng.uniform(0.4, 0.65)):  # never in step with draws
            self._stream.feed(chunk.data)
        pressed = self._terminal.press(key)
        while time.perf_counter() < pressed + _PATIENCE:
            at = self._shown(words, self._terminal.read(_AT_ONCE))
            if at is not None:
                return (at - pressed) * 1e3
        raise SilentError(f"{words!r} did not appear within {_PATIENCE:g} s of {key!r}")

    def _shown(self, words: str, chunks: list[Chunk]) -> float | None:
        """When these words came; all the chunks are taken in."""
        at = None
        for chunk in chunks:
            self._stream.feed(chunk.data)
            if at is None and any(words in line for line in self._screen.display):
                at = chunk.at
        return at


def _figure(what: str, values: list[float], goal: Goal | None = None) -> Figure:
    p95 = f"p95 {quantile(values, 0.95):.1f} ms, {len(values)} keys"
    return Figure(what, Spread.of(values), "ms", absolute=p95, goal=goal)
