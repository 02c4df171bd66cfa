"""The command as a person runs it: a process of its own, in the checkout."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

PATIENCE = 120.0  # seconds
COMMAND = (sys.executable, "-m", "cli")


class CommandLine:
    """Runs ``mlp-tui`` with a small data set at hand."""

    def __init__(self, repository: Path, data: Path, runs: Path) -> None:
        self.data = data
        self.runs = runs
        self._repository = repository
        self._guards: list[threading.Timer] = []

    def start(self, words: Sequence[str], **options: Any) -> subprocess.Popen[bytes]:
        """The command, running, with its output in pipes."""
        streams = {
            "stdin": subprocess.DEVNULL,
            "stdout": subprocess.PIPE,
            "stderr": subprocess.PIPE,
        }
        process = subprocess.Popen([*COMMAND, *words], cwd=self._repository, **(streams | options))
        # A run that does not end by itself fails its test instead of holding up all others.
        guard = threading.Timer(PATIENCE, process.kill)
        guard.start()
        self._guards.append(guard)
        return process

    def close(self) -> None:
        """Call off the guards."""
        for guard in self._guards:
            guard.cancel()
            guard.join()

    def train(self, *words: str) -> list[str]:
        """The words of a run on the small data set, recorded in `runs`."""
        return ["train", "--data", str(self.data), "--runs-dir", str(self.runs), *words]

    def run(self, *words: str) -> tuple[int, str, str]:
        """The command to its end: exit code, standard output, standard error."""
        with self.start(words) as process:
            out, err = process.communicate()
        return process.returncode, out.decode(), err.decode()

    @staticmethod
    def events_in(output: str) -> list[dict[str, Any]]:
        """A run's JSON lines; a line that is anything else, or a bare NaN, fails the test."""
        return [json.loads(line, parse_constant=pytest.fail) for line in output.splitlines()]
