"""Black-box shift estimation of label shares: Lipton, Wang and Smola 2018, arXiv 1802.03916.

Where p(x | y) stays as it was, the shares μ of predicted classes are linear in the shares p of
labels: μ = C p with C[i, j] = P(ŷ = i | y = j), each of whose columns sums to 1. So p = C⁻¹ μ,
with C counted on held-out examples of the source and μ on m unlabelled ones of the target. All
tensors are float64; leading dimensions, where there are any, are a batch.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor


def conditional(counts: Tensor) -> Tensor:
    """C[i, j] = P(ŷ = i | y = j) from counts [..., predicted, label]: columns sum to 1.

    A column without examples is NaN.
    """
    return counts.double() / counts.sum(-2, keepdim=True)


def joint(counts: Tensor) -> Tensor:
    """P(ŷ = i, y = j) from counts [..., predicted, label].

    Solved with these, μ gives the weights p(y)/q(y) of the labels, which Lipton et al. solve for;
    q are the source's shares: with ten balanced classes the weights sum to 10, not to 1.
    """
    return counts.double() / counts.sum((-2, -1), keepdim=True)


def solve(matrix: Tensor, shares: Tensor) -> Tensor:
    """The x [..., K] with matrix·x = shares; NaN where the matrix is exactly singular."""
    found: Tensor
    found, info = torch.linalg.solve_ex(matrix, shares.unsqueeze(-1))
    return found.squeeze(-1).masked_fill((info != 0).unsqueeze(-1), math.nan)


def condition(matrix: Tensor) -> Tensor:
    """σ_max/σ_min of each matrix [..., K, K]; infinite where rounding is all of σ_min."""
    sizes = torch.linalg.svdvals(matrix)
    found: Tensor = sizes[..., 0] / sizes[..., -1]
    return found.masked_fill(found > 1 / torch.finfo(found.dtype).eps, math.inf)


def multinomial_covariance(shares: Tensor) -> Tensor:
    """diag(s) − s sᵀ of shares [..., K]: the covariance of one draw's indicator."""
    return torch.diag_embed(shares) - shares.unsqueeze(-1) * shares.unsqueeze(-2)


def naive_covariance(matrix: Tensor, p: Tensor, m: float) -> Tensor:
    """Cov[μ̂] of the shares of m predicted classes, exact for independent draws."""
    return multinomial_covariance((matrix @ p.unsqueeze(-1)).squeeze(-1)) / m


def covariance(matrix: Tensor, p: Tensor, m: float, held: Tensor) -> Tensor:
    """Cov[p̂] [..., K, K] to first order, with held [..., K] examples of each class.

    p̂ − p = C⁻¹(δμ − δC·p): the target's sampling, and that of C's columns, which are independent
    multinomials (the delta method; Lipton et al. bound the same two terms). NaN
    where C is singular.
    """
    columns = multinomial_covariance(matrix.transpose(-2, -1))  # [..., label, K, K]
    weight = (p.square() / held).unsqueeze(-1).unsqueeze(-1)
    spread = naive_covariance(matrix, p, m) + (weight * columns).sum(-3)
    inverse, info = torch.linalg.inv_ex(matrix)
    found: Tensor = inverse @ spread @ inverse.transpose(-2, -1)
    return found.masked_fill((info != 0).unsqueeze(-1).unsqueeze(-1), math.nan)


def matrix_noise(matrix: Tensor, held: Tensor) -> float:
    """E‖C⁻¹δC‖² (Frobenius): the relative size of what first-order laws leave out."""
    return float(covariance(matrix, torch.ones_like(held), math.inf, held).trace())


def undercoverage(matrix: Tensor, p: Tensor, m: float, held: Tensor, bar: float) -> Tensor:
    """By how much bars of ± `bar` estimated deviations miss more often than a normal's, [K].

    p̂ − p is a sum of means of independent draws: m of C⁻¹ at the target's predicted classes, and
    held[j] of it at those of class j, times −p[j]. With few draws that matter, as where one class
    dominates, it is skewed, and so tied to its own estimated deviation. This is the second term of
    the Edgeworth expansion of a Studentized mean (Hall 1988, Annals of Statistics 16, 927), with
    the cumulants of the sum; a small one is right, a large one only says that there is a lot. NaN
    where C is singular.
    """
    inverse, info = torch.linalg.inv_ex(matrix)
    chances = torch.cat([(matrix @ p).unsqueeze(1), matrix], 1)  # [predicted, source of draws]
    scale = torch.cat([torch.ones_like(p[:1]), -p])
    draws = torch.cat([torch.full_like(p[:1], m), held])
    off = inverse.unsqueeze(2) - (inverse @ chances).unsqueeze(1)  # [class, predicted, source]
    second, third, fourth = ((off**power * chances).sum(1) for power in (2, 3, 4))
    parts = scale**2 * second / draws
    variance = parts.sum(1)
    skew = (scale**3 * third / draws**2).sum(1) / variance**1.5
    kurtosis = (scale**4 * (fourth - 3 * second**2) / draws**3).sum(1) / variance**2
    fewness = (parts**2 / draws).sum(1) / variance**2  # one over the draws, were they of one kind
    square = bar**2
    term = skew**2 * (square**2 + 2 * square - 3) / 18 - kurtosis * (square - 3) / 12
    term = term + fewness * (square + 3) / 4
    density = math.exp(-square / 2) / math.sqrt(2 * math.pi)
    # what never varies never misses
    found: Tensor = torch.where(variance == 0, 0.0, 2 * density * bar * term)
    return found.masked_fill(info != 0, math.nan)


def folded_normal(mean: Tensor, std: Tensor) -> Tensor:
    """E|X| of X ~ N(mean, std²), elementwise (Leone, Nelson and Nottingham 1961)."""
    ratio = mean / std
    near = std * math.sqrt(2 / math.pi) * torch.exp(-ratio.square() / 2)
    return torch.where(std > 0, near + mean * torch.erf(ratio / math.sqrt(2)), mean.abs())


def deviations(covariances: Tensor) -> Tensor:
    """The standard deviations on the diagonal of covariances [..., K, K]."""
    return covariances.diagonal(dim1=-2, dim2=-1).clamp(min=0).sqrt()


def estimated_error(matrix: Tensor, p: Tensor, m: float, held: Tensor) -> float:
    """E Σ|p̂ − p| by the delta method."""
    std = deviations(covariance(matrix, p, m, held))
    return float(folded_normal(torch.zeros_like(std), std).sum())


def naive_error(matrix: Tensor, p: Tensor, m: float) -> float:
    """E Σ|μ̂ − p| of predicted shares taken for shares of labels, near-normal."""
    std = deviations(naive_covariance(matrix, p, m))
    return float(folded_normal(matrix @ p - p, std).sum())


def accuracy(matrix: Tensor, p: Tensor) -> float:
    """The accuracy Σ p(j)·C[j, j] of an unchanged classifier where labels have shares p."""
    return float((matrix.diagonal(dim1=-2, dim2=-1) * p).sum())
