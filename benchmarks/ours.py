"""The engine as a contestant: a run in this process, its second epoch timed from outside.

The clock is a sink: it starts when the first epoch's end is told and stops at the block of steps
that completes the second, so that the evaluation between them is left out, as it is for the peers.
"""

from __future__ import annotations

import time
from functools import partial
from typing import Any

from benchmarks.contestant import Prepared, Work
from engine.config import RunConfig
from engine.controls import Controls
from engine.events import EpochFinished, Event, StepsMeasured
from engine.experiments import named
from engine.session import Session

OFF = {"measure_every": 0, "matrices_every": 0}


class Clock:
    """A sink that takes the time between the first epoch's end and the second's last step."""

    def __init__(self) -> None:
        self.began = self.ended = 0.0
        self.steps_before = self.steps = 0

    def accept(self, event: Event) -> None:
        now = time.perf_counter()
        if isinstance(event, StepsMeasured):
            self.ended = now
            self.steps = event.first_step + len(event.loss) - 1
        elif isinstance(event, EpochFinished) and event.epoch == 1:
            self.began, self.steps_before = now, event.step

    def close(self) -> None:
        pass


def config(work: Work, **changes: Any) -> RunConfig:
    """The default settings for two epochs of the work, with changes."""
    every = 0 if work.data == "fashion-mnist" and work.examples == 60_000 else work.examples
    settings: dict[str, Any] = {
        "data": work.data,
        "data_dir": work.data_dir,
        "train_examples": every,
        "batch_size": work.batch_size,
        "epochs": 2,
        "device": "cpu",
    }
    return RunConfig(**(settings | changes))


def default(work: Work) -> Prepared:
    """Default telemetry."""
    return _prepared(work)


def silent(work: Work) -> Prepared:
    """No telemetry beyond every step's loss and accuracy."""
    return _prepared(work, **OFF)


def every_step(work: Work) -> Prepared:
    """Every layer's vitals at every step."""
    return _prepared(work, measure_every=1)


def every_five(work: Work) -> Prepared:
    """Every layer's vitals at every fifth step."""
    return _prepared(work, measure_every=5)


def autograd(work: Work) -> Prepared:
    """The general path: backward by autograd, default telemetry."""
    return _prepared(work, gradients="autograd")


def _prepared(work: Work, **changes: Any) -> Prepared:
    settings = config(work, **changes)

    def epoch() -> float:
        clock, controls = Clock(), Controls()
        session = Session(partial(named("train").run, settings), controls, [clock])
        session.start()
        session.join()
        if session.error:
            raise session.error
        if 2 * clock.steps_before != clock.steps:
            raise RuntimeError(f"timed {clock.steps_before} + {clock.steps} steps, not two epochs")
        return clock.ended - clock.began

    return Prepared(epoch)
