"""Tables of a summary."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import JustifyMethod
from rich.table import Table
from rich.text import Text


def titled_table(title: str, columns: Sequence[str], numbers: Sequence[bool]) -> Table:
    """An empty table; columns of numbers stand to the right and are not folded."""
    table = Table(
        title=Text(title), title_justify="left", box=None, pad_edge=False, collapse_padding=True
    )
    for column, is_number in zip(columns, numbers, strict=True):
        justify: JustifyMethod = "right" if is_number else "left"
        table.add_column(Text(column), justify=justify, no_wrap=is_number)
    return table
