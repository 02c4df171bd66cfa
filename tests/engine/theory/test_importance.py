from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from engine.theory.importance import Shift, gaussian_nodes, source_nodes
from engine.theory.importance_detector import best_accuracy, best_rates, noticed, regret
from engine.theory.importance_domain import domain_law, estimated_law, lost_correlation
from engine.theory.importance_fit import (
    Task,
    best_line,
    fit_law,
    gram,
    limit_line,
    polynomial,
    unweighted_excess,
)
from engine.theory.special import normal_cdf

CUBIC, SQUARE, LINE = (0.0, -1.0, 0.0, 1.0), (0.0, 0.0, 1.0), (0.0, 1.0)
means = st.floats(-3, 3)
shifts = st.builds(Shift, means, st.floats(0.3, 3))


def grid(low: float = -60, high: float = 60) -> tuple[Tensor, float]:
    x = torch.linspace(low, high, 1_200_001, dtype=torch.float64)
    return x, float(x[1] - x[0])


def density(x: Tensor, mean: float = 0.0, std: float = 1.0) -> Tensor:
    return torch.exp(-((x - mean) ** 2) / (2 * std**2)) / (std * math.sqrt(2 * math.pi))


@given(shifts, st.floats(-5, 5))
def test_the_log_ratio_is_that_of_the_densities(shift: Shift, x: float) -> None:
    at = torch.tensor([x], dtype=torch.float64)
    log_p = -(x**2) / 2
    log_q = -((x - shift.mean) ** 2) / (2 * shift.std**2) - math.log(shift.std)
    assert float(shift.log_weight(at)) == pytest.approx(log_q - log_p, abs=1e-9)


@pytest.mark.parametrize("shift", [Shift(1, 0.7), Shift(-0.5, 1.2), Shift(1, 1), Shift(0, 1.3)])
@pytest.mark.parametrize("power", [0, 1, 2])
def test_powers_of_the_ratio_keep_their_mass_and_place(shift: Shift, power: int) -> None:
    x, width = grid()
    values = torch.exp(power * shift.log_weight(x) - x * x / 2) / math.sqrt(2 * math.pi)
    tilt = shift.tilt(power)
    assert tilt is not None
    mass = float(values.sum()) * width
    assert tilt.mass == pytest.approx(mass, rel=1e-9)
    assert tilt.mean == pytest.approx(float((values * x).sum()) * width / mass, abs=1e-9)
    square = float((values * (x - tilt.mean) ** 2).sum()) * width / mass
    assert tilt.variance == pytest.approx(square, rel=1e-9)


@given(means)
def test_effective_share_for_unit_variances(mean: float) -> None:
    assert Shift(mean, 1).effective_share == pytest.approx(math.exp(-(mean**2)), rel=1e-12)


@given(shifts)
def test_effective_share_in_general(shift: Shift) -> None:
    left = 2 - shift.std**2
    expected = shift.std * math.sqrt(left) * math.exp(-(shift.mean**2) / left) if left > 0 else 0
    assert shift.effective_share == pytest.approx(expected, rel=1e-9)
    assert 0 <= shift.effective_share <= 1


def test_from_twice_the_variance_on_nothing_is_left() -> None:
    assert Shift(0.5, 1.41).effective_share > 0
    assert Shift(0.5, math.sqrt(2)).moment(2) == math.inf
    assert Shift(0.0, 3.0).effective_share == 0
    assert source_nodes(Shift(0.0, 3.0), 2) is None
    clipped = source_nodes(Shift(0.0, 3.0), 2, clip=5.0)
    assert clipped is not None
    assert 0 < clipped.mass < 25


@given(shifts, st.floats(0.2, 20))
def test_crossings_are_where_the_ratio_crosses(shift: Shift, level: float) -> None:
    for x in shift.crossings(level):
        at = torch.tensor([x], dtype=torch.float64)
        scale = 1 + abs(shift.log_ratio[1] * x) + abs(shift.log_ratio[2] * x * x)
        assert float(shift.log_weight(at)) - math.log(level) == pytest.approx(0, abs=1e-9 * scale)


