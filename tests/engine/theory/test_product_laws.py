from __future__ import annotations

import math
from collections.abc import Iterator

import pytest
import torch

from engine.lab.products import Products, draw
from engine.lab.threads import one_thread
from engine.theory.product_laws import gap, largest_entry, leaves, singular_offset
from engine.theory.products import find


@pytest.fixture(autouse=True)
def single_thread() -> Iterator[None]:
    with one_thread():
        yield


def test_the_law_of_one_hundred_factors_and_of_the_chapters_101() -> None:
    hundred, chapter = (largest_entry("gaussian", 4, 1.0, k) for k in (100, 101))
    assert hundred.log10_mean == pytest.approx(24.526, abs=5e-4)
    assert hundred.log10_deviation == pytest.approx(1.687, abs=5e-4)
    assert chapter.log10_mean == pytest.approx(24.768, abs=5e-4)
    assert chapter.log10_deviation == pytest.approx(1.696, abs=5e-4)


def test_an_orthogonal_product_has_a_range_instead_of_a_law() -> None:
    law = largest_entry("orthogonal", 4, 0.9, 60)
    assert law.mean + law.deviation == pytest.approx(60 * math.log(0.9))
    assert law.mean - law.deviation == pytest.approx(60 * math.log(0.9) - 0.5 * math.log(4))


@pytest.mark.parametrize("n", [2, 16, 64])
def test_laws_of_few_factors_have_a_deviation(n: int) -> None:
    assert largest_entry("gaussian", n, 1.0, 1).deviation > 0
    assert math.isfinite(leaves("gaussian", n, 0.5, "float16").deviation)


@pytest.mark.parametrize("entries", ["gaussian", "ginibre"])
def test_the_gap_of_the_singular_values_is_met_to_its_constant(entries: str) -> None:
    n, factors, seeds = 3, 30, 2_000
    generator = torch.Generator().manual_seed(5)
    dtype = torch.complex128 if entries == "ginibre" else torch.float64
    products = Products(seeds, n, dtype)
    for _ in range(factors):
        products.multiply(draw(entries, seeds, n, 1.0, generator))
    values = products.log_singular_values()
    mean, variance = gap(find(entries), n, factors)
    measured = float((values[:, 0] - values[:, 1]).mean())
    error = math.sqrt(variance / seeds)
    assert abs(measured - mean) < 5 * error
    # the constant is told apart from none
    offset = singular_offset(n, 1, find(entries).beta) - singular_offset(n, 2, find(entries).beta)
    assert offset > 5 * error


def test_nothing_leaves_a_range_without_a_drift() -> None:
    assert math.isinf(leaves("orthogonal", 4, 1.0, "float16").first)
    grows = leaves("orthogonal", 4, 2.0, "float32")
    assert grows.level > 0
    assert 128 <= grows.crossing <= 130
    assert leaves("orthogonal", 4, 0.5, "float32").level < 0
    assert leaves("gaussian", 4, 1.0, "float32").crossing == pytest.approx(157.8, abs=0.1)
