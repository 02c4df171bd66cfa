"""What the symmetry experiment draws: units as tiles, and how far apart they are."""

from __future__ import annotations

import math
from collections.abc import Mapping

from engine.events import GridChanged, TableChanged
from engine.lab.units import Units

TILES = 16  # units in a row of the grid
FLOOR = -20.0  # stands for log10 of no distance at all


def log10(size: float) -> float:
    """log₁₀, with `FLOOR` for 0 and NaN for NaN."""
    return max(FLOOR, math.log10(size)) if size > 0 else math.nan if math.isnan(size) else FLOOR


def tiles(units: Units) -> GridChanged:
    """Each unit's distance from the first as a tile, the first unit at the top left."""
    far = [log10(distance) for distance in units.distances().tolist()]
    rows = range(0, len(far), TILES)
    padded = [(far[i : i + TILES] + [math.nan] * TILES)[:TILES] for i in rows]
    return GridChanged(
        grid=f"units: log10 distance from the first ({FLOOR:.0f}: equal)",
        rows=tuple(str(i + 1) for i in rows),
        columns=tuple(str(i) for i in range(TILES)),
        values=tuple(map(tuple, padded)),
    )


def parted(both: Mapping[str, Units]) -> TableChanged:
    """How far the units of each dtype have come apart."""
    rows: list[tuple[str | float, ...]] = []
    for name, units in both.items():
        first, along = units.w1[0].double(), units.of_w1()
        rows.append(
            (
                name,
                f"{units.parted()} of {units.plan.width - 1}",
                f"step {units.differ_at}" if units.differ_at else "never",
                f"step {units.part_at}" if units.part_at else "never",
                float(along.max()),
                float(units.of_b1().max()),
                float(units.of_w2().max()),
                float(first.max() - first.min()),
            )
        )
    return TableChanged(
        table="apart",
        columns=(
            "dtype",
            "units parted",
            "a bit differed",
            "more than rounding",
            "rows of W1",
            "b1",
            "columns of W2",
            "entries within a row of W1",
        ),
        rows=tuple(rows),
    )


def summary(both: Mapping[str, Units], dtype: str) -> str:
    """What came out beside theory, in a sentence."""
    units = both[dtype]
    if not units.steps:
        return "nothing was trained"
    others, leavers = units.plan.width - 1, units.plan.leavers
    first = (
        f"after {units.steps} steps in {dtype} {units.parted()} of {others} units have parted "
        f"from the first (theory {leavers}), the rank of W1 is {units.rank():g} and the loss "
        f"{units.loss:.4f}"
    )
    return "; ".join(
        [first]
        + [
            f"in {name} {each.parted()} parted"
            + (f", from step {each.part_at} on" if each.part_at else "")
            for name, each in both.items()
            if name != dtype
        ]
    )
