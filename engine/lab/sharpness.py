"""The largest eigenvalue of a loss's Hessian, by Lanczos on Hessian-vector products."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
from torch import Generator, Tensor

ROUNDS = 8  # from a warm start they find the largest eigenvalue to a per cent
_BREAKDOWN = 1e-6  # of the largest entry so far: nothing is left beyond the vectors found


class Sharpness:
    """λ_max of the Hessian of `loss` with respect to `leaves`; each call starts from the last.

    The start is random, from `generator`. A value is the largest Ritz value of at most `rounds`
    vectors, so never above λ_max but for rounding (Lanczos 1950; products as Pearlmutter 1994).
    """

    def __init__(
        self,
        loss: Callable[[], Tensor],
        leaves: Sequence[Tensor],
        generator: Generator,
        rounds: int = ROUNDS,
    ) -> None:
        self._loss = loss
        self._leaves = list(leaves)
        self._rounds = rounds
        size = sum(leaf.numel() for leaf in leaves)
        self._start = torch.randn(size, generator=generator, dtype=leaves[0].dtype)

    def measure(self) -> float:
        """λ_max at the leaves' present values; NaN where the loss or a product is not finite."""
        with torch.enable_grad():
            gradient = _flat(torch.autograd.grad(self._loss(), self._leaves, create_graph=True))
        basis = [self._start / torch.linalg.vector_norm(self._start)]
        diagonal: list[float] = []
        beside: list[float] = []
        while True:
            product = _flat(
                torch.autograd.grad(
                    gradient, self._leaves, basis[-1], retain_graph=True, materialize_grads=True
                )
            )
            known = torch.stack(basis)
            along = known @ product
            diagonal.append(float(along[-1]))
            product = product - known.t() @ along
            product = product - known.t() @ (
                known @ product
            )  # once more: rounding brings them back
            left = float(torch.linalg.vector_norm(product))
            if not (math.isfinite(diagonal[-1]) and math.isfinite(left)):
                return math.nan
            largest = max(map(abs, [*diagonal, *beside]))
            if len(basis) == self._rounds or left <= _BREAKDOWN * largest:
                break
            beside.append(left)
            basis.append(product / left)
        value, vector = _largest(diagonal, beside)
        self._start = vector.to(known.dtype) @ known
        return value


def _flat(parts: Sequence[Tensor]) -> Tensor:
    return torch.cat([part.reshape(-1) for part in parts])


def _largest(diagonal: Sequence[float], beside: Sequence[float]) -> tuple[float, Tensor]:
    """The largest eigenvalue of a symmetric tridiagonal matrix, and its vector."""
    matrix = torch.tensor(diagonal, dtype=torch.float64).diag()
    if beside:
        off = torch.tensor(beside, dtype=torch.float64)
        matrix += off.diag(1) + off.diag(-1)
    values, vectors = torch.linalg.eigh(matrix)
    return float(values[-1]), vectors[:, -1]
