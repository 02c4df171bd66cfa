"""A measurement held against its prediction."""

from __future__ import annotations

from typing import TypedDict


class Finding(TypedDict):
    """A measurement, its prediction and how far apart chance may put them: five sigma."""

    text: str
    measured: float
    predicted: float
    tolerance: float
    source: str
