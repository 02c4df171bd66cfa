"""How an experiment's panels share the room: pure numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

NARROWEST, LOWEST = 60, 14
_FIGURE, _BROAD = (40, 8), 9
"""The least width and height of a figure; the least height of a broad one, if it wants as much."""
_TEXT, _LEAST_TABLE = 56, 6
"""The least width of a table beside another, and the height from which a table is worth its
place."""


@dataclass(frozen=True, slots=True)
class Arrangement:
    """Which figures and which texts (by index) are shown, and in how many columns.

    `broad_rows` are the heights of the figures that have a row to themselves, 0 for an equal part;
    the others share what those leave. `text_rows` are the heights of the rows of texts. Where `one`
    is set a single panel has all the room, and the others are a key away.
    """

    figures: tuple[int, ...] = ()
    figure_columns: int = 1
    broad_rows: tuple[int, ...] = ()
    texts: tuple[int, ...] = ()
    text_columns: int = 1
    text_rows: tuple[int, ...] = ()
    one: bool = False
    hidden: int = 0


def arrange(
    width: int, height: int, figures: Sequence[int], texts: Sequence[int], chosen: int
) -> Arrangement:
    """Share `width`×`height` cells among figures and texts of these natural heights.

    A figure of no natural height stands beside others; one that has one, such as a row of pictures,
    is broad: it gets a row of its own. The last text, that of the claims, has a row for itself.
    `chosen` is the panel to begin with where they do not all fit: round and round.
    """
    many = len(figures)
    count = many + len(texts)
    if not count:
        return Arrangement()
    if width < NARROWEST or height < LOWEST:
        at = chosen % count
        if at < many:
            return Arrangement((at,), broad_rows=(0,), one=True, hidden=count - 1)
        return Arrangement(texts=(at - many,), text_rows=(height,), one=True, hidden=count - 1)
    least = max(_FIGURE[1] + 2, height // 2) if figures else 0
    tables, rows, columns = _tables(texts, width, height - least, chosen)
    at = chosen % (count - 1) if figures and len(texts) > 1 and not tables else 0
    top = Arrangement()
    if at >= many > 0:  # no table fits beside the figures: each has its turn in their place
        tables, rows, columns = (at - many,), shared([texts[at - many], texts[-1]], height), 1
    else:
        top = _figures(width, height - sum(rows), figures, chosen)
    return Arrangement(
        top.figures,
        top.figure_columns,
        top.broad_rows,
        (*tables, len(texts) - 1),
        columns,
        rows,
        hidden=count - len(top.figures) - len(tables) - 1,
    )


def _figures(width: int, height: int, figures: Sequence[int], chosen: int) -> Arrangement:
    """As many figures as fit, beginning with the chosen one; at least that."""
    total = len(figures)
    for room in range(total, 0, -1):
        shown = _window(total, room, chosen)
        broad = [figures[index] for index in shown if figures[index]]
        beside = room - len(broad)
        across = max(1, min(beside, width // _FIGURE[0]))
        down = -(-beside // across)
        needed = down * _FIGURE[1]
        least = sum(min(wanted, _BROAD) for wanted in broad)
        if needed + least > height and room > 1:
            continue
        most = max(least, min(height // 2, height - needed))
        rows = shared(broad, most) if beside else (0,) * len(broad)
        return Arrangement(shown, -(-beside // max(1, down)) or 1, rows)
    return Arrangement()


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
