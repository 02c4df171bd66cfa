"""The tables of what stands at the end of a run: settings, layers, claims, what it showed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from engine import events
from engine.export.source import Source
from engine.export.tables import Cell, Kind, Rows, Table, text, transposed

CONFIG = Table("config", (("setting", "text"), ("value", "text")))
LAYERS = Table(
    "layers",
    (
        ("layer", "text"),
        ("fan_in", "int"),
        ("fan_out", "int"),
        ("parameters", "int"),
        ("activation", "text"),
        ("initializer", "text"),
    ),
)
CLAIMS = Table(
    "claims",
    (
        ("claim", "text"),
        ("measured", "float"),
        ("predicted", "float"),
        ("tolerance", "float"),
        ("holds", "bool"),
        ("source", "text"),
    ),
)
GRIDS = Table(
    "grids",
    (
        ("grid", "text"),
        ("row", "int"),
        ("column", "int"),
        ("row_label", "text"),
        ("column_label", "text"),
        ("value", "float"),
        ("cell", "text"),
    ),
)
BARS = Table(
    "bars",
    (
        ("bars", "text"),
        ("label", "text"),
        ("group", "text"),
        ("value", "float"),
        ("low", "float"),
        ("high", "float"),
    ),
)
GRAPHS = Table(
    "graphs",
    (
        ("graph", "text"),
        ("node", "text"),
        ("formula", "text"),
        ("shape", "text"),
        ("norm", "float"),
        ("gradient_norm", "float"),
        ("inputs", "text"),
    ),
)
PREDICTIONS = Table(
    "predictions",
    (
        ("step", "int"),
        ("among", "text"),
        ("index", "int"),
        ("label", "int"),
        ("label_name", "text"),
        ("predicted", "int"),
        ("predicted_name", "text"),
        ("probability", "float"),
        ("loss", "float"),
    ),
)
CONFUSION = Table(
    "confusion",
    (
        ("step", "int"),
        ("label", "int"),
        ("label_name", "text"),
        ("predicted", "int"),
        ("predicted_name", "text"),
        ("examples", "int"),
    ),
)


def rows_at_end(source: Source) -> Iterator[Rows]:
    """Every table of what stands at the end; some may be empty."""
    standing = source.standing
    yield transposed(CONFIG, list(settings(source).items()))
    yield _layers(source.started)
    claims = [
        (text(c.claim), c.measured, c.predicted, c.tolerance, c.holds, text(c.source))
        for c in standing.claims.values()
    ]
    yield transposed(CLAIMS, claims)
    for grid in standing.grids.values():
        yield _grid(grid)
    for bars in standing.bars.values():
        yield _bars(bars)
    for graph in standing.graphs.values():
        yield _graph(graph)
    yield from _shown_tables(list(standing.tables.values()))
    if standing.predictions:
        yield from _predictions(standing.predictions, _classes(source))


def settings(source: Source) -> dict[str, str]:
    """The run's settings: text as it is, everything else as JSON spells it."""
    config = source.started.config if source.started else source.entry.summary.config
    return {text(name): _spelled(value) for name, value in config.items()}


def _spelled(value: Any) -> str:
    return text(value if isinstance(value, str) else msgspec.json.encode(value).decode())


def _layers(started: events.RunStarted | None) -> Rows:
    rows = [
        (
            text(layer.name),
            layer.fan_in,
            layer.fan_out,
            layer.parameters,
            text(layer.activation),
            text(layer.initializer),
        )
        for layer in (started.layers if started else ())
    ]
    return transposed(LAYERS, rows)


def _grid(grid: events.GridChanged) -> Rows:
    rows = [
        (
            text(grid.grid),
            i,
            j,
            _at(grid.rows, i),
            _at(grid.columns, j),
            value,
            _at(grid.cells[i], j) if i < len(grid.cells) else "",
        )
        for i, line in enumerate(grid.values)
        for j, value in enumerate(line)
    ]
    return transposed(GRIDS, rows)


def _bars(bars: events.BarsChanged) -> Rows:
    rows = [
        (
            text(bars.bars),
            _at(bars.labels, i),
            text(group.name),
            value,
            group.low[i] if i < len(group.low) else None,
            group.high[i] if i < len(group.high) else None,
        )
        for group in bars.groups
        for i, value in enumerate(group.values)
    ]
    return transposed(BARS, rows)


def _graph(graph: events.GraphChanged) -> Rows:
    rows = [
        (
            text(graph.graph),
            text(node.name),
            text(node.formula),
            text(node.shape),
            node.norm,
            node.gradient_norm,
            text(" ".join(one for one, other in graph.edges if other == node.name)),
        )
        for node in graph.nodes
    ]
    return transposed(GRAPHS, rows)


def _shown_tables(shown: Sequence[events.TableChanged]) -> Iterator[Rows]:
    """A table of its own for each that an experiment shows."""
    taken: set[str] = set()
    for each in shown:
        name = _unlike("table-" + _slug(each.table), taken)
        rows = [row for row in each.rows if len(row) == len(each.columns)]
        cells: list[list[Cell]] = [
            [text(cell) if isinstance(cell, str) else cell for cell in column]
            for column in zip(*rows, strict=True)
        ] or [[] for _ in each.columns]
        kinds = [_kind(column) for column in cells]
        heads: set[str] = set()
        columns = [
            (_unlike(text(head) or "column", heads), kind)
            for head, kind in zip(each.columns, kinds, strict=True)
        ]
        as_told = [
            [cell if kind == "float" or isinstance(cell, str) else repr(cell) for cell in column]
            for column, kind in zip(cells, kinds, strict=True)
        ]
        yield Rows(Table(name, tuple(columns)), as_told)


def _kind(column: Sequence[Cell]) -> Kind:
    return "text" if any(isinstance(cell, str) for cell in column) else "float"


def _predictions(told: events.PredictionsMeasured, classes: Sequence[str]) -> Iterator[Rows]:
    rows = [
        (
            told.step,
            among,
            each.index,
            each.label,
            _at(classes, each.label),
            each.predicted,
            _at(classes, each.predicted),
            each.probability,
            each.loss,
        )
        for among, group in (("shown", told.shown), ("mistakes", told.mistakes))
        for each in group
    ]
    yield transposed(PREDICTIONS, rows)
    counts = [
        (label, predicted, examples)
        for label, line in enumerate(told.confusion)
        for predicted, examples in enumerate(line)
    ] or [(c.label, c.predicted, c.examples) for c in told.confused]
    confused = [
        (told.step, label, _at(classes, label), predicted, _at(classes, predicted), examples)
        for label, predicted, examples in counts
    ]
    yield transposed(CONFUSION, confused)


def _classes(source: Source) -> Sequence[str]:
    dataset = source.started.dataset if source.started else None
    return dataset.classes if dataset else ()


def _at(names: Sequence[str], index: int) -> str:
    return text(names[index]) if 0 <= index < len(names) else ""


def _slug(name: str) -> str:
    """A name for a file, whatever the name of the table is."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:60] or "unnamed"


def _unlike(name: str, taken: set[str]) -> str:
    """`name`, or with a number where it is taken."""
    chosen, number = name, 2
    while chosen in taken:
        chosen, number = f"{name}-{number}", number + 1
    taken.add(chosen)
    return chosen
