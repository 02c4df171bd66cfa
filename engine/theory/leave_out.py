"""What least squares misses on points that were held out, told by one fit on all points.

With Q orthonormal on all n points, H = QQᵀ and e = (I − H)y, points b that are held out together
are missed by (I − H_bb)⁻¹ e_b: Cook and Weisberg 1982, Residuals and Influence in Regression; of
single points PRESS, Allen 1974; of cross-validation Shao 1993 and Zhang 1993. No fit is repeated,
so it can be held against fits that were. What is missed has the covariance σ²(I − H_bb)⁻¹ where
the functions hold the truth, which makes the mean of cross-validation's error exact as well.
"""

from __future__ import annotations

import torch
from torch import Tensor


def left_out(q: Tensor, residuals: Tensor) -> tuple[Tensor, Tensor]:
    """Mean squares of what is missed, by so many columns of Q, and how far they can be trusted.

    `q` [sets, K, m, p] are Q's rows of the K parts held out, `residuals` [sets, K, m, p] those of
    the fits on all points with 1 … p columns. Both results are [sets, p]. The second is the least
    determinant of I − H_bb, 0 where the other points do not settle the fit. No eigenvalue of it
    is above 1, so none is below the determinant: relative rounding is float64's over that.
    """
    p = q.shape[-1]
    apart = torch.eye(p, dtype=q.dtype) - q.mT @ q
    factor, failed = torch.linalg.cholesky_ex(apart)
    pivots = factor.diagonal(dim1=-2, dim2=-1).square()
    reached = torch.arange(1, p + 1) < torch.where(failed > 0, failed, p + 1).unsqueeze(-1)
    trust = torch.where(reached, pivots, 0.0).cumprod(-1).amin(1)
    missed = []
    for count in range(1, p + 1):
        some, own = q[..., :count], residuals[..., count - 1, None]
        moved = torch.cholesky_solve(some.mT @ own, factor[..., :count, :count])
        missed.append((own + some @ moved).square().mean((1, 2, 3)))
    return torch.stack(missed, -1), trust


def left_out_law(q: Tensor) -> tuple[Tensor, Tensor]:
    """Mean over σ² of the mean square missed, for fits that hold the truth, [sets], and its
    variance over its squared mean.

    It is the quadratic form of B = (I − H_bb)⁻², part by part, in (I − H)ε, with mean
    tr B(I − H) and variance 2 tr (B(I − H))²; all from the eigenvalues λ < 1 of Q_bᵀQ_b.
    """
    points = q.shape[1] * q.shape[2]
    shares, axes = torch.linalg.eigh(q.mT @ q)
    shares, rest = shares.clamp(min=0), 1 - shares
    trace = points + (shares / rest).sum((1, 2))
    squares = points + (rest**-4 - 1 - 2 * shares * rest**-4).sum((1, 2))
    across = ((axes * (shares / rest.square()).unsqueeze(-2)) @ axes.mT).sum(1)
    variance = 2 * (squares + across.square().sum((1, 2)))
    return trace / points, variance / trace.square()
