"""The program in a pseudo-terminal, on a small data set."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pseudo_terminal import Open, Terminal


@pytest.fixture
def open_terminal(repository: Path, tmp_path: Path, small_data: Path) -> Iterator[Open]:
    """Opens terminals with the program in them and closes them at the test's end."""
    opened: list[Terminal] = []

    def opening(*words: str, **size: int) -> Terminal:
        command = list(words[:1]) if words and not words[0].startswith("-") else []
        typed = [*command, "--data", str(small_data), *words[len(command) :]]
        terminal = Terminal(typed, directory=repository, runs=tmp_path / "runs", **size)
        opened.append(terminal)
        return terminal

    yield opening
    for terminal in opened:
        terminal.close()
