"""A writer that is killed in the midst of a checkpoint loses nothing that was there before."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from engine.events import CheckpointSaved
from engine.store.checkpoint import newest, start_from
from engine.store.layout import CHECKPOINTS, LOG
from engine.store.reader import read

TIMES = 50


@pytest.mark.slow
def test_killed_anywhere_the_newest_whole_checkpoint_loads(
    tmp_path: Path, repository: Path
) -> None:
    program = Path(__file__).with_name("killed_writer.py")
    done = subprocess.run(
        [sys.executable, str(program), str(tmp_path), str(TIMES)],
        cwd=repository,
        env={"PYTHONPATH": str(repository)},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert done.stdout.split("\n")[:-1] == [f"r{n} {int(signal.SIGKILL)}" for n in range(TIMES)]
    names = [f"r{number}" for number in range(TIMES)]
    assert any(leftovers(tmp_path, name) for name in names)
    found = [loaded(tmp_path, name) for name in names]
    assert found == sorted(found)  # once it is written it stays
    assert set(found) == {2, 3}


def loaded(runs: Path, run_id: str) -> int:
    """The step of the state that a killed run is resumed from, which is the newest in its log."""
    told = [event for event in read(runs / run_id / LOG) if isinstance(event, CheckpointSaved)]
    start = start_from(runs, run_id, resume=True)
    assert start.step == newest(runs / run_id).step == told[-1].step
    assert start.tensors["w"].tolist() == [float(start.step)] * 999
    assert start.meta == {"step": str(start.step)}
    assert not start.warnings
    assert leftovers(runs, run_id) == 0
    return start.step


def leftovers(runs: Path, run_id: str) -> int:
    return len([*(runs / run_id / CHECKPOINTS).glob("*.tmp")])
