"""What of a run's events still counts once another run has gone on from an earlier step."""

from __future__ import annotations

import math

import msgspec

from engine import events
from engine.events import AnyEvent

_AT_A_STEP = (
    events.EpochFinished,
    events.MatricesMeasured,
    events.HistogramsMeasured,
    events.PredictionsMeasured,
    events.ControlApplied,
    events.CheckpointSaved,
)


def steady(started: events.RunStarted | None) -> bool:
    """Whether the learning rate of a run changes only when a person steers it."""
    config = started.config if started else {}
    return config.get("schedule", "constant") == "constant" and not config.get("warmup_steps", 0)


def past(event: AnyEvent, until: float, *, lr_known: bool = True) -> AnyEvent | None:
    """`event` as far as it tells of updates up to `until`; None when it tells of later ones alone.

    Where a block is cut, the rate of its last step is that of another step than before: NaN,
    unless it is known (`lr_known`) to be the same.
    """
    if isinstance(event, events.StepsMeasured):
        return _steps(event, until, lr_known)
    return None if isinstance(event, _AT_A_STEP) and event.step > until else event


def _steps(event: events.StepsMeasured, until: float, lr_known: bool) -> AnyEvent | None:
    if event.first_step + len(event.loss) - 1 <= until:
        return event
    if event.first_step > until:
        return None
    count = int(until) - event.first_step + 1
    measured = sum(step <= until for step in event.measured_steps)
    return msgspec.structs.replace(
        event,
        loss=event.loss[:count],
        accuracy=event.accuracy[:count],
        lr=event.lr if lr_known else math.nan,
        measured_steps=event.measured_steps[:measured],
        layers=tuple(_first_of(layer, measured) for layer in event.layers) if measured else (),
    )


def _first_of(layer: events.LayerVitals, count: int) -> events.LayerVitals:
    columns = [getattr(layer, name)[:count] for name in layer.__struct_fields__[1:]]
    return events.LayerVitals(layer.name, *columns)
