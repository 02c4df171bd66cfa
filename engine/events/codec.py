"""Events as lines of JSON."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import msgspec

from engine.events.base import Event
from engine.events.laboratory import (
    Advanced,
    BarsChanged,
    ClaimChecked,
    GraphChanged,
    GridChanged,
    PicturesShown,
    SeriesExtended,
    TableChanged,
)
from engine.events.predictions import PredictionsMeasured
from engine.events.run import CheckpointSaved, ControlApplied, Noted, RunFinished, RunStarted
from engine.events.training import (
    EpochFinished,
    HistogramsMeasured,
    MatricesMeasured,
    StepsMeasured,
)

AnyEvent = (
    RunStarted
    | StepsMeasured
    | MatricesMeasured
    | HistogramsMeasured
    | EpochFinished
    | ControlApplied
    | CheckpointSaved
    | SeriesExtended
    | TableChanged
    | GridChanged
    | BarsChanged
    | PicturesShown
    | GraphChanged
    | PredictionsMeasured
    | Advanced
    | ClaimChecked
    | Noted
    | RunFinished
)

_encoder = msgspec.json.Encoder()
_strict: msgspec.json.Decoder[AnyEvent] = msgspec.json.Decoder(AnyEvent)
_lenient: msgspec.json.Decoder[AnyEvent] = msgspec.json.Decoder(AnyEvent, strict=False)
_many: msgspec.json.Decoder[list[AnyEvent]] = msgspec.json.Decoder(list[AnyEvent])


def encode(event: Event) -> bytes:
    """One line of JSON, without the newline."""
    line = _encoder.encode(event)
    # msgspec writes NaN and ±Inf as null and could not read them back. No event has a null of its
    # own except an absent dataset or picture: the slow path is for those and for such numbers.
    return _encoder.encode(_spelled(msgspec.to_builtins(event))) if b"null" in line else line


def decode(line: bytes) -> AnyEvent:
    """The event that `encode` wrote.

    Raises:
        ValueError: when the line is not JSON in UTF-8, or not one of the events.
    """
    try:
        return _strict.decode(line)
    except msgspec.ValidationError:
        return _lenient.decode(line)  # reads "NaN" and "±Infinity" as the numbers they are


def decode_all(lines: Sequence[bytes]) -> list[AnyEvent]:
    """The events that `encode` wrote, in half the time where every number is finite.

    Raises:
        ValueError: when `decode` would not take each line alone as it stands.
    """
    events = _many.decode(b"[" + b",\n".join(lines) + b"]")
    if len(events) != len(lines):
        raise msgspec.DecodeError(f"{len(events)} events in {len(lines)} lines")
    return events


def _spelled(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, dict):
        return {key: _spelled(element) for key, element in value.items()}
    if isinstance(value, list | tuple):
        return [_spelled(element) for element in value]
    return value
