"""Standard streams that whoever calls has closed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


def run(words: str, runs: Path) -> tuple[int, str, str]:
    line = f'exec "$0" -m cli {words}'
    command = ["/bin/sh", "-c", line, sys.executable]
    done = subprocess.run(
        command, env={"MLP_TUI_RUNS": str(runs)}, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("runs >&-", (1, "", "mlp-tui: standard output cannot be written: Bad file descriptor\n")),
        ("runs nothing 2>&- <&-", (0, "no runs in {}\n", "")),
        ("nonsense 2>&-", (2, "", "")),
        ("nonsense <&- >&- 2>&-", (2, "", "")),
    ],
)
def test_one_that_is_closed_is_no_crash(
    words: str, expected: tuple[int, str, str], tmp_path: Path
) -> None:
    code, out, err = expected
    assert run(words, tmp_path) == (code, out.format(tmp_path), err)
