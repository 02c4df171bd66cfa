"""How an experiment's panels share the room: pure numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

NARROWEST, LOWEST = 60, 14
_FIGURE, _TEXT = (40, 8), 56
"""The least width and height of a figure, and the least width of a table beside another."""


@dataclass(frozen=True, slots=True)
class Arrangement:
    """Which figures and which texts (by index) are shown, and in how many columns.

    `text_rows` are the heights of the rows of texts. Where `one` is set a single panel has all the
    room, and the others are a key away.
    """

    figures: tuple[int, ...] = ()
    figure_columns: int = 1
    texts: tuple[int, ...] = ()
    text_columns: int = 1
    text_rows: tuple[int, ...] = ()
    one: bool = False
    hidden: int = 0


def arrange(
    width: int, height: int, figures: int, texts: Sequence[int], chosen: int
) -> Arrangement:
    """Share `width`×`height` cells among `figures` and texts of these natural heights.

    The last text, that of the claims, has a row for itself. `chosen` is the panel to begin with
    where they do not all fit: round and round.
    """
    count = figures + len(texts)
    if not count:
        return Arrangement()
    if width < NARROWEST or height < LOWEST:
        at = chosen % count
        only = Arrangement(one=True, hidden=count - 1)
        if at < figures:
            return Arrangement((at,), one=True, hidden=only.hidden)
        return Arrangement((), 1, (at - figures,), 1, (height,), one=True, hidden=only.hidden)
    columns = max(1, min(len(texts) - 1, width // _TEXT))
    rows = _text_rows(texts, columns)
    least = max(_FIGURE[1] + 2, int(0.4 * height)) if figures else 0
    heights = shared(rows, height - least)
    shown, across = _figures(width, height - sum(heights), figures, chosen)
    return Arrangement(
        shown, across, tuple(range(len(texts))), columns, heights, hidden=figures - len(shown)
    )


def _figures(width: int, height: int, figures: int, chosen: int) -> tuple[tuple[int, ...], int]:
    """The figures that fit, and in how many columns."""
    if not figures:
        return (), 1
    across = min(figures, max(1, width // _FIGURE[0]))
    down = max(1, height // _FIGURE[1])
    needed = -(-figures // across)
    down = min(down, needed)
    room = min(figures, across * down)
    across = -(-room // down)
    first = chosen % figures if room < figures else 0
    return tuple((first + i) % figures for i in range(room)), across


def _text_rows(texts: Sequence[int], columns: int) -> list[int]:
    """Natural heights of the rows: the tables by `columns`, then the claims."""
    tables = texts[:-1]
    rows = [max(tables[i : i + columns]) for i in range(0, len(tables), columns)]
    return [*rows, *texts[-1:]]


def shared(wanted: Sequence[int], room: int) -> tuple[int, ...]:
    """`room` lines shared out: who wants little gets it, the others get equal parts of the rest.

    Those at the end go without when there is less than a line for each.
    """
    got = [0] * len(wanted)
    left = max(0, room)
    for place, index in enumerate(sorted(range(len(wanted)), key=lambda i: wanted[i])):
        got[index] = min(wanted[index], left // (len(wanted) - place))
        left -= got[index]
    return tuple(got)