@pytest.mark.parametrize("clip", [0.5, 1.0, 4.0])
@pytest.mark.parametrize("shift", [Shift(1, 0.7), Shift(0.5, 2.0), Shift(-1, 1)])
def test_clipped_measures(shift: Shift, clip: float) -> None:
    x, width = grid(-12, 12)
    for power in (1, 2):
        nodes = source_nodes(shift, power, clip)
        assert nodes is not None
        weight = torch.exp(shift.log_weight(x)).clamp(max=clip) ** power
        expected = float((density(x) * weight * x * x).sum()) * width
        assert float(nodes.integral(nodes.x.square())) == pytest.approx(expected, rel=1e-6)


@settings(max_examples=25)
@given(st.lists(st.floats(-3, 3), min_size=1, max_size=5), means, st.floats(0.3, 2))
def test_no_line_is_nearer_than_the_best(
    coefficients: list[float], mean: float, std: float
) -> None:
    task = Task(tuple(coefficients), 0.0, Shift(mean, std))
    a, b = best_line(coefficients, mean, std**2)
    least = task.risk((a, b))
    for da, db in ((0.1, 0), (0, 0.1), (-0.1, 0.05)):
        assert task.risk((a + da, b + db)) > least
    assert limit_line(task, task.target()) == pytest.approx((a, b), abs=1e-7)


def test_the_chapters_lines() -> None:
    square = Task(SQUARE, 0.1, Shift(1, 1))
    assert best_line(SQUARE, 0, 1) == pytest.approx((1, 0))
    assert best_line(SQUARE, 1, 1) == pytest.approx((0, 2))
    assert square.risk((1, 0)) == pytest.approx(7.01)
    assert square.risk((0, 2)) == pytest.approx(2.01)
    cubic = Task(CUBIC, 0.0, Shift(1, 0.7))
    assert best_line(CUBIC, 0, 1) == pytest.approx((0, 2))
    assert best_line(CUBIC, 1, 0.49) == pytest.approx((-2, 3.47))
    assert cubic.risk((0, 2)) == pytest.approx(6.367435)
    assert cubic.risk((-2, 3.47)) == pytest.approx(5.027694)


@settings(max_examples=25)
@given(st.floats(-1.5, 1.5), st.floats(0.4, 1.3))
def test_weights_lead_to_the_targets_best_line(mean: float, std: float) -> None:
    shift = Shift(mean, std)
    once = source_nodes(shift, 1)
    assert once is not None
    expected = best_line(CUBIC, mean, std**2)
    assert limit_line(Task(CUBIC, 0.1, shift), once) == pytest.approx(expected, abs=1e-8)


@settings(max_examples=25)
@given(st.floats(-1.5, 1.5), st.floats(0.5, 1.2))
def test_where_the_line_is_right_weights_only_cost(mean: float, std: float) -> None:
    shift = Shift(mean, std)
    plain, once, twice = (source_nodes(shift, power) for power in (0, 1, 2))
    assert plain and once and twice
    task = Task(LINE, 1.0, shift)
    unweighted, weighted = fit_law(task, plain, plain, 1000), fit_law(task, once, twice, 1000)
    assert unweighted.limit == pytest.approx(1)
    assert weighted.limit == pytest.approx(1)
    assert weighted.mean >= unweighted.mean - 1e-12
    assert unweighted.mean - 1 == pytest.approx((1 + mean**2 + std**2) / 1000)
    assert unweighted_excess(shift, 1.0, 10**6) == pytest.approx(
        (1 + mean**2 + std**2) / 10**6, 1e-4
    )


def test_the_cost_for_unit_variances_is_e_to_the_mean_squared() -> None:
    shift = Shift(1, 1)
    plain, once, twice = (source_nodes(shift, power) for power in (0, 1, 2))
    assert plain and once and twice
    task = Task(LINE, 2.0, shift)
    ratio = (fit_law(task, once, twice, 50).mean - 4) / (fit_law(task, plain, plain, 50).mean - 4)
    assert ratio == pytest.approx(math.e)


