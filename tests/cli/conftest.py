"""The command as a person runs it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from command_line import CommandLine
from warm_commands import WarmCommands


@pytest.fixture
def command(warm_commands: WarmCommands, small_data: Path, tmp_path: Path) -> Iterator[CommandLine]:
    """``mlp-tui`` with a small data set, recording into the test's own directory."""
    with closing(CommandLine(warm_commands, small_data, tmp_path / "runs")) as line:
        yield line
