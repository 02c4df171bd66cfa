"""Products of random matrices: the spectrum, the largest entry, the end of a dtype's range."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Generator, Tensor

from engine.errors import BadInput
from engine.theory.largest_entry import (
    entry_bounds,
    log_largest_entry,
    log_max_of_direction,
    log_singular,
)
from engine.theory.overflow import DTYPES, crossing, limits, overflow, underflow
from engine.theory.products import (
    ENSEMBLES,
    critical_sigma,
    find,
    gaussian_exponents,
    gaussian_variances,
    growth,
)

SEED_MAXIMUM, SEED_LARGEST = 1.9e23, 3.3867e23  # the seed's largest entry, and its largest |entry|
COUNT, FACTORS = 400, 100


@pytest.fixture(scope="module")
def log_norms() -> Tensor:
    """ln of σ_max and of max|entry| for 400 products of 100 Gaussian 4×4 matrices, [2, 400]."""
    generator = Generator().manual_seed(7)
    product = torch.eye(4, dtype=torch.float64).repeat(COUNT, 1, 1)
    for _ in range(FACTORS):  # at most 1e33: far from float64's end
        product = product @ torch.randn(COUNT, 4, 4, generator=generator, dtype=torch.float64)
    top = torch.linalg.matrix_norm(product, 2)
    return torch.stack([top.log(), product.abs().amax((1, 2)).log()])


def test_whole_spectrum_of_four_by_four() -> None:
    assert gaussian_exponents(4, 1.0) == pytest.approx(
        (0.55797, 0.36482, 0.05797, -0.63518), abs=6e-6
    )
    assert gaussian_variances(4) == pytest.approx((0.1612, 0.2337, 0.4112, 1.2337), abs=6e-5)


@pytest.mark.parametrize("n", [1, 2, 3, 5, 10])
def test_exponents_add_up_to_the_mean_log_determinant(n: int) -> None:
    """E ln|det A| by sampling; a product of independent χ (Bartlett), so the sum is exact too."""
    draws = torch.randn(20_000, n, n, generator=Generator().manual_seed(n), dtype=torch.float64)
    log_det = torch.linalg.slogdet(draws)[1]
    tolerance = 5 * math.sqrt(sum(gaussian_variances(n)) / 20_000)
    assert float(log_det.mean()) == pytest.approx(sum(gaussian_exponents(n, 1.0)), abs=tolerance)


@pytest.mark.parametrize("name", ENSEMBLES)
@pytest.mark.parametrize("sigma", [0.3, 2.5])
def test_sigma_shifts_every_exponent_by_its_logarithm(name: str, sigma: float) -> None:
    at_one, at_sigma = find(name).exponents(5, 1.0), find(name).exponents(5, sigma)
    shifts = [b - a for a, b in zip(at_one, at_sigma, strict=True)]
    assert shifts == pytest.approx([math.log(sigma)] * 5, abs=1e-12)


def test_critical_sigma_lies_above_the_one_that_preserves_variance() -> None:
    assert critical_sigma(4) == pytest.approx(0.57237, abs=6e-6)
    assert growth(4, critical_sigma(4)) == pytest.approx(0, abs=1e-12)
    assert growth(4, 1 / math.sqrt(4)) == pytest.approx(-0.135, abs=5e-4)
    assert critical_sigma(4, "orthogonal") == 1


def test_largest_entry_of_a_direction() -> None:
    law = log_max_of_direction(4)
    assert law.mean == pytest.approx(-0.258353, abs=6e-7)
    assert law.variance == pytest.approx(0.017673, abs=6e-7)


@pytest.mark.parametrize("beta", [1, 2])
@pytest.mark.parametrize("n", [2, 7, 64])
def test_largest_entry_of_a_direction_by_sampling(n: int, beta: int) -> None:
    draws = torch.randn(40_000, n, beta, generator=Generator().manual_seed(n), dtype=torch.float64)
    size = draws.norm(dim=-1)
    logs = (size.amax(-1) / size.norm(dim=-1)).log()
    law = log_max_of_direction(n, beta)
    assert float(logs.mean()) == pytest.approx(law.mean, abs=5 * law.deviation / 200)
    assert float(logs.var()) == pytest.approx(law.variance, rel=0.06)
    assert float(((logs - law.mean) ** 3).mean()) == pytest.approx(
        law.third, abs=0.2 * law.deviation**3
    )


@pytest.mark.parametrize(
    ("factors", "mean", "deviation"), [(100, 24.526, 1.687), (101, 24.768, 1.696)]
)
def test_log10_of_the_largest_entry(factors: int, mean: float, deviation: float) -> None:
    law = log_largest_entry(4, 1.0, factors)
    assert law.log10_mean == pytest.approx(mean, abs=6e-4)
    assert law.log10_deviation == pytest.approx(deviation, abs=6e-4)


def test_sampled_products_follow_the_law(log_norms: Tensor) -> None:
    """Growth per factor within five sigma of the exact law, variance within the field's band."""
    for logs, law in zip(
        log_norms, (log_singular(4, 1.0, FACTORS), log_largest_entry(4, 1.0, FACTORS)), strict=True
    ):
        tolerance = 5 * law.deviation / math.sqrt(COUNT)
        assert tolerance / FACTORS == pytest.approx(0.0101, abs=5e-4)
        assert float(logs.mean()) == pytest.approx(law.mean, abs=tolerance)
        assert 0.65 < float(logs.var()) / law.variance < 1.40
        assert float((logs - law.mean).abs().max()) / math.log(10) < 8.6


