"""As a program: records runs that are killed somewhere in the writing of a checkpoint.

``killed_writer.py RUNS COUNT`` makes COUNT runs r0, r1, … with checkpoints at steps 1, 2 and 3.
The process that writes run k is killed by SIGKILL at the k-th of COUNT places in the writing of
the last one: before a call of a C function, as there are hundreds on the way.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import msgspec
import torch

from engine.events import CheckpointSaved, Event, RunStarted
from engine.store.checkpoint import forget, save
from engine.store.record import RecordSink


def record(runs: Path, run_id: str, watch: Callable[[FrameType, str, object], None]) -> None:
    """Write a run, the last checkpoint under the eyes of `watch`, down to what is forgotten."""
    sink = RecordSink(runs)
    sink.accept(RunStarted(run_id=run_id, experiment="train", config={}, seq=0))
    directory = runs / run_id
    kept: list[CheckpointSaved] = []
    for step in (1, 2, 3):
        if step == 3:
            sys.setprofile(watch)
        saved = save(directory, step, {"w": torch.full((999,), float(step))}, {"step": str(step)})
        event: Event = msgspec.structs.replace(saved, seq=step)
        sink.accept(event)
        kept = [*kept[-1:], saved]
        forget(directory, kept)
    sys.setprofile(None)
    sink.close()


def calls_made(runs: Path) -> int:
    """How many C functions are called in the writing of a checkpoint."""
    count = [0]

    def watch(frame: FrameType, event: str, argument: object) -> None:
        count[0] += event == "c_call"

    record(runs, "whole", watch)
    return count[0]


def killed_at(place: int, runs: Path, run_id: str) -> None:
    """Write a run in a process that is killed at the call of this number."""
    child = os.fork()
    if child:
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{run_id} {os.WTERMSIG(status)}\n")
        return
    left = [place]

    def watch(frame: FrameType, event: str, argument: object) -> None:
        left[0] -= event == "c_call"
        if not left[0]:
            os.kill(os.getpid(), signal.SIGKILL)

    record(runs, run_id, watch)
    os._exit(1)


if __name__ == "__main__":
    torch.set_num_threads(1)
    where, times = Path(sys.argv[1]), int(sys.argv[2])
    total = calls_made(where)
    for number in range(times):
        killed_at(1 + number * total // times, where, f"r{number}")
