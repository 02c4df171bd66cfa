"""Which texts can be told from each other in and below cells of so many columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise


def fitting(cells: Sequence[Sequence[str]], wide: int) -> list[tuple[str, ...]]:
    """The cells' texts, of all of them the first word where one does not fit whole."""
    if all(len(text) < wide for row in cells for text in row):
        return [tuple(row) for row in cells]
    return [tuple(text.partition(" ")[0] for text in row) for row in cells]


def start(text: str, wide: int) -> int:
    """The column of its cell at which a text begins."""
    return (wide - len(text)) // 2


def apart(cells: Sequence[Sequence[str]], wide: int) -> bool:
    """Whether no two numbers beside each other read as one: 80 and 0 as 800."""
    return not any(_run_on(row, wide) for row in fitting(cells, wide))


def complete(cells: Sequence[Sequence[str]], wide: int) -> bool:
    """Whether every text fits its cell."""
    return all(len(text) <= wide for row in fitting(cells, wide) for text in row)


def differ(heads: Sequence[str], wide: int) -> bool:
    """Whether no two heads are the same once they are cut to their cells, a blank between them."""
    return len({head[: max(0, wide - 1)] for head in heads}) == len(heads)


def _run_on(row: Sequence[str], wide: int) -> bool:
    return any(_meet(*pair, wide) for pair in pairwise(_written(row, wide)))


def _written(row: Sequence[str], wide: int) -> Iterator[str]:
    return (text if len(text) <= wide else "" for text in row)


def _meet(left: str, right: str, wide: int) -> bool:
    if not (left and right and start(left, wide) + len(left) == wide and not start(right, wide)):
        return False
    return left[-1].isdigit() and right[0] in "0123456789.<"
