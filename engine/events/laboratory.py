"""What an experiment shows: curves, tables, pictures, graphs and claims."""

from __future__ import annotations

import math
from typing import Literal

import msgspec

from engine.events.base import Event


class SeriesExtended(Event, frozen=True, kw_only=True):
    """New points of a curve that an experiment draws, with x that does not decrease.

    `series` is "<chart>/<curve>". With `afresh` they take the place of the points so far.
    """

    series: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    afresh: bool = False


class TableChanged(Event, frozen=True, kw_only=True):
    """A table that an experiment shows, whole."""

    table: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str | float, ...], ...]


class GridChanged(Event, frozen=True, kw_only=True):
    """A heatmap that an experiment shows, whole: `values[row][column]`.

    `rows` and `columns` label it (spelled numbers for an axis). `cells`, where given, is a short
    text for each cell, and `points` are measured points (column, row, text) in cells, fractions
    allowed, drawn over it. NaN is a cell that has no value yet. With `whole` a mean of neighbours
    would be a value that no cell has: where there are too many to show, some are left out.
    """

    grid: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    values: tuple[tuple[float, ...], ...]
    cells: tuple[tuple[str, ...], ...] = ()
    points: tuple[tuple[float, float, str], ...] = ()
    whole: bool = False


class Bars(msgspec.Struct, frozen=True, gc=False):
    """One bar for each label; `low` and `high`, where given, are the ends of its error bar."""

    name: str
    values: tuple[float, ...]
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()


class BarsChanged(Event, frozen=True, kw_only=True):
    """A bar chart that an experiment shows, whole: under each label a bar of every group.

    A group whose name starts with "theory" is a prediction, as the curves of a chart.
    """

    bars: str
    labels: tuple[str, ...]
    groups: tuple[Bars, ...]
    y: str = ""


class Picture(msgspec.Struct, frozen=True, gc=False):
    """A small image: bytes row by row from the top left, 0 black to 255 white.

    `channels` is 1 (grey) or 3 (red, green, blue of each pixel); in JSON the pixels are base64.
    `tone` says whether the caption is good news, bad news or neither.
    """

    width: int
    height: int
    pixels: bytes
    channels: int = 1
    caption: str = ""
    tone: Literal["plain", "good", "bad"] = "plain"


class PicturesShown(Event, frozen=True, kw_only=True):
    """A row of pictures that an experiment shows, whole."""

    pictures: str
    items: tuple[Picture, ...]


class GraphNode(msgspec.Struct, frozen=True, gc=False):
    """A node of a computational graph at (`column`, `row`) of its drawing, both from 0.

    `norm` is that of its value and `gradient_norm` that of ∂J/∂node, NaN where not computed yet;
    `values` are a few entries, of the gradient once there is one. `at` marks the node that the
    pass has just reached.
    """

    name: str
    formula: str
    column: int
    row: int
    shape: str = ""
    norm: float = math.nan
    gradient_norm: float = math.nan
    values: tuple[float, ...] = ()
    state: Literal["waiting", "forward", "backward"] = "waiting"
    at: bool = False


class GraphChanged(Event, frozen=True, kw_only=True):
    """A computational graph that an experiment shows, whole; `edges` name (from, to).

    `notes` are lines on the node that the pass has just reached.
    """

    graph: str
    nodes: tuple[GraphNode, ...]
    edges: tuple[tuple[str, str], ...]
    notes: tuple[str, ...] = ()


class Advanced(Event, frozen=True, kw_only=True):
    """How far an experiment has come: `done` of `total` units of work."""

    done: float
    total: float


class ClaimChecked(Event, frozen=True, kw_only=True):
    """A measurement held against its prediction: it holds if |measured - predicted| ≤ tolerance."""

    claim: str
    measured: float
    predicted: float
    tolerance: float
    holds: bool
    source: str