def test_percentile_of_the_printed_matrix() -> None:
    """1.9e23 is the matrix's largest entry; its largest magnitude is that of −3.3867e23."""
    law = log_largest_entry(4, 1.0, 101)
    assert law.quantile_of(math.log(SEED_MAXIMUM)) == pytest.approx(0.189, abs=6e-4)
    assert law.quantile_of(math.log(SEED_LARGEST)) == pytest.approx(0.231, abs=6e-4)


def test_quantiles_agree_with_sampling(log_norms: Tensor) -> None:
    law = log_largest_entry(4, 1.0, FACTORS)
    for level in (-1.0, 0.0, 1.0):
        at = law.mean + level * law.deviation
        share = float((log_norms[1] < at).double().mean())
        assert share == pytest.approx(law.quantile_of(at), abs=5 * 0.5 / math.sqrt(COUNT))


def test_one_factor_is_its_own_product() -> None:
    """n = 1: ln|g| itself, for which the law has no remainder."""
    law = log_largest_entry(1, 2.0, 3)
    assert law.mean == pytest.approx(3 * growth(1, 2.0))
    assert law.variance == pytest.approx(3 * gaussian_variances(1)[0])


@pytest.mark.parametrize("name", ["uniform", "ginibre"])
def test_other_ensembles_by_sampling(name: str) -> None:
    generator = Generator().manual_seed(3)
    nets, burn_in, steps = 1500, 15, 80
    dtype = torch.complex128 if name == "ginibre" else torch.float64
    vector = torch.ones(nets, 4, 1, dtype=dtype)
    total = torch.zeros(nets, dtype=torch.float64)
    for step in range(burn_in + steps):
        if name == "ginibre":
            factor = torch.randn(nets, 4, 4, generator=generator, dtype=dtype)
        else:
            factor = torch.rand(nets, 4, 4, generator=generator, dtype=dtype) * 2 - 1
            factor *= math.sqrt(3)
        vector = factor @ vector
        norm = torch.linalg.vector_norm(vector, dim=(1, 2), keepdim=True)
        vector = vector / norm
        total += norm.flatten().log() if step >= burn_in else 0
    law = find(name)
    tolerance = 5 * math.sqrt(law.variances(4)[0] / steps / nets) + (0 if law.exact else 0.005)
    assert float(total.mean()) / steps == pytest.approx(law.exponents(4, 1.0)[0], abs=tolerance)
    tolerance = 0.17 if law.exact else 0.22
    assert float(total.var()) / steps == pytest.approx(law.variances(4)[0], rel=tolerance)
    if not law.exact:  # the plain Gaussian value is far outside
        assert abs(float(total.mean()) / steps - growth(4, 1.0)) > 0.02


