"""A run's record as tidy tables: which there are, and the rows that each event adds to them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import repeat
from typing import Literal, NamedTuple

from engine import events
from engine.events import AnyEvent
from engine.export.past import steady
from engine.export.source import Source
from engine.text import clean

LONGEST_TEXT = 10_000
"""Characters of a cell."""
Cell = str | int | float | bool | None
Kind = Literal["text", "int", "float", "bool"]


class Table(NamedTuple):
    """A table's name and its columns, each with the kind of its cells; any cell may be None."""

    name: str
    columns: tuple[tuple[str, Kind], ...]


class Rows(NamedTuple):
    """Rows of a table, column by column: all of the same length."""

    table: Table
    columns: Sequence[Sequence[Cell]]


def _table(name: str, **columns: Kind) -> Table:
    return Table(name, tuple(columns.items()))


_VITALS = events.LayerVitals.__struct_fields__[1:]
STEPS = _table("steps", step="int", epoch="int", loss="float", accuracy="float", lr="float")
VITALS = Table(
    "vitals", (("step", "int"), ("layer", "text"), *((name, "float") for name in _VITALS))
)
EPOCHS = _table(
    "epochs",
    epoch="int",
    step="int",
    train_loss="float",
    train_accuracy="float",
    test_loss="float",
    test_accuracy="float",
    seconds="float",
    samples_per_second="float",
    train_loss_eval="float",
    train_accuracy_eval="float",
    time="float",
)
MATRICES = _table(
    "matrices",
    step="int",
    layer="text",
    kind="text",
    shape="text",
    min="float",
    max="float",
    mean_abs="float",
    rms="float",
    frobenius="float",
    spectral="float",
    effective_rank="float",
)
HISTOGRAMS = _table(
    "histograms",
    step="int",
    layer="text",
    of="text",
    bin="int",
    low="float",
    high="float",
    count="int",
)
CONTROLS = _table(
    "controls", time="float", step="int", what="text", before="text", after="text", note="text"
)
CHECKPOINTS = _table(
    "checkpoints",
    time="float",
    step="int",
    file="text",
    sha256="text",
    state="text",
    best="bool",
)
NOTES = _table("notes", time="float", level="text", text="text")
SERIES = _table("series", series="text", x="float", y="float")


def rows_of(event: AnyEvent, at: int, source: Source) -> Iterator[Rows]:
    """What event number `at` (counted from 0) of `source` adds to the tables that grow."""
    if not source.standing.counts(event, at):
        return
    match event:
        case events.StepsMeasured():
            yield _steps(event, source)
            yield from _vitals(event)
        case events.EpochFinished():
            yield _epoch(event)
        case events.MatricesMeasured():
            yield _matrices(event)
        case events.HistogramsMeasured():
            yield from _histograms(event)
        case events.ControlApplied():
            told = map(text, (event.what, event.before, event.after, event.note))
            yield _row(CONTROLS, event.time, event.step, *told)
        case events.CheckpointSaved():
            told = map(text, (event.file, event.sha256, event.state))
            yield _row(CHECKPOINTS, event.time, event.step, *told, event.best)
        case events.Noted():
            yield _row(NOTES, event.time, event.level, text(event.text))
        case events.SeriesExtended():
            yield Rows(SERIES, ([text(event.series)] * len(event.x), event.x, event.y))


def text(told: str) -> str:
    """Text fit for one line."""
    return clean(told, LONGEST_TEXT)


def transposed(table: Table, rows: Sequence[Sequence[Cell]]) -> Rows:
    """These rows, column by column."""
    return Rows(table, list(zip(*rows, strict=True)) if rows else [()] * len(table.columns))


def _row(table: Table, *cells: Cell) -> Rows:
    return Rows(table, [(cell,) for cell in cells])


def _epoch(event: events.EpochFinished) -> Rows:
    told = {name: getattr(event, name) for name, _ in EPOCHS.columns}
    if math.isnan(event.train_accuracy_eval):  # there were no masks to leave out
        told |= {"train_loss_eval": None, "train_accuracy_eval": None}
    return _row(EPOCHS, *told.values())


def _steps(event: events.StepsMeasured, source: Source) -> Rows:
    count, per_epoch = len(event.loss), source.steps_per_epoch
    steps = range(event.first_step, event.first_step + count)
    epochs: Sequence[Cell] = (
        [-(-step // per_epoch) for step in steps] if per_epoch else [None] * count
    )
    last = None if math.isnan(event.lr) else event.lr
    # With a schedule the record tells the rate of a block's last step alone.
    before = last if steady(source.started) else None
    rates = [*repeat(before, count - 1), last] if count else []
    return Rows(STEPS, (steps, epochs, event.loss, event.accuracy, rates))


def _vitals(event: events.StepsMeasured) -> Iterator[Rows]:
    for layer in event.layers:
        names = [text(layer.name)] * len(event.measured_steps)
        yield Rows(
            VITALS, (event.measured_steps, names, *(getattr(layer, name) for name in _VITALS))
        )


def _matrices(event: events.MatricesMeasured) -> Rows:
    figures = [name for name, kind in MATRICES.columns if kind == "float"]
    rows = [
        (
            event.step,
            text(row.name),
            row.kind,
            "x".join(map(str, row.shape)),
            *(getattr(row, name) for name in figures),
        )
        for row in event.rows
    ]
    return transposed(MATRICES, rows)


def _histograms(event: events.HistogramsMeasured) -> Iterator[Rows]:
    for told in event.histograms:
        count = len(told.counts)
        edges = (
            [told.low + (told.high - told.low) * i / count for i in range(count)] if count else []
        )
        columns = (
            [event.step] * count,
            [text(told.layer)] * count,
            [told.of] * count,
            range(count),
            edges,
            [*edges[1:], told.high][:count],
            told.counts,
        )
        yield Rows(HISTOGRAMS, columns)
