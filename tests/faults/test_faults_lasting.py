"""Faults that take their time: killed while a checkpoint is written, and many runs in a row."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import deque
from pathlib import Path
from typing import Any

import pytest

from engine.config import RunConfig
from engine.controls import Pause
from engine.engine_process import EngineProcess
from engine.events import CheckpointSaved, RunFinished, RunStarted
from engine.process_link import ProcessLink, attached
from engine.store.checkpoint import start_from
from engine.store.files import TEMPORARY
from engine.store.layout import CHECKPOINTS, LOG
from engine.store.reader import Damage, read

FAST = (sys.executable, str(Path(__file__).with_name("fast_engine.py")))
PATIENCE = 120.0

# One process loads torch; each of its children writes checkpoints until it is killed.
KILLED = """
import os, random, select, signal, sys
from pathlib import Path
import torch
from engine.events import RunStarted
from engine.store.checkpoint import forget, save
from engine.store.record import RecordSink

def write(runs, run_id, ready):
    sink = RecordSink(runs)
    sink.accept(RunStarted(seq=0, run_id=run_id, experiment="train", config={}))
    kept = []
    for step in range(1, 10**6):
        state = {"weight": torch.full((300, 300), float(step))}
        saved = save(runs / run_id, step, state, {"step": str(step)})
        sink.accept(type(saved)(**{**{f: getattr(saved, f) for f in saved.__struct_fields__},
                                   "seq": step}))
        kept = [*kept[-1:], saved]
        forget(runs / run_id, kept)
        if step == 2:
            os.write(ready, b"!")

runs, trials, seed = Path(sys.argv[1]), int(sys.argv[2]), random.Random(int(sys.argv[3]))
torch.set_num_threads(1)
for trial in range(trials):
    reader, ready = os.pipe()
    child = os.fork()
    if not child:
        try:
            write(runs, f"r{trial}", ready)
        finally:
            os._exit(9)
    os.read(reader, 1)
    select.select([], [], [], seed.random() * 0.03)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status), status
    os.close(reader)
    os.close(ready)
"""


@pytest.mark.fault(5)
def test_killed_while_it_writes_a_checkpoint_fifty_times(repository: Path, runs: Path) -> None:
    subprocess.run(
        [sys.executable, "-c", KILLED, str(runs), "50", "7"],
        cwd=repository,
        check=True,
        timeout=PATIENCE,
    )
    torn = 0
    for number in range(50):
        directory = runs / f"r{number}"
        damage = Damage()
        told = [e for e in read(directory / LOG, damage) if isinstance(e, CheckpointSaved)]
        assert not damage.corrupt
        leftovers = list((directory / CHECKPOINTS).glob(f"*{TEMPORARY}"))
        torn += bool(leftovers)
        start = start_from(runs, directory.name)
        assert not start.warnings  # the newest that the log tells of is whole
        assert start.step == told[-1].step
        assert start.meta == {"step": str(start.step)}
        assert bool((start.tensors["weight"] == float(start.step)).all())
        assert len(list((directory / CHECKPOINTS).iterdir())) <= 4
    assert torn > 0  # otherwise no kill has hit what it was to hit


class Told:
    """A link's news, one by one."""

    def __init__(self, link: ProcessLink) -> None:
        self._link = link
        self._unread: deque[Any] = deque()

    def until(self, kind: type) -> Any:
        """The next of a kind."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            self._unread += self._link.drain()
            while self._unread:
                news = self._unread.popleft()
                if isinstance(news, kind):
                    return news
        raise AssertionError(f"{kind.__name__} never came")


def held_by(pid: int) -> tuple[int, int]:
    """Open descriptors, and resident bytes."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return len(list(Path(f"/proc/{pid}/fd").iterdir())), pages * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.slow
@pytest.mark.fault(42)
@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="counts descriptors in /proc")
def test_two_hundred_runs_in_a_row_leave_memory_and_descriptors_flat(runs: Path) -> None:
    engine = EngineProcess(runs, FAST)
    link = ProcessLink(runs, engine=engine)
    told = Told(link)
    after: list[tuple[int, int]] = []
    ours: list[int] = []
    for number in range(200):
        link.start(RunConfig(epochs=20))
        told.until(RunFinished)
        if number % 10 == 0:  # one that is watched from elsewhere, and replaced
            link.start(RunConfig(epochs=10**9))
            link.send(Pause())
            started = told.until(RunStarted)
            attached(runs, started.run_id).detach()
            link.start(RunConfig(epochs=5))
            assert told.until(RunFinished).outcome == "stopped"
            assert told.until(RunFinished).outcome == "completed"
        if number % 50 == 49:
            after.append(held_by(engine.pid))
            ours.append(len(list(Path("/proc/self/fd").iterdir())))
    link.close()
    assert max(files for files, _ in after) <= after[0][0] + 1  # a screen may just be leaving
    assert max(ours) <= ours[0] + 1
    assert after[-1][1] - after[0][1] < 8 << 20


@pytest.mark.fault(42, 1, 39)
@pytest.mark.slow
def test_rounds_of_everything_at_random(repository: Path, tmp_path: Path) -> None:
    words = ("-m", "benchmarks.soak", "--rounds", "3", "--seed", "5", "--runs-dir", str(tmp_path))
    done = subprocess.run(
        [sys.executable, *words], cwd=repository, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert "silent" in done.stdout
