"""What is said of weights that fit every example, against such weights."""

from __future__ import annotations

import pytest
import torch
from torch import Generator, Tensor

from engine.theory.interpolation import Interpolation
from engine.theory.linear_models import Truth

_REAL = torch.float64
DRAWS = 40_000


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=Generator().manual_seed(seed), dtype=_REAL)


@pytest.mark.parametrize("noise", [0.0, 2.0])
@pytest.mark.parametrize(("n", "d"), [(3, 12), (8, 9)])
def test_moments_of_the_error_over_first_weights_and_noise(n: int, d: int, noise: float) -> None:
    truth = Truth(d, weight=0.4, intercept=-0.7, noise=noise)
    x = normal(2, n, d)
    mean, variance = Interpolation(x, truth).moments()
    for each in range(2):
        rows = torch.cat((x[each], torch.ones(n, 1, dtype=_REAL)), 1)
        aim = torch.tensor([0.4] * d + [-0.7], dtype=_REAL)
        first = torch.nn.functional.pad(normal(DRAWS, d, seed=1), (0, 1))
        labels = rows @ aim + noise * normal(DRAWS, n, seed=2)
        ended = first + (labels - first @ rows.T) @ torch.linalg.pinv(rows).T
        errors = (ended - aim).square().sum(1)
        five_sigma = 5 * float(variance[each] / DRAWS) ** 0.5
        assert float(errors.mean()) == pytest.approx(float(mean[each]), abs=five_sigma)
        assert float(errors.var()) == pytest.approx(float(variance[each]), rel=0.1)


def test_what_is_left_to_go_is_the_way_to_the_end() -> None:
    truth, x = Truth(12, noise=0.3), normal(2, 3, 12)
    rows = torch.cat((x, torch.ones(2, 3, 1, dtype=_REAL)), 2)
    residual = normal(2, 3, seed=4)
    way = (torch.linalg.pinv(rows) @ residual.unsqueeze(2)).squeeze(2)
    law = Interpolation(x, truth)
    torch.testing.assert_close(law.to_go(residual), way.norm(dim=1))
    fitted = 0.3 * torch.linalg.matrix_norm(torch.linalg.pinv(rows))
    torch.testing.assert_close(law.fitted(), fitted)
