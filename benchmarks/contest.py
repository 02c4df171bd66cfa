"""Contestants as seen from the benchmark: child processes that take turns, one at a time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from benchmarks.plan import Plan

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")


class MissingPackageError(Exception):
    """A contestant's package is not installed."""


class Contestant:
    """One contestant in its own process, idle until asked for an epoch."""

    def __init__(self, where: str, plan: Plan) -> None:
        self.where = where
        self.note = ""
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-W", "ignore", "-m", "benchmarks.contestant", where),
                *("--data", plan.data, "--data-dir", plan.data_dir),
                *("--examples", str(plan.examples)),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[1],
            env=os.environ | ONE_THREAD,
        )

    def ready(self) -> None:
        """Wait until it has prepared.

        Raises:
            MissingPackageError: when a package it needs is not installed.
        """
        answer = self._answer()
        if "missing" in answer:
            raise MissingPackageError(
                f"{answer['missing']} is not installed: pip install -e '.[bench]'"
            )
        self.note = answer["note"]

    def epoch(self) -> float:
        """Seconds of one more epoch."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return float(self._answer()["seconds"])

    def close(self) -> None:
        """End the process, by the end of its input."""
        with self._process:
            pass

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.where} ended with exit code {self._process.wait()}")
        answer: dict[str, Any] = json.loads(line)
        return answer


@contextmanager
def contest(plan: Plan, *places: str) -> Iterator[list[Contestant]]:
    """Contestants that have prepared and warmed up with one epoch each.

    Raises:
        MissingPackageError: when a package that one of them needs is not installed.
    """
    with ExitStack() as stack:
        contestants = []
        for where in places:
            contestant = Contestant(where, plan)
            stack.callback(contestant.close)
            contestant.ready()
            contestant.epoch()
            contestants.append(contestant)
        yield contestants


def pairs(first: Contestant, second: Contestant, count: int) -> tuple[list[float], list[float]]:
    """Seconds of both, taken in turns; who begins alternates, so that drift favours no one."""
    times: tuple[list[float], list[float]] = ([], [])
    for turn in range(count):
        order = (0, 1) if turn % 2 == 0 else (1, 0)
        for which in order:
            times[which].append((first, second)[which].epoch())
    return times
