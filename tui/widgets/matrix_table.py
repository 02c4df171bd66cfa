"""Magnitudes of every weight matrix and of its gradient."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Unpack

from tui.charts.fields import Field
from tui.charts.numbers import fixed
from tui.widgets.strips import Run, ViewOptions
from tui.widgets.table import Cell, FigureTable


@dataclass(frozen=True, slots=True)
class MatrixFigures:
    """One matrix: a layer's weight or its gradient."""

    name: str
    kind: Literal["weight", "gradient"]
    shape: tuple[int, ...]
    min: float
    max: float
    mean_abs: float
    rms: float
    frobenius: float
    spectral: float
    effective_rank: float


def _number(get: Callable[[MatrixFigures], float]) -> Callable[[MatrixFigures, int], Run]:
    def spell(row: MatrixFigures, width: int) -> Run:
        value = get(row)
        return fixed(value, width), "text" if math.isfinite(value) else "alert"

    return spell


def _rank(row: MatrixFigures, width: int) -> Run:
    if not math.isfinite(row.effective_rank):
        return fixed(row.effective_rank, width), "alert"
    return f"{row.effective_rank:.1f}".rjust(width), "text"


def _kind(row: MatrixFigures, width: int) -> Run:
    return ("W", "train-accuracy") if row.kind == "weight" else ("∇", "loss")


_CELLS: tuple[Cell[MatrixFigures], ...] = (
    Cell(Field("matrix", 8, 100, most=12, left=True), lambda r, w: (r.name, "strong")),
    Cell(Field(" ", 1, 99), _kind),
    Cell(Field("shape", 9, 20), lambda r, w: ("×".join(map(str, r.shape)), "muted")),
    Cell(Field("min", 8, 50), _number(lambda r: r.min)),
    Cell(Field("max", 8, 55), _number(lambda r: r.max)),
    Cell(Field("mean|w|", 7, 40), _number(lambda r: r.mean_abs)),
    Cell(Field("rms", 7, 60), _number(lambda r: r.rms)),
    Cell(Field("‖·‖F", 7, 70), _number(lambda r: r.frobenius)),
    Cell(Field("‖·‖2", 7, 90), _number(lambda r: r.spectral)),
    Cell(Field("eff.rank", 8, 80), _rank),
)


class MatrixTable(FigureTable[MatrixFigures]):
    """The matrices' table."""

    DEFAULT_CSS = "MatrixTable { width: 1fr; height: auto; }"

    def __init__(self, **options: Unpack[ViewOptions]) -> None:
        super().__init__(lambda _: _CELLS, **options)
