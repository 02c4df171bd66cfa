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

    def opening(*words: str, command: str = "", columns: int = 120, lines: int = 36) -> Terminal:
        given = ["--data", str(small_data), "--runs-dir", str(tmp_path / "runs"), *words]
        terminal = Terminal(
            [command, *given] if command else given,
            directory=repository,
            columns=columns,
            lines=lines,
            environ={},
        )
        opened.append(terminal)
        return terminal

    yield opening
    for terminal in opened:
        terminal.close()
