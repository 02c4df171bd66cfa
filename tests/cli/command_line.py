"""The command as a person runs it: a process of its own, in the checkout, with torch at hand."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from warm_commands import Command, WarmCommands

PATIENCE = 120.0  # seconds


class CommandLine:
    """Runs ``mlp-tui`` with a small data set at hand."""

    def __init__(self, warm: WarmCommands, data: Path, runs: Path) -> None:
        self.data = data
        self.runs = runs
        self._warm = warm
        self._guards: list[threading.Timer] = []

    def start(self, words: Sequence[str], **options: Any) -> Command:
        """The command, running, with its output in pipes."""
        process = self._warm.start(words, **options)
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
        return process.wait(), out.decode(), err.decode()

    @staticmethod
    def events_in(output: str) -> list[dict[str, Any]]:
        """A run's JSON lines; a line that is anything else, or a bare NaN, fails the test."""
        return [json.loads(line, parse_constant=pytest.fail) for line in output.splitlines()]
