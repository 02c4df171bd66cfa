from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Generator, Tensor

from engine.telemetry.matrices import matrix_row


def drawn(rows: int, columns: int, scale: float = 1.0) -> Tensor:
    return scale * torch.randn(rows, columns, generator=Generator().manual_seed(0))


@pytest.mark.parametrize("scale", [1e-30, 1e-3, 1.0, 1e30])
@pytest.mark.parametrize("shape", [(40, 70), (70, 40), (10, 10), (1, 30), (30, 1), (1, 1)])
def test_against_the_singular_value_decomposition(shape: tuple[int, int], scale: float) -> None:
    matrix = drawn(*shape, scale)
    row = matrix_row("hidden1", "weight", matrix)
    exact = matrix.double().numpy()
    values = np.linalg.svd(exact, compute_uv=False)
    share = values / values.sum()
    assert (row.name, row.kind, row.shape) == ("hidden1", "weight", shape)
    assert row.min == exact.min()
    assert row.max == exact.max()
    assert row.mean_abs == pytest.approx(np.abs(exact).mean(), rel=1e-12)
    assert row.rms == pytest.approx(np.sqrt((exact**2).mean()), rel=1e-12)
    assert row.frobenius == pytest.approx(np.linalg.norm(exact), rel=1e-12)
    assert row.spectral == pytest.approx(values[0], rel=1e-9)
    assert row.effective_rank == pytest.approx(np.exp(-(share * np.log(share)).sum()), rel=1e-6)


def test_a_view_that_is_stored_transposed() -> None:
    matrix = drawn(20, 50)
    stored = matrix.t().contiguous().t()
    assert matrix_row("w", "gradient", stored) == matrix_row("w", "gradient", matrix)


def test_orthogonal_rows_have_full_effective_rank() -> None:
    q = torch.linalg.qr(drawn(60, 20))[0].t()
    row = matrix_row("w", "weight", q)
    assert row.spectral == pytest.approx(1, abs=1e-6)
    assert row.effective_rank == pytest.approx(20, rel=1e-6)


@pytest.mark.parametrize("shape", [(256, 784), (784, 256)])
def test_equal_entries_have_rank_one(shape: tuple[int, int]) -> None:
    row = matrix_row("w", "weight", torch.full(shape, 0.01))
    assert row.effective_rank == pytest.approx(1, abs=1e-9)
    assert row.spectral == pytest.approx(row.frobenius, rel=1e-12)


def test_the_zero_matrix() -> None:
    row = matrix_row("w", "gradient", torch.zeros(3, 4))
    assert (row.min, row.max, row.rms, row.frobenius, row.spectral) == (0, 0, 0, 0, 0)
    assert row.effective_rank == 0


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_matrix_that_is_not_finite_gives_a_row(value: float) -> None:
    matrix = drawn(5, 6)
    matrix[2, 3] = value
    row = matrix_row("w", "weight", matrix)
    assert math.isnan(row.spectral)
    assert math.isnan(row.effective_rank)
    assert not math.isfinite(row.frobenius)
    if math.isinf(value):
        assert (row.max if value > 0 else row.min) == value


def test_the_largest_float32_numbers_do_not_overflow() -> None:
    row = matrix_row("w", "weight", torch.full((4, 5), 3e38))
    assert row.spectral == pytest.approx(3e38 * math.sqrt(20), rel=1e-6)


def test_a_matrix_too_large_to_decompose_keeps_its_spectral_norm() -> None:
    matrix = drawn(1100, 1101, 0.01)
    matrix += torch.outer(torch.ones(1100), torch.ones(1101))
    row = matrix_row("w", "weight", matrix)
    expected = float(torch.linalg.matrix_norm(matrix.double(), 2))
    assert row.spectral == pytest.approx(expected, rel=1e-4)
    assert math.isnan(row.effective_rank)
