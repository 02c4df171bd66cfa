"""Labels below a picture of cells, as many as fit."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size

STRIDES = [digit * 10**power for power in range(5) for digit in (1, 2, 5)]
_READABLE = 4
"""Cells to which a word may be cut before every second one is left out instead."""


def feet(labels: Sequence[str], total: int, places: int = 0) -> str:
    """The labels below so many cells, as many as fit at one distance.

    The cells belong to `places` of equal width; each label has one, where no number is given.
    """
    for stride in STRIDES:
        line = _labels(labels, stride, total, places or len(labels))
        if line is not None:
            return line
    return ""


def cut_feet(labels: Sequence[str], total: int, ellipsis: str = "…") -> str:
    """As `feet`, but words are cut to their places; numbers never are."""
    if all(_is_number(label) for label in labels):
        return feet(labels, total)
    longest = max((cell_len(label) for label in labels), default=0)
    for stride in STRIDES:
        slot = total // max(1, len(labels))
        # One that is wider than its place moves aside at the edge, by half of what it is wider.
        room = max(1, slot - 1 if stride == 1 else (2 * stride * slot + slot - 2) // 3)
        if room >= min(longest, _READABLE):
            break
    return feet([cut(label, room, ellipsis) for label in labels], total)


def cut(text: str, width: int, ellipsis: str = "…") -> str:
    """The text in at most `width` cells, which say where it was cut."""
    if cell_len(text) <= width:
        return text
    return set_cell_size(text, max(0, width - 1)) + ellipsis if width > 0 else ""


def _labels(labels: Sequence[str], stride: int, total: int, places: int) -> str | None:
    line = ""
    for index in range(0, len(labels), stride):
        text = set_cell_size(labels[index], min(cell_len(labels[index]), total))
        middle = (index + 0.5) * total / places
        start = max(0, min(int(middle - cell_len(text) / 2 + 0.5), total - cell_len(text)))
        gap = start - cell_len(line)
        if line and gap < 1:
            return None
        line += " " * gap + text
    return line


def _is_number(text: str) -> bool:
    try:
        float(text.replace("−", "-").rstrip("%"))
    except ValueError:
        return not text
    return True
