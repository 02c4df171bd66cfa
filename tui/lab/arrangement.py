"""How an experiment's panels share the room: pure numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

NARROWEST, LOWEST = 60, 14
_FIGURE, _TEXT, _LEAST_TABLE = (40, 8), 56, 6
"""The least width and height of a figure, the least width of a table beside another, and the height
from which a table is worth its place."""


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
        if at < figures:
            return Arrangement((at,), one=True, hidden=count - 1)
        return Arrangement((), 1, (at - figures,), 1, (height,), one=True, hidden=count - 1)
    least = max(_FIGURE[1] + 2, height // 2) if figures else 0
    tables, rows, columns = _tables(texts, width, height - least, chosen)
    at = chosen % (count - 1) if figures and len(texts) > 1 and not tables else 0
    shown: tuple[int, ...] = ()
    if at >= figures > 0:  # no table fits beside the figures: each has its turn in their place
        tables, rows, columns = (at - figures,), shared([texts[at - figures], texts[-1]], height), 1
        across = 1
    else:
        shown, across = _figures(width, height - sum(rows), figures, chosen)
    hidden = count - len(shown) - len(tables) - 1
    return Arrangement(shown, across, (*tables, len(texts) - 1), columns, rows, hidden=hidden)


def _figures(width: int, height: int, figures: int, chosen: int) -> tuple[tuple[int, ...], int]:
    """The figures that fit, and in how many columns."""
    if not figures:
        return (), 1
    across = min(figures, max(1, width // _FIGURE[0]))
    down = min(max(1, height // _FIGURE[1]), -(-figures // across))
    room = min(figures, across * down)
    return _window(figures, room, chosen), -(-room // down)


def _tables(
    texts: Sequence[int], width: int, room: int, chosen: int
) -> tuple[tuple[int, ...], tuple[int, ...], int]:
    """The tables for which there is room beside the claims, the rows' heights, the columns.

    A table is shown only where most of it fits.
    """
    *tables, claims = texts
    columns = max(1, min(len(tables), width // _TEXT))
    if any(shared([table, claims], room)[0] < min(table, _LEAST_TABLE) for table in tables):
        return (), shared([claims], room), 1
    for count in range(len(tables), 0, -1):
        shown = _window(len(tables), count, chosen)
        across = min(columns, count)
        wanted = [max(tables[i] for i in shown[at : at + across]) for at in range(0, count, across)]
        heights = shared([*wanted, claims], room)
        enough = all(
            got >= min(need, _LEAST_TABLE) for got, need in zip(heights, wanted, strict=False)
        )
        if enough:
            return shown, heights, across
    return (), shared([claims], room), 1


def _window(total: int, room: int, chosen: int) -> tuple[int, ...]:
    """So many of `total` panels, beginning with the chosen one where they do not all fit."""
    first = chosen % total if room < total else 0
    return tuple(sorted((first + i) % total for i in range(room)))


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
