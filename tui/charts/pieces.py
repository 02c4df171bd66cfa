"""Pieces of a row of cells, with an ink and a ground each."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

Shading = Literal["color", "blocks", "ascii"]
"""What the terminal can show: colours that have an order, shades of one, or letters alone."""
Piece = tuple[str, str, str]
"""Text, the ink and the ground: each a role, "#rrggbb", "heat-7", "ink-7" (readable on it) or "".

An ink with `REVERSED` before it changes places with the ground.
"""
REVERSED = "!"


def merged(signs: Iterable[Piece]) -> list[Piece]:
    """Neighbouring signs of one look as one piece."""
    pieces: list[Piece] = []
    for sign, ink, ground in signs:
        if pieces and pieces[-1][1:] == (ink, ground):
            pieces[-1] = (pieces[-1][0] + sign, ink, ground)
        else:
            pieces.append((sign, ink, ground))
    return pieces
