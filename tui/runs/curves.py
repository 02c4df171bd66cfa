"""A recorded run's curves, as far as they are drawn behind another's."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec

from engine import events
from engine.config import RunConfig
from engine.errors import BadInput
from engine.store import catalogue
from engine.store.layout import LOG
from engine.store.reader import Follower
from tui.folding import folded
from tui.run_view import RunView

MOST_STEPS = 1_000_000
"""Steps of a run from which on no more are drawn behind another's: 16 bytes each, twice."""
_SLICE = 0.05
"""Seconds of reading between two looks at whether anybody still waits."""


def curves_of(runs: Path, run_id: str, given_up: Callable[[], bool] = lambda: False) -> RunView:
    """The run's loss and accuracy, with those of the runs that it has gone on from.

    Nothing else is kept of it, and no more than a million steps. Reading ends early when
    `given_up` says so.

    Raises:
        BadInput: when it is no training run, was made by a version too far from this one, or has
            no curves yet.
        OSError: when its record cannot be read.
    """
    view = RunView()
    for directory in catalogue.lineage(runs, run_id):
        for batch in _batches(directory / LOG, given_up):
            view = folded(list(_curves(batch)), view)
            if len(view.loss) >= MOST_STEPS:
                break
    if view.run_id != run_id or len(view.loss) < 2:
        raise BadInput(f"run {run_id} has no curves yet")
    return view


def _batches(log: Path, given_up: Callable[[], bool]) -> Iterator[Sequence[events.AnyEvent]]:
    with Follower(log) as follower:
        while not (follower.caught_up or given_up()):
            yield follower.drain(_SLICE)


def _curves(batch: Sequence[events.AnyEvent]) -> Iterator[events.AnyEvent]:
    """What the curves are made of, the steps without their layers."""
    for event in batch:
        if isinstance(event, events.StepsMeasured):
            replaced = msgspec.structs.replace(event, measured_steps=(), layers=())
            yield replaced if event.layers else event
        elif isinstance(event, events.RunStarted):
            yield _known(event)
        elif isinstance(event, events.EpochFinished):
            yield event


def _known(event: events.RunStarted) -> events.RunStarted:
    """The start of a training run with settings as this version spells them.

    Raises:
        BadInput: when there are none.
    """
    if event.experiment != "train":
        raise BadInput(f"run {event.run_id} is no training run: it has no such curves")
    known = {n: v for n, v in event.config.items() if n in RunConfig.__struct_fields__}
    try:
        config = msgspec.convert(known, RunConfig)
    except (msgspec.ValidationError, BadInput) as error:
        raise BadInput(f"the settings of run {event.run_id} are of another version") from error
    return msgspec.structs.replace(event, config=msgspec.to_builtins(config))
