"""Everything a run can say: a closed union of frozen records of plain values, never tensors.

As JSON each event is one object with its ``type`` in snake_case, a gap-free ``seq`` counted from
0 within its run, and ``time`` in seconds since the epoch. Finite numbers are JSON numbers; the
others are the strings "NaN", "Infinity" and "-Infinity". The names here are a contract for
scripts: extend them, never rename them.

No event can be part of a cycle, so the garbage collector need not visit them (``gc=False``):
reading a long record takes half the time.
"""

from engine.events.base import Event
from engine.events.codec import AnyEvent, decode, decode_all, encode
from engine.events.laboratory import (
    Advanced,
    Bars,
    BarsChanged,
    ClaimChecked,
    GraphChanged,
    GraphNode,
    GridChanged,
    Picture,
    PicturesShown,
    SeriesExtended,
    TableChanged,
)
from engine.events.predictions import Confused, Prediction, PredictionsMeasured
from engine.events.run import (
    CheckpointSaved,
    ControlApplied,
    DatasetInfo,
    Layer,
    Level,
    Noted,
    Outcome,
    RunFinished,
    RunStarted,
)
from engine.events.training import (
    EpochFinished,
    Histogram,
    HistogramsMeasured,
    LayerVitals,
    MatricesMeasured,
    MatrixRow,
    StepsMeasured,
)

__all__ = [
    "Advanced",
    "AnyEvent",
    "Bars",
    "BarsChanged",
    "CheckpointSaved",
    "ClaimChecked",
    "Confused",
    "ControlApplied",
    "DatasetInfo",
    "EpochFinished",
    "Event",
    "GraphChanged",
    "GraphNode",
    "GridChanged",
    "Histogram",
    "HistogramsMeasured",
    "Layer",
    "LayerVitals",
    "Level",
    "MatricesMeasured",
    "MatrixRow",
    "Noted",
    "Outcome",
    "Picture",
    "PicturesShown",
    "Prediction",
    "PredictionsMeasured",
    "RunFinished",
    "RunStarted",
    "SeriesExtended",
    "StepsMeasured",
    "TableChanged",
    "decode",
    "decode_all",
    "encode",
]
