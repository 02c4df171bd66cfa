"""The command as a person runs it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from command_line import CommandLine


@pytest.fixture
def command(repository: Path, small_data: Path, tmp_path: Path) -> Iterator[CommandLine]:
    """``mlp-tui`` with a small data set, recording into the test's own directory."""
    with closing(CommandLine(repository, small_data, tmp_path / "runs")) as line:
        yield line
