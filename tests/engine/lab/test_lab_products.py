from __future__ import annotations

import math
from collections.abc import Iterator

import pytest
import torch
from torch import Generator, Tensor

from engine.lab.lyapunov import Frames
from engine.lab.products import DRAWS, Products, draw, embedded, power_of_two
from engine.lab.ranges import Ranges, flushes
from engine.lab.threads import one_thread


@pytest.fixture(autouse=True)
def single_thread() -> Iterator[None]:
    with one_thread():
        yield


def factors_of(entries: str, count: int, n: int = 4, sigma: float = 1.0, seeds: int = 5) -> Tensor:
    generator = Generator().manual_seed(0)
    return torch.stack([draw(entries, seeds, n, sigma, generator) for _ in range(count)])


def multiplied(factors: Tensor) -> Products:
    products = Products(factors.shape[1], factors.shape[-1], factors.dtype)
    for factor in factors:
        products.multiply(factor)
    return products


def test_powers_of_two_are_exact_over_the_whole_range() -> None:
    exponents = torch.arange(-1022, 1024)
    exact = [math.ldexp(1.0, k) for k in exponents.tolist()]
    assert power_of_two(exponents).tolist() == exact


@pytest.mark.parametrize("sigma", [1.0, 0.4, 12.0])
def test_scaled_products_are_the_direct_float64_products_to_the_bit(sigma: float) -> None:
    factors = factors_of("gaussian", 100, sigma=sigma)
    direct = torch.eye(4, dtype=torch.float64).repeat(5, 1, 1)
    for factor in factors:
        direct = torch.bmm(direct, factor)
    products = multiplied(factors)
    assert bool(direct.isfinite().all())
    assert torch.equal(products.direct(), direct)
    assert torch.allclose(products.log_largest(), direct.abs().amax((-2, -1)).log(), atol=1e-12)
    assert torch.allclose(products.log_row(), direct[:, 0].norm(dim=-1).log(), atol=1e-12)


@pytest.mark.parametrize("sigma", [1e-6, 1e6])
def test_scaled_products_go_on_where_float64_ends(sigma: float) -> None:
    products = multiplied(factors_of("orthogonal", 200, sigma=sigma))
    largest = products.mantissa.abs().amax((-2, -1))
    assert bool(((largest >= 0.5) & (largest < 1)).all())
    grown = products.log_row() / 200
    assert torch.allclose(grown, torch.full_like(grown, math.log(sigma)), rtol=0, atol=1e-12)


@pytest.mark.parametrize("entries", DRAWS)
def test_entries_have_variance_sigma_squared(entries: str) -> None:
    drawn = draw(entries, 20_000, 4, 0.7, Generator().manual_seed(1))
    scale = 1 if entries != "orthogonal" else 4  # rows of σQ have norm σ
    square = float(drawn.abs().square().mean()) * scale
    assert abs(square / 0.49 - 1) < 5 * math.sqrt(2 / drawn.numel())
    assert abs(complex(drawn.mean())) < 5 * 0.7 / math.sqrt(drawn.numel())


def test_orthogonal_factors_are_orthogonal_and_of_both_determinants() -> None:
    q = draw("orthogonal", 200, 3, 1.0, Generator().manual_seed(2))
    assert torch.allclose(q @ q.mT, torch.eye(3, dtype=torch.float64).expand(200, 3, 3), atol=1e-12)
    # without the signs of R every diagonal entry would lean to one side
    assert abs(float(q[:, 0, 0].mean())) < 5 / math.sqrt(3 * 200)
    assert 60 < int((torch.linalg.det(q) > 0).sum()) < 140


def test_complex_products_are_the_embedded_real_ones() -> None:
    factors = factors_of("ginibre", 20, n=3)
    whole = multiplied(factors).direct()
    real = multiplied(torch.stack([embedded(factor) for factor in factors])).direct()
    assert torch.allclose(embedded(whole), real, rtol=1e-9, atol=0)


def test_singular_values_of_a_known_product() -> None:
    factor = torch.diag(torch.tensor([4.0, 1.0], dtype=torch.float64))[None]
    products = multiplied(factor.expand(300, 1, 2, 2))
    values = products.log_singular_values()[0]
    assert float(values[0]) == pytest.approx(300 * math.log(4), abs=1e-9)
    assert products.exponent.tolist() == [601]


def test_frames_sum_to_the_determinant() -> None:
    factors = factors_of("gaussian", 30)
    frames = Frames(5, 4)
    for factor in factors:
        frames.multiply(factor)
    determinants = torch.linalg.slogdet(factors).logabsdet.sum(0)
    assert torch.allclose(frames.grown.sum(-1), determinants, atol=1e-10)
    assert torch.allclose(frames.exponents().sum(), determinants.mean() / 30, atol=1e-12)
    assert bool(Frames(1, 2).variances().isnan().all())


def test_ranges_end_at_the_factor_that_leaves_them() -> None:
    dtypes = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
    ranges = Ranges(2, 2, dtypes, watched=torch.float16)
    twice = torch.stack([2 * torch.eye(2), 4 * torch.eye(2)]).double()
    while not ranges.lost:
        ranges.multiply(twice)
    ends = {dtype: left.tolist() for dtype, left in ranges.left.items()}
    assert ends == {
        torch.float16: [16, 8],
        torch.bfloat16: [128, 64],
        torch.float32: [128, 64],
        torch.float64: [1024, 512],
    }
    assert not bool(ranges.product[torch.float16].isfinite().all())


def test_products_that_shrink_end_as_zeros() -> None:
    ranges = Ranges(1, 2, (torch.float32,))
    half = 0.5 * torch.eye(2, dtype=torch.float64)[None]
    while not ranges.lost:
        ranges.multiply(half)
    # 2^-149 is the smallest subnormal, 2^-126 the smallest normal number
    assert ranges.left[torch.float32].tolist() == [127 if flushes(torch.float32, 2) else 150]
    assert not bool(ranges.product[torch.float32].any())
