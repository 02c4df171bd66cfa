"""Experiments without torch, for the host and the links; as a program, an engine that runs them.

`RunConfig.epochs` is the number of steps to make.
"""

from __future__ import annotations

import itertools
import os
import sys
from collections.abc import Iterator

from engine.config import RunConfig
from engine.controls import Controls, Extend, Pause, Resume, Stop
from engine.errors import BadInput
from engine.events import ControlApplied, Event, Noted, RunFinished, RunStarted, StepsMeasured
from engine.experiments.contract import Experiment
from engine.schema import snake_case
from engine.store.checkpoint import Start

FOREVER = 10**9
PAUSE = 0.002  # seconds between two steps, so that an endless run fills no disk


def counting(config: RunConfig, controls: Controls, start: Start | None = None) -> Iterator[Event]:
    """Makes its steps and obeys."""
    controls.report("preparing", 1, 2)
    first = start.step if start else 0
    yield RunStarted(
        run_id="",
        experiment="train",
        config={"lr": config.lr},
        first_step=first,
        continues=start.run_id if start else "",
    )
    last, holding, step = first + config.epochs, False, first
    while step < last:
        for control in controls.take(None if holding else PAUSE):
            what = snake_case(type(control).__name__)
            yield ControlApplied(step=step, what=what, request=control.request)
            if isinstance(control, Stop):
                outcome = "interrupted" if control.interrupted else "stopped"
                yield RunFinished(outcome=outcome, detail=control.reason, step=step)  # type: ignore[arg-type]
                return
            if isinstance(control, Pause | Resume):
                holding = isinstance(control, Pause)
            if isinstance(control, Extend):
                last += control.epochs
        if not holding:
            step += 1
            yield StepsMeasured(first_step=step, loss=(1 / step,), accuracy=(0.5,), lr=config.lr)
    yield RunFinished(outcome="completed", detail="done", step=step)


def refusing(config: RunConfig, controls: Controls) -> Iterator[Event]:
    """Cannot use its data."""
    raise BadInput("data x: there is no such file")
    yield


def broken(config: RunConfig, controls: Controls) -> Iterator[Event]:
    """Fails in its preparation as nobody foresaw."""
    raise ZeroDivisionError("nobody foresaw this")
    yield


def failing(config: RunConfig, controls: Controls) -> Iterator[Event]:
    """Fails after its start."""
    yield RunStarted(run_id="", experiment="failing", config={})
    raise ZeroDivisionError("in the middle")


def preparing(config: RunConfig, controls: Controls) -> Iterator[Event]:
    """Prepares without end, telling of it."""
    for count in itertools.count():
        controls.report("downloading", count, 0)
        controls.take(PAUSE)
    yield


def stubborn(config: RunConfig, controls: Controls) -> Iterator[Event]:
    """Takes requests and heeds none."""
    yield RunStarted(run_id="", experiment="stubborn", config={})
    while True:
        controls.take(None)


def dying(config: RunConfig, controls: Controls) -> Iterator[Event]:
    """Takes its process with it, when asked for anything."""
    yield RunStarted(run_id="", experiment="dying", config={})
    controls.take(None)
    yield Noted(text="the last words of the record")
    sys.stderr.write("\x1b[31mout of\x07 memory\x1b[0m\n")
    sys.stderr.flush()
    os._exit(3)


RUNS = (counting, refusing, broken, failing, preparing, stubborn, dying)
EXPERIMENTS = {
    name: Experiment(name, "", RunConfig, run)
    for name, run in [("train", counting), *((run.__name__, run) for run in RUNS)]
}

if __name__ == "__main__":
    from engine.host.__main__ import leave, main

    leave(main(None, EXPERIMENTS, load=int))
