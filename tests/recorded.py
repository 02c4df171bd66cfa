"""Runs in a directory of runs as a session would have recorded them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from engine import events
from engine.config import RunConfig
from engine.store.record import RecordSink

START = 1_760_000_000.0
PER_EPOCH = 10
LAYERS = (
    events.Layer("hidden1", 784, 16, 12560, "relu", "normal"),
    events.Layer("output", 16, 10, 170, "identity", "normal"),
)
ENDED = events.RunFinished(outcome="completed", detail="done", step=20)


def record(
    runs: Path, told: Iterable[events.AnyEvent], *, close: bool = True, start: float = START
) -> RecordSink:
    """Write a run's record; unless it is closed it is under way. Events are half a second apart."""
    sink = RecordSink(runs)
    for seq, event in enumerate(told):
        sink.accept(msgspec.structs.replace(event, seq=seq, time=start + seq / 2))
    if close:
        sink.close()
    return sink


def started(run_id: str = "a", **changes: Any) -> events.RunStarted:
    """A training run of two epochs of ten steps."""
    config = msgspec.to_builtins(RunConfig(data="fashion-mnist", hidden=(16,), epochs=2))
    told: dict[str, Any] = {
        "experiment": "train",
        "config": config,
        "layers": LAYERS,
        "steps_per_epoch": PER_EPOCH,
        "total_steps": 2 * PER_EPOCH,
    }
    return events.RunStarted(run_id=run_id, **(told | changes))


def block(
    first: int, losses: Sequence[float], *, lr: float = 0.1, measured: Sequence[int] = ()
) -> events.StepsMeasured:
    """Steps with these losses; the vitals at step s of layer i are s + i + column / 8."""
    columns = events.LayerVitals.__struct_fields__[1:]
    return events.StepsMeasured(
        first_step=first,
        loss=tuple(losses),
        accuracy=tuple(0.5 for _ in losses),
        lr=lr,
        measured_steps=tuple(measured),
        layers=tuple(
            events.LayerVitals(
                layer.name,
                *(tuple(s + i + c / 8 for s in measured) for c in range(len(columns))),
            )
            for i, layer in enumerate(LAYERS)
        )
        if measured
        else (),
    )


def epoch(number: int, loss: float = 1.0) -> events.EpochFinished:
    """The end of an epoch."""
    return events.EpochFinished(
        epoch=number,
        step=PER_EPOCH * number,
        train_loss=loss,
        train_accuracy=0.5,
        test_loss=loss + 0.25,
        test_accuracy=0.4,
        seconds=1.5,
        samples_per_second=1024.0,
    )
