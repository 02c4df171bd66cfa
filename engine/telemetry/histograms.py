"""How the entries of a tensor are spread."""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor

from engine.events import Histogram
from engine.telemetry.matrices import in_double

BINS = 40


def histogram(layer: str, of: Literal["weight", "gradient", "activation"], t: Tensor) -> Histogram:
    """Counts of the finite entries in 40 equal bins from the least to the greatest of them.

    Where all are equal the bins lie in the interval ±½ around the value, as in numpy; where none
    is finite the bounds are NaN and nothing is counted.
    """
    entries = in_double(t.detach().flatten())
    low, high = torch.stack(torch.aminmax(entries)).tolist()
    if not (math.isfinite(low) and math.isfinite(high)):
        entries = entries[entries.isfinite()]
        if not len(entries):
            return Histogram(layer, of, math.nan, math.nan, (0,) * BINS)
        low, high = torch.stack(torch.aminmax(entries)).tolist()
    if low == high:
        low, high = low - 0.5, high + 0.5
    scale = BINS / (high - low)
    bins = ((entries - low) * scale).int().clamp_(0, BINS - 1)  # histc takes four times as long
    return Histogram(layer, of, low, high, tuple(torch.bincount(bins, minlength=BINS).tolist()))
