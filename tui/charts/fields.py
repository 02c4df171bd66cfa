"""Fields of a row, of which the less important ones give way when the room shrinks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

GAP = 2


@dataclass(frozen=True, slots=True)
class Field:
    """A column's heading and width; the higher its `priority`, the longer it stays.

    `most` is the width up to which it takes what others leave; 0 keeps it at `width`.
    """

    title: str
    width: int
    priority: int
    most: int = 0
    left: bool = False


def fit(fields: Sequence[Field], width: int, gap: int = GAP) -> list[tuple[int, int]]:
    """The fields that fit into `width` cells, in their order, as (index, width).

    The least important leave first; what is left over goes to those that may grow.
    """
    kept = list(range(len(fields)))
    while kept and _needed([fields[i].width for i in kept], gap) > width:
        kept.remove(min(kept, key=lambda i: fields[i].priority))
    spare = width - _needed([fields[i].width for i in kept], gap)
    sized = []
    for index in kept:
        grown = max(0, min(spare, fields[index].most - fields[index].width))
        sized.append((index, fields[index].width + grown))
        spare -= grown
    return sized


def _needed(widths: Sequence[int], gap: int) -> int:
    return sum(widths) + gap * max(0, len(widths) - 1)
