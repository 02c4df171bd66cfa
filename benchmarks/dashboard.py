"""The dashboard on a pseudo-terminal, training without an end, with its record beside it."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.contest import ONE_THREAD
from benchmarks.plan import Plan
from benchmarks.terminal import SilentError, Terminal
from engine.events import StepsMeasured
from engine.store.layout import LOG, VARIABLE
from engine.store.reader import Follower

EPOCHS = 1000
_PATIENCE = 60.0
_WARM_UP = 2.0


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


def command(plan: Plan, epochs: int = EPOCHS) -> list[str]:
    """The dashboard's command line, for a run that outlasts what is measured."""
    flags = ["--data", plan.data, "--epochs", str(epochs), "--device", "cpu"]
    return [sys.executable, "-m", "cli", *flags]


def environment(plan: Plan, runs: str) -> dict[str, str]:
    """What the dashboard's process is told: where the data lies and where runs are recorded."""
    return ONE_THREAD | {VARIABLE: runs, "MLP_TUI_DATA": plan.data_dir}


@contextmanager
def training(plan: Plan, columns: int, rows: int, program: Sequence[str] = ()) -> Iterator[Watched]:
    """The dashboard (or another `program` that shows one) once its training is under way.

    Raises:
        SilentError: when it ends, does not begin to train, or has finished the run on leaving.
    """
    with (
        tempfile.TemporaryDirectory(prefix="bench") as runs,
        Terminal(program or command(plan), columns, rows, environment(plan, runs)) as terminal,
    ):
        log = _begun(terminal, Path(runs))
        terminal.read(_WARM_UP)
        watched = Watched(terminal, log)
        yield watched
        if b"run_finished" in watched.log.read_bytes()[-2000:]:
            raise SilentError("the run was over before the measurement was")


def _begun(terminal: Terminal, runs: Path) -> Path:
    end = time.perf_counter() + _PATIENCE
    while time.perf_counter() < end:
        terminal.read(0.1)
        for log in runs.glob(f"*/{LOG}"):
            if b"steps_measured" in log.read_bytes():
                return log
    raise SilentError("the dashboard did not begin to train")
