"""The dashboard on a pseudo-terminal, training without an end, with its record beside it."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.contest import ONE_THREAD
from benchmarks.plan import Plan
from benchmarks.terminal import SilentError, Terminal
from engine.events import StepsMeasured
from engine.store.layout import LOG, VARIABLE
from engine.store.reader import Follower

_PATIENCE = 60.0


@dataclass(frozen=True)
class Watched:
    """A dashboard whose run has begun to train."""

    terminal: Terminal
    log: Path

    def blocks(self, follower: Follower) -> list[StepsMeasured]:
        """The blocks of steps recorded since the follower last looked."""
        found: list[StepsMeasured] = []
        while True:
            found += [event for event in follower.drain() if isinstance(event, StepsMeasured)]
            if follower.caught_up:
                return found


def command(plan: Plan) -> list[str]:
    """The dashboard's command line, for a run that will not end by itself."""
    flags = ["--data", plan.data, "--epochs", "100000", "--device", "cpu"]
    return [sys.executable, "-m", "cli", *flags]


@contextmanager
def training(
    plan: Plan, columns: int, rows: int, *flags: str, env: dict[str, str] | None = None
) -> Iterator[Watched]:
    """The dashboard once its training is under way.

    Raises:
        SilentError: when it ends, or does not begin to train.
    """
    with tempfile.TemporaryDirectory(prefix="bench") as runs:
        environment = ONE_THREAD | {VARIABLE: runs, "MLP_TUI_DATA": plan.data_dir} | (env or {})
        with Terminal([*command(plan), *flags], columns, rows, environment) as terminal:
            log = _begun(terminal, Path(runs))
            terminal.read(2.0)  # past the warm-up
            yield Watched(terminal, log)


def _begun(terminal: Terminal, runs: Path) -> Path:
    end = time.perf_counter() + _PATIENCE
    while time.perf_counter() < end:
        terminal.read(0.1)
        for log in runs.glob(f"*/{LOG}"):
            if b"steps_measured" in log.read_bytes():
                return log
    raise SilentError("the dashboard did not begin to train")
