from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Generator

from engine.telemetry.histograms import BINS, histogram


def test_counts_are_those_of_numpy() -> None:
    entries = torch.randint(-512, 512, (70, 30), generator=Generator().manual_seed(0)) / 256
    found = histogram("hidden1", "weight", entries)
    counts, edges = np.histogram(entries.numpy(), BINS)
    assert (found.layer, found.of) == ("hidden1", "weight")
    assert (found.low, found.high) == (edges[0], edges[-1])
    assert sum(found.counts) == 2100
    assert np.abs(np.cumsum(found.counts) - np.cumsum(counts)).max() <= 2  # edges are rounded


def test_equal_entries_lie_in_the_middle() -> None:
    found = histogram("output", "gradient", torch.zeros(5, 4))
    assert (found.low, found.high) == (-0.5, 0.5)
    assert found.counts[BINS // 2] == sum(found.counts) == 20


def test_equal_entries_far_from_zero_still_have_bins() -> None:
    found = histogram("output", "gradient", torch.full((5,), 1e9))
    assert found.low < 1e9 < found.high
    assert sum(found.counts) == 5


def test_what_is_not_finite_is_left_out() -> None:
    entries = torch.tensor([math.nan, 1.0, 2.0, math.inf, -math.inf])
    found = histogram("output", "activation", entries)
    assert (found.low, found.high) == (1, 2)
    assert (found.counts[0], found.counts[-1], sum(found.counts)) == (1, 1, 2)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_nothing_finite_counts_nothing(value: float) -> None:
    found = histogram("output", "activation", torch.full((3,), value))
    assert math.isnan(found.low)
    assert math.isnan(found.high)
    assert found.counts == (0,) * BINS


def test_the_widest_range_of_float32_does_not_overflow() -> None:
    found = histogram("output", "weight", torch.tensor([-3e38, 0.0, 3e38]))
    assert (found.counts[0], found.counts[BINS // 2], found.counts[-1]) == (1, 1, 1)


def test_the_narrowest_range_has_its_bins() -> None:
    found = histogram("output", "weight", torch.tensor([0.0, 1e-45]))
    assert (found.counts[0], found.counts[-1]) == (1, 1)
