"""How an experiment's panels share the room: pure numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

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
    is set a single panel has all the room. `hidden` panels are on other pages.
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
    width: int, height: int, figures: Sequence[int], texts: Sequence[int], page: int
) -> Arrangement:
    """Share `width`×`height` cells among figures and texts of these natural heights.

    A figure of no natural height stands beside others; one that has one, such as a row of pictures,
    is broad: it gets a row of its own. The last text, that of the claims, has a row for itself.
    What does not fit has its turn on other pages, which go round and round.
    """
    count = len(figures) + len(texts)
    if not count:
        return Arrangement()
    narrow = width < NARROWEST or height < LOWEST
    pages = _single(figures, texts, height) if narrow else _pages(width, height, figures, texts)
    shown = pages[page % len(pages)]
    return replace(shown, hidden=count - len(shown.figures) - len(shown.texts))


def _single(figures: Sequence[int], texts: Sequence[int], height: int) -> list[Arrangement]:
    """A page for each panel."""
    alone = [Arrangement((at,), broad_rows=(0,), one=True) for at in range(len(figures))]
    told = [Arrangement(texts=(a,), text_rows=(height,), one=True) for a in range(len(texts))]
    return alone + told


def _pages(
    width: int, height: int, figures: Sequence[int], texts: Sequence[int]
) -> list[Arrangement]:
    """Figures above texts; each goes through pages of its own, those that have fewer repeat."""
    *tables, claims = texts
    last = len(tables)
    least = max(_FIGURE[1] + 2, height // 2) if figures else 0
    room = height - least
    if figures and any(_cramped(table, claims, room) for table in tables):
        told = [Arrangement(texts=(last,), text_rows=shared([claims], room))]
        rows = [shared([table, claims], height) for table in tables]
        after = [Arrangement(texts=(at, last), text_rows=r) for at, r in enumerate(rows)]
    else:
        told = _turns(len(tables), lambda shown: _texts(texts, shown, width, room))
        after = []
    above = height - max(sum(page.text_rows) for page in told)
    drawn = _turns(len(figures), lambda shown: _figures(figures, shown, width, above))
    together = range(max(len(drawn), len(told)))
    return [*(_both(drawn[i % len(drawn)], told[i % len(told)]) for i in together), *after]


def _both(above: Arrangement, below: Arrangement) -> Arrangement:
    """One page of the figures of one and the texts of the other."""
    return replace(
        above, texts=below.texts, text_columns=below.text_columns, text_rows=below.text_rows
    )


def _turns(
    total: int, arranged: Callable[[tuple[int, ...]], Arrangement | None]
) -> list[Arrangement]:
    """Pages of as many neighbours as can be arranged together, at least one page."""
    pages: list[Arrangement] = []
    first = 0
    while first < total or not pages:
        for stop in range(total, first - 1, -1):
            page = arranged(tuple(range(first, stop)))
            if page is not None:
                pages.append(page)
                first = max(stop, first + 1)
                break
    return pages


def _figures(
    figures: Sequence[int], shown: tuple[int, ...], width: int, height: int
) -> Arrangement | None:
    """These figures; None where they do not fit. A single one always does."""
    broad = [figures[index] for index in shown if figures[index]]
    beside = len(shown) - len(broad)
    across = max(1, min(beside, width // _FIGURE[0]))
    down = -(-beside // across)
    needed = down * _FIGURE[1]
    least = sum(min(wanted, _BROAD) for wanted in broad)
    if needed + least > height and len(shown) > 1:
        return None
    most = max(least, min(height // 2, height - needed))
    rows = shared(broad, most) if beside else (0,) * len(broad)
    return Arrangement(shown, -(-beside // max(1, down)) or 1, rows)


def _texts(
    texts: Sequence[int], shown: tuple[int, ...], width: int, room: int
) -> Arrangement | None:
    """These tables and the claims; None where too little is left of a table. No table fits always.

    A table is shown only where most of it fits.
    """
    last = len(texts) - 1
    across = max(1, min(len(shown), width // _TEXT))
    wanted = [max(texts[i] for i in shown[at : at + across]) for at in range(0, len(shown), across)]
    rows = shared([*wanted, texts[last]], room)
    enough = all(got >= min(need, _LEAST_TABLE) for got, need in zip(rows, wanted, strict=False))
    if not enough and len(shown) > 1:
        return None
    return Arrangement(texts=(*shown, last), text_columns=across, text_rows=rows)


def _cramped(table: int, claims: int, room: int) -> bool:
    """Whether a table would lose most of itself beside the figures."""
    return shared([table, claims], room)[0] < min(table, _LEAST_TABLE)


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
