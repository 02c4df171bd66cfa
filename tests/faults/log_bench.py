"""What is recorded where something goes wrong, and a record that came through it."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from engine.controls import Controls
from engine.events import (
    AnyEvent,
    Event,
    RunFinished,
    RunStarted,
)
from engine.session import Session
from engine.store.layout import LOG
from engine.store.reader import Damage, read
from engine.store.record import RecordSink

FAST = (sys.executable, str(Path(__file__).with_name("fast_engine.py")))
PATIENCE = 60.0
NAMESPACE = ("unshare", "-Urm")
STARTED = RunStarted(
    seq=0,
    run_id="",
    experiment="train",
    config={"batch_size": 32, "epochs": 10},
    steps_per_epoch=100,
    total_steps=1000,
)
R1 = RunStarted(seq=0, time=5.0, run_id="r1", experiment="train", config={})
COMPLETED = RunFinished(outcome="completed", detail="done")
Run = Callable[[Controls], Iterator[Event]]


def sound(runs: Path, run_id: str = "r1") -> list[AnyEvent]:
    """The events of a record in which nothing is damaged and no number is missing."""
    damage = Damage()
    told = list(read(runs / run_id / LOG, damage))
    assert not damage
    assert [event.seq for event in told] == list(range(len(told)))
    return told


def own_mounts() -> bool:
    """Whether a program in `NAMESPACE` may mount a file system of its own."""
    try:
        tried = subprocess.run(
            [*NAMESPACE, "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True, check=False
        )
    except FileNotFoundError:
        return False
    return tried.returncode == 0


def recorded(runs: Path, *said: Event, close: bool = True) -> RecordSink:
    sink = RecordSink(runs)
    for seq, event in enumerate((R1, *said)):
        sink.accept(msgspec.structs.replace(event, seq=seq))
    if close:
        sink.close()
    return sink


class Started:
    """A session that records into `runs`, and what it tells of being held."""

    def __init__(self, run: Run, runs: Path) -> None:
        self.controls = Controls()
        self.told: list[str] = []
        self.held = threading.Event()
        self.controls.held = self._tell
        sink = RecordSink(runs, self.controls.recorded_in)
        self.session = Session(run, self.controls, [sink], run_id="r1")
        self.session.start()

    def _tell(self, text: str) -> None:
        self.told.append(text)
        self.held.set()

    def ended(self) -> RunFinished:
        assert self.session.join(PATIENCE)
        assert self.session.finished
        return self.session.finished
