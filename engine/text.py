"""Text that came from outside, made fit for one line of a terminal."""

from __future__ import annotations

from itertools import dropwhile, islice


def clean(text: str, limit: int = 80) -> str:
    """`text` as at most `limit` printable characters on one line.

    White space of any kind becomes a plain space; what Unicode calls control, format (bidi and
    zero-width included), surrogate, private or unassigned is dropped, so no byte of an escape
    sequence's introducer is left. What is longer ends in an ellipsis. Idempotent.
    """
    kept = (" " if c.isspace() else c for c in text.rstrip() if c.isspace() or c.isprintable())
    line = "".join(islice(dropwhile(str.isspace, kept), limit + 1))
    return line.rstrip() if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def counted(number: int, noun: str) -> str:
    """``1 epoch``, ``1,200 epochs``, for a noun whose plural ends in s."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
