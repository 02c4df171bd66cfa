"""χ₁ over the plane (σw², σb²): ordered on one side of χ₁ = 1, chaotic on the other.

Poole et al. 2016, figure 1; Schoenholz et al. 2017, figure 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from engine.rules.activations import Activation
from engine.theory.variance_map import fixed_points

STEPS = 2  # of Newton's method: q* to 1e-6


@dataclass(frozen=True)
class PhaseDiagram:
    """`q` (q*, may be 0 or ∞) and `chi` (χ₁), float64 [len(bias_variances), len(weight_variances)]:
    row i belongs to σb² = bias_variances[i], column j to σw² = weight_variances[j]."""

    weight_variances: tuple[float, ...]
    bias_variances: tuple[float, ...]
    q: Tensor
    chi: Tensor


def phase_diagram(
    activation: Activation, weight_variances: Sequence[float], bias_variances: Sequence[float]
) -> PhaseDiagram:
    """q* and χ₁ at every pair, from q = 1; a 60×40 grid takes a fraction of a second."""
    weights = torch.tensor(tuple(weight_variances), dtype=torch.float64)
    biases = torch.tensor(tuple(bias_variances), dtype=torch.float64)
    sb, sw = torch.meshgrid(biases, weights, indexing="ij")
    q, chi = fixed_points(activation, sw, sb, newton_steps=STEPS)
    return PhaseDiagram(tuple(weight_variances), tuple(bias_variances), q, chi)