def simulated(task: Task, n: int, runs: int, weighted: bool) -> Tensor:
    """Slopes and intercepts of many fits, [runs, 2], by the normal equations."""
    random = torch.Generator().manual_seed(3)
    x = torch.randn(runs, n, generator=random, dtype=torch.float64)
    y = polynomial(task.coefficients, x)
    y = y + task.noise * torch.randn(runs, n, generator=random, dtype=torch.float64)
    w = torch.exp(task.shift.log_weight(x)) if weighted else torch.ones_like(x)
    rows = torch.stack([torch.ones_like(x), x], dim=-1)
    gram = (rows * w[..., None]).mT @ rows
    return torch.linalg.solve(gram, ((w * y)[:, None] @ rows)[:, 0])


@pytest.mark.parametrize("weighted", [False, True])
def test_the_sandwich_and_the_bias_of_order_one_over_n(weighted: bool) -> None:
    task, n, runs = Task(SQUARE, 0.5, Shift(0.5, 0.8)), 100, 8000
    once = source_nodes(task.shift, int(weighted))
    twice = source_nodes(task.shift, 2 * weighted)
    assert once and twice
    law = fit_law(task, once, twice, n)
    fitted = simulated(task, n, runs, weighted)
    spread = fitted.std(0)
    off = (fitted.mean(0) - torch.tensor(law.line) - torch.tensor(law.bias)) / spread
    assert float(off.abs().max()) < 5 / math.sqrt(runs) + 0.02
    ratio = fitted.T.cov() / law.covariance
    assert float((ratio.diagonal() - 1).abs().max()) < 5 * math.sqrt(3 / runs) + 0.08
    # and the bias is seen: without it the intercept would lie further off
    raw = (fitted.mean(0) - torch.tensor(law.line)) / spread
    assert float(raw.abs().max()) > 7 / math.sqrt(runs)
    risks = torch.tensor([task.risk((a, b)) for a, b in fitted[:1000].tolist()])
    assert float(risks.mean()) == pytest.approx(
        law.mean, abs=law.tolerance(1000) + 0.2 * (law.mean - law.limit)
    )


@pytest.mark.parametrize("weighted", [False, True])
def test_the_mse_of_a_gaussian_line(weighted: bool) -> None:
    task = Task(CUBIC, 0.5, Shift(0.5, 0.8))
    once, twice = source_nodes(task.shift, int(weighted)), source_nodes(task.shift, 2 * weighted)
    assert once and twice
    law = fit_law(task, once, twice, 60)
    a, b = (x + d for x, d in zip(law.line, law.bias, strict=True))
    metric, off = gram(task.target()), torch.tensor(law.bias, dtype=torch.float64)
    expected = (
        task.risk((a, b)) - float(off @ metric @ off) + float((metric @ law.covariance).trace())
    )
    assert law.mean == pytest.approx(expected, rel=1e-12)
    random = torch.Generator().manual_seed(1)
    drawn = torch.randn(50_000, 2, generator=random, dtype=torch.float64)
    around = drawn @ torch.linalg.cholesky(law.covariance).T
    best = torch.tensor(best_line(CUBIC, 0.5, 0.64), dtype=torch.float64)
    away = torch.tensor(law.line, dtype=torch.float64) + around - best
    squares = ((away @ metric) * away).sum(1)
    assert law.variance == pytest.approx(float(squares.var()), rel=0.05)


@pytest.mark.parametrize("n", [6, 20])
def test_the_unweighted_excess_is_exact_at_any_n(n: int) -> None:
    task, runs = Task(LINE, 1.0, Shift(1, 0.5)), 100_000
    fitted = simulated(task, n, runs, weighted=False) - torch.tensor(LINE, dtype=torch.float64)
    squares = ((fitted @ gram(task.target())) * fitted).sum(1)
    wide = 5 * float(squares.std()) / math.sqrt(runs)
    assert float(squares.mean()) == pytest.approx(unweighted_excess(task.shift, 1.0, n), abs=wide)


def test_the_intercepts_bias_where_nothing_has_moved() -> None:
    # a fit of slope b has intercept ln(m/n) − ½b² or so on one side, ½b² on the other
    law = domain_law(Shift(0, 1), 1000, 50, features=2)
    assert law.bias.tolist() == pytest.approx([(1 / 1000 - 1 / 50) / 2, 0])
    assert float(law.covariance[0, 0]) == pytest.approx(0, abs=1e-12)


