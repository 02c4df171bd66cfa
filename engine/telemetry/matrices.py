"""Magnitudes of a matrix, down to its singular values."""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor

from engine.events import MatrixRow

MOST = 1024  # a larger matrix would take seconds to decompose
_ITERATIONS = 30


def matrix_row(name: str, kind: Literal["weight", "gradient"], matrix: Tensor) -> MatrixRow:
    """Measure a matrix [fan_out, fan_in].

    rms is ‖W‖_F/√(number of entries); the effective rank is exp(H) of the distribution σᵢ/Σσ
    (Roy and Vetterli 2007, definition 1), 0 for the zero matrix. Of a matrix that is not finite,
    what cannot be computed is NaN; so is the effective rank of a matrix whose smaller side is
    above 1,024, whose spectral norm is found by power iteration.
    """
    wide = in_double(matrix)
    low, high = torch.aminmax(wide)
    mean_abs = wide.abs().mean()
    frobenius = torch.linalg.vector_norm(wide)
    scalars = torch.stack([low, high, mean_abs, frobenius]).tolist()
    spectral, rank = _spectrum(wide, scalars[3])
    return MatrixRow(
        name=name,
        kind=kind,
        shape=tuple(matrix.shape),
        min=scalars[0],
        max=scalars[1],
        mean_abs=scalars[2],
        rms=scalars[3] / math.sqrt(matrix.numel()),
        frobenius=scalars[3],
        spectral=spectral,
        effective_rank=rank,
    )


def in_double(tensor: Tensor) -> Tensor:
    """The tensor in float64, on its device or, where that has no float64, on the CPU."""
    return (tensor.cpu() if tensor.device.type == "mps" else tensor).double()


def _spectrum(matrix: Tensor, frobenius: float) -> tuple[float, float]:
    """Spectral norm and effective rank of a float64 matrix, through its smaller Gram matrix."""
    if not math.isfinite(frobenius):
        return math.nan, math.nan
    if frobenius == 0:
        return 0.0, 0.0
    scaled = matrix / frobenius  # so that the Gram matrix neither over- nor underflows
    short = scaled if scaled.shape[0] <= scaled.shape[1] else scaled.t()
    if len(short) > MOST:
        return _power_iteration(short) * frobenius, math.nan
    squares = torch.linalg.eigvalsh((short @ short.t()).cpu())
    # Gram eigenvalues carry an error of about n·ε: below that is rounding, not rank.
    floor = squares[-1] * len(squares) * torch.finfo(squares.dtype).eps
    values = squares.where(squares > floor, 0.0).sqrt()
    share = values / values.sum()
    entropy = -torch.special.xlogy(share, share).sum()
    return float(values[-1]) * frobenius, float(entropy.exp())


def _power_iteration(matrix: Tensor) -> float:
    """The largest singular value, from below, by thirty rounds from a fixed random start."""
    vector = torch.randn(
        len(matrix), generator=torch.Generator().manual_seed(0), dtype=matrix.dtype
    ).to(matrix.device)
    for _ in range(_ITERATIONS):
        vector = matrix @ (matrix.t() @ vector)
        vector /= torch.linalg.vector_norm(vector)
    return float(torch.linalg.vector_norm(matrix.t() @ vector))
