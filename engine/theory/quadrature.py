"""Gaussian expectations by panels of Gauss–Legendre nodes.

Gauss–Hermite converges slowly for a φ with a kink, or that varies much faster than the Gaussian.
Here panels of width 1 cover ±REACH around a point, and shrink by halves towards it, so that a
kink, a logarithmic singularity or a steep slope at that point costs no digits.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

REACH = 9  # standard deviations; what lies beyond has probability 2e-19
# Halvings of the first panel: steps of width 2⁻ᵏ are resolved. Two dimensions afford fewer.
PLANE, KINK, SINGULARITY = 8, 14, 30
POINTS = 10  # per panel


@lru_cache(maxsize=4)
def _distances(reach: int, halvings: int) -> tuple[Tensor, Tensor]:
    """Nodes t on (0, reach), finer and finer towards 0, with their Legendre weights."""
    edges = np.concatenate([[0.0], 0.5 ** np.arange(halvings, 0, -1), np.arange(1, reach + 1)])
    nodes, weights = np.polynomial.legendre.leggauss(POINTS)
    half = np.diff(edges)[:, None] / 2
    t = (edges[:-1, None] + half) + half * nodes
    return torch.from_numpy(t.ravel()), torch.from_numpy((half * weights).ravel())


@lru_cache(maxsize=4)
def gaussian(halvings: int = KINK) -> tuple[Tensor, Tensor]:
    """Nodes z and weights w, both [nodes], with Σ w f(z) = E f(z), z ~ N(0, 1).

    f may have a kink, or vary fast, at 0: relative accuracy is about 1e-12.
    """
    t, weights = _distances(REACH, halvings)
    z = torch.cat([-t.flip(0), t])
    w = torch.cat([weights.flip(0), weights]) * density(z)
    return z, w / w.sum()


def gaussian_around(point: Tensor, halvings: int = KINK) -> tuple[Tensor, Tensor]:
    """As `gaussian`, but fine around `point` (any shape) instead of 0: both [..., nodes].

    A point more than REACH away matters to nobody: it is moved to that distance.
    """
    t, weights = _distances(2 * REACH, halvings)
    offset = torch.cat([-t.flip(0), t])
    z = point.clamp(-REACH, REACH)[..., None] + offset
    w = torch.cat([weights.flip(0), weights]) * density(z)
    return z, w / w.sum(-1, keepdim=True)


def density(z: Tensor) -> Tensor:
    """The standard normal density at z."""
    return torch.exp(-0.5 * z * z) / math.sqrt(2 * math.pi)
