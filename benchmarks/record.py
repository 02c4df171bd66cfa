"""The record: microseconds to append an event, and events read back in a second."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.figures import Figure, Spread, ratios
from benchmarks.plan import Plan
from engine.config import RunConfig
from engine.events import Event, RunFinished, RunStarted, StepsMeasured, encode
from engine.store.layout import LOG
from engine.store.reader import Follower
from engine.store.record import RecordSink

# About the size of the events that durability's measurements used.
_LOSSES = (0.4375, 0.46875, 0.421875, 0.453125)


def run(plan: Plan) -> Iterator[Figure]:
    """Ours over an unchecked line for each event, and the speed of reading back."""
    count = 2_000 if plan.quick else 50_000
    checked, plain, replayed = [], [], []
    for _ in range(plan.pairs(7)):
        with tempfile.TemporaryDirectory() as directory:
            events = list(_events(count))
            checked.append(_append(Path(directory), events))
            plain.append(_append_plain(Path(directory) / "plain", events))
            replayed.append(_replay(Path(directory) / "run" / LOG, count))
    size = len(encode(_step(1)))
    yield Figure(
        "append, checksum and one write ÷ the bare line",
        ratios(checked, plain),
        absolute=f"{Spread.of(checked).median / count * 1e6:.1f} µs, events of {size} bytes",
    )
    per_second = [count / seconds / 1e3 for seconds in replayed]
    yield Figure("read back and check", Spread.of(per_second), "k events/s")


def _events(count: int) -> Iterator[Event]:
    yield RunStarted(run_id="run", experiment="train", config=_config(), seq=0)
    for seq in range(1, count - 1):
        yield _step(seq)
    yield RunFinished(outcome="completed", detail="done", seq=count - 1)


def _step(seq: int) -> StepsMeasured:
    return StepsMeasured(
        seq=seq, time=1.7e9, first_step=4 * seq - 3, loss=_LOSSES, accuracy=_LOSSES, lr=0.1
    )


def _config() -> dict[str, object]:
    config = RunConfig()
    return {name: getattr(config, name) for name in config.__struct_fields__}


def _append(runs: Path, events: list[Event]) -> float:
    sink = RecordSink(runs)
    began = time.perf_counter()
    for event in events:
        sink.accept(event)
    sink.close()
    return time.perf_counter() - began


def _append_plain(path: Path, events: list[Event]) -> float:
    began = time.perf_counter()
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for event in events:
        os.write(file, encode(event) + b"\n")
    os.close(file)
    return time.perf_counter() - began


def _replay(log: Path, count: int) -> float:
    follower = Follower(log)
    began = time.perf_counter()
    read = 0
    while not follower.caught_up:
        read += len(follower.drain())
    seconds = time.perf_counter() - began
    follower.close()
    if read != count or follower.damage:
        raise RuntimeError(f"read {read} of {count} events, {follower.damage}")
    return seconds
