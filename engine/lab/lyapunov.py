"""The Lyapunov spectrum of a random product by QR, a batch of seeds at once.

Benettin et al. 1980: an orthonormal frame is carried along and straightened after every factor;
the logarithms of R's diagonal add up to those of the volumes that the product spans.
"""

from __future__ import annotations

import torch
from torch import Tensor


class Frames:
    """Orthonormal frames of a batch of seeds, and how much each direction has grown.

    `grown` [batch, n] is the sum of ln|Rᵢᵢ|, natural, over the `factors` seen. For Gaussian factors
    it is a sum of independent ½ln χ² of n, n−1, … degrees of freedom at every number of factors.
    """

    def __init__(self, batch: int, n: int, dtype: torch.dtype = torch.float64) -> None:
        self.frame = torch.eye(n, dtype=dtype).repeat(batch, 1, 1)
        self.grown = torch.zeros(batch, n, dtype=torch.float64)
        self.factors = 0

    def multiply(self, factors: Tensor) -> None:
        """One more factor for every seed, [batch, n, n]."""
        self.frame, r = torch.linalg.qr(torch.bmm(factors, self.frame))
        self.grown += r.diagonal(dim1=-2, dim2=-1).abs().log()
        self.factors += 1

    def exponents(self) -> Tensor:
        """Growth per factor of each direction, the mean over seeds, [n]."""
        return self.grown.mean(0) / self.factors

    def variances(self) -> Tensor:
        """Variance of each direction's growth per factor over seeds, [n]; NaN for one seed."""
        if len(self.grown) < 2:
            return torch.full_like(self.grown[0], torch.nan)
        return self.grown.var(0) / self.factors