def test_the_domain_classifier_of_unit_variances() -> None:
    law = domain_law(Shift(1, 1), 1000, 500)
    assert law.coefficients.tolist() == pytest.approx([-0.5 - math.log(2), 1, 0])
    linear = domain_law(Shift(1, 1), 1000, 500, features=2)
    assert linear.coefficients.tolist() == pytest.approx([-0.5 - math.log(2), 1])
    assert float(linear.covariance[1, 1]) < float(law.covariance[1, 1])


def test_nothing_shifted_leaves_the_classifier_a_coin() -> None:
    law = domain_law(Shift(0, 1), 300, 600)
    assert law.coefficients.tolist() == pytest.approx([math.log(2), 0, 0])
    assert law.doubtful == pytest.approx(900 * 2 / 9)
    # weight 2/9 each: the information is 200·E ZZᵀ, whose inverse has 3/2, 1 and 1/2
    assert (200 * law.covariance.diagonal())[1:].tolist() == pytest.approx([1, 0.5])
    assert float(law.covariance[0, 0]) == pytest.approx(1.5 / 200 - 1 / 300 - 1 / 600)
    assert math.isnan(lost_correlation(Shift(0, 1), law))


def test_estimated_weights_need_a_finite_second_moment() -> None:
    assert estimated_law(Task(CUBIC, 0.1, Shift(0, 1.5)), 500, 500) is None
    law = estimated_law(Task(CUBIC, 0.1, Shift(1, 0.7)), 500, 10**9)
    few = estimated_law(Task(CUBIC, 0.1, Shift(1, 0.7)), 500, 50)
    assert law is not None
    assert few is not None
    assert few.mean > law.mean > law.limit


@given(means)
def test_the_best_detector_of_unit_variances(mean: float) -> None:
    assert best_accuracy(Shift(mean, 1)) == pytest.approx(normal_cdf(abs(mean) / 2), abs=1e-12)


@settings(max_examples=30)
@given(shifts)
def test_the_best_detector_is_half_plus_a_quarter_of_the_distance(shift: Shift) -> None:
    x, width = grid(-40, 40)
    apart = float((density(x, shift.mean, shift.std) - density(x)).abs().sum()) * width
    assert best_accuracy(shift) == pytest.approx(0.5 + apart / 4, abs=1e-6)
    assert all(0 <= rate <= 1 for rate in best_rates(shift))


def test_regret_is_what_a_displaced_edge_costs() -> None:
    shift, law = Shift(1, 1), domain_law(Shift(1, 1), 500, 500, features=2)
    random = torch.Generator().manual_seed(1)
    drawn = torch.randn(20_000, 2, generator=random, dtype=torch.float64)
    a, b = (law.coefficients + drawn @ torch.linalg.cholesky(law.covariance).T).unbind(1)
    right = (torch.special.ndtr(-a / b) + torch.special.ndtr(a / b + 1)) / 2
    lost = best_accuracy(shift) - float(right.mean())
    assert regret(shift, law) == pytest.approx(lost, rel=0.08)


def test_regret_shrinks_with_the_examples() -> None:
    shift = Shift(1, 0.7)
    few, many = (regret(shift, domain_law(shift, n, n)) for n in (500, 5000))
    assert few == pytest.approx(10 * many)
    assert 0 < few < 0.001


@given(st.floats(0.3, 2), st.integers(4, 500))
def test_more_examples_notice_more(mean: float, half: int) -> None:
    shift = Shift(mean, 1)
    assert 0 <= noticed(shift, half, 0.05) <= noticed(shift, half + 50, 0.05) <= 1


def test_gaussian_nodes_are_exact_for_polynomials() -> None:
    nodes = gaussian_nodes(0.0, 1.0)
    for k, expected in ((2, 1), (4, 3), (6, 15), (12, 10395), (1, 0), (7, 0)):
        assert float(nodes.integral(nodes.x**k)) == pytest.approx(expected, rel=1e-12, abs=1e-10)