@pytest.mark.parametrize("factors", [1, 2, 5])
@pytest.mark.parametrize("n", [1, 4, 12])
def test_a_few_factors_still_have_a_width(n: int, factors: int) -> None:
    law = log_largest_entry(n, 1.0, factors)
    assert law.deviation >= math.sqrt(gaussian_variances(n)[0])
    assert 0 < law.quantile_of(law.mean + law.deviation) < 1
    assert overflow(n, 1.0, "float16").deviation > 0


def test_orthogonal_products_have_bounds_instead_of_a_law() -> None:
    q = torch.linalg.qr(torch.randn(6, 6, generator=Generator().manual_seed(0)).double())[0]
    low, high = entry_bounds(6, 0.5, 3)
    assert low <= float((q.abs().max() * 0.5**3).log()) <= high
    with pytest.raises(BadInput, match="rank one"):
        log_largest_entry(6, 0.5, 3, "orthogonal")


def test_float32_overflows_after_some_158_factors() -> None:
    """157.8 is where the mean crosses; 158.36 ± .44 was the mean of 400 first steps."""
    at = overflow(4, 1.0)
    assert at.crossing == pytest.approx(157.8, abs=0.05)
    assert at.deviation == pytest.approx(9.0, abs=0.2)
    assert at.first == pytest.approx(158.36, abs=5 * 0.44)


def test_first_step_beyond_the_range_by_sampling() -> None:
    generator = Generator().manual_seed(11)
    nets, level = 1000, 30.0
    product = torch.eye(4, dtype=torch.float64).repeat(nets, 1, 1)
    first = torch.zeros(nets)
    for step in range(1, 140):
        product = product @ torch.randn(nets, 4, 4, generator=generator, dtype=torch.float64)
        beyond = product.abs().amax((1, 2)) > math.exp(level)
        first[(first == 0) & beyond] = step
    at = crossing(4, 1.0, level)
    assert float(first.min()) > 0
    assert float(first.mean()) == pytest.approx(at.first, abs=5 * at.deviation / math.sqrt(nets))
    assert float(first.std()) == pytest.approx(at.deviation, rel=0.1)


@pytest.mark.parametrize("dtype", DTYPES)
def test_limits_are_where_the_dtype_ends(dtype: str) -> None:
    at, kind = limits(dtype), DTYPES[dtype]
    assert math.isfinite(torch.tensor(at.largest, dtype=torch.float64).to(kind))
    assert torch.tensor(at.largest * 1.01 if dtype != "float64" else math.inf).to(kind).isinf()
    assert torch.tensor(at.zero_below * 0.99, dtype=torch.float64).to(kind) in (0, at.zero_below)
    assert torch.tensor(at.zero_below * 1.01, dtype=torch.float64).to(kind) > 0
    assert overflow(4, 1.0, dtype).crossing < overflow(4, 0.8, dtype).crossing


def test_a_product_that_goes_the_other_way_never_gets_there() -> None:
    assert overflow(4, 0.5).first == math.inf
    assert underflow(4, 1.0).first == math.inf
    assert underflow(4, 0.5).crossing == pytest.approx((103.97 + 0.676) / 0.13518, rel=1e-3)


@pytest.mark.parametrize(
    ("n", "sigma"), [(0, 1.0), (4, 0.0), (4, -1.0), (4, math.nan), (4, math.inf)]
)
def test_what_makes_no_matrix_is_refused(n: int, sigma: float) -> None:
    for name in ENSEMBLES:
        with pytest.raises(BadInput):
            find(name).exponents(n, sigma)


def test_unknown_names_are_refused() -> None:
    with pytest.raises(BadInput, match="did you mean 'ginibre'"):
        find("ginibr")
    with pytest.raises(BadInput, match="float16"):
        limits("float8")
    with pytest.raises(BadInput, match="at least 1 factor"):
        log_largest_entry(4, 1.0, 0)
