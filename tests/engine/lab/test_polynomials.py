from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction

import pytest
import torch
from torch import Generator, Tensor

from engine.lab.polynomial_descent import Descent, Directions, Rate, start
from engine.lab.polynomial_folds import chosen, cut, least_squares_scores
from engine.lab.polynomials import (
    Basis,
    Draws,
    Expected,
    LeastSquares,
    draw,
    errors,
    features,
    truth,
)
from engine.lab.threads import one_thread


@pytest.fixture(autouse=True)
def single_thread() -> Iterator[None]:
    with one_thread():
        yield


def drawn(sets: int, n: int, noise: float = 0.1, seed: int = 0) -> Draws:
    return draw(sets, n, 100, noise, Generator().manual_seed(seed))


def exactly(x: list[float], y: list[float], at: float, degree: int) -> float:
    """The least-squares polynomial at a point, in rational arithmetic."""
    powers = [[Fraction(v) ** i for i in range(degree + 1)] for v in x]
    rows = [
        [sum(p[i] * p[j] for p in powers) for j in range(degree + 1)]
        + [sum(p[i] * Fraction(v) for p, v in zip(powers, y, strict=True))]
        for i in range(degree + 1)
    ]
    for i, pivot in enumerate(rows):
        for j, row in enumerate(rows):
            if j != i:
                factor = row[i] / pivot[i]
                rows[j] = [a - factor * b for a, b in zip(row, pivot, strict=True)]
    return float(sum(row[-1] / row[i] * Fraction(at) ** i for i, row in enumerate(rows)))


def test_features_are_powers_over_factorials() -> None:
    x = torch.tensor([[-1.7, 0.0, 3.1]], dtype=torch.float64)
    powers = torch.stack([x**i / math.factorial(i) for i in range(20)], -1)
    assert torch.allclose(features(x), powers, rtol=1e-14, atol=0)
    wanted = 5 + 1.2 * x - 3.4 * x**2 / 2 + 5.6 * x**3 / 6
    assert torch.allclose(truth(x), wanted, rtol=1e-14)


def test_degree_19_is_right_where_powers_lose_every_digit() -> None:
    draws = drawn(1, 21)
    far = draws.x_test[:, :1]
    got = float(LeastSquares(Basis(draws.x), draws.y).at(far)[0, 0, 19])
    wanted = exactly(draws.x[0].tolist(), draws.y[0].tolist(), float(far), 19)
    assert got == pytest.approx(wanted, rel=1e-9)
    by_powers = torch.linalg.lstsq(features(draws.x), draws.y[..., None], driver="gelsd").solution
    assert float(features(far)[0, 0] @ by_powers[0, :, 0]) != pytest.approx(wanted, rel=1e-9)


@pytest.mark.parametrize("n", [20, 100, 1000])
def test_the_basis_is_orthonormal_on_its_points(n: int) -> None:
    basis = Basis(drawn(5, n).x)
    gram = basis.q.mT @ basis.q
    assert torch.allclose(gram, torch.eye(20, dtype=gram.dtype).expand_as(gram), atol=1e-13)


def test_at_its_own_points_the_basis_is_its_columns_and_each_is_of_its_degree() -> None:
    x = drawn(3, 40).x
    basis = Basis(x)
    assert torch.allclose(basis.at(x), basis.q, atol=1e-7)
    for degree in range(6):  # the (degree + 1)th difference of a polynomial is 0
        even = torch.linspace(-2, 2, degree + 2, dtype=x.dtype).expand(3, -1)
        values = basis.at(even)[..., degree]
        assert float(values.diff(n=degree + 1).abs().max()) < 1e-10
        assert float(values.diff(n=degree).abs().min()) > 1e-6


def test_every_degree_is_what_it_would_be_alone() -> None:
    draws = drawn(4, 50)
    together = LeastSquares(Basis(draws.x), draws.y).at(draws.x_test)
    for degree in (0, 3, 11):
        alone = LeastSquares(Basis(draws.x, degree + 1), draws.y).at(draws.x_test)
        assert torch.allclose(together[..., degree], alone[..., -1], rtol=1e-12)


def test_without_noise_the_true_degree_finds_the_truth() -> None:
    draws = drawn(4, 50)
    noiseless = LeastSquares(Basis(draws.x), truth(draws.x)).at(draws.x_test)
    assert torch.allclose(noiseless[..., 3], truth(draws.x_test), atol=1e-11)
    assert float((noiseless[..., 2] - truth(draws.x_test)).abs().max()) > 1


def test_expected_errors_are_the_mean_over_the_noise_at_the_points_at_hand() -> None:
    one, random = drawn(1, 25, noise=0.5), Generator().manual_seed(5)
    many = 4000

    def again(x: Tensor) -> Tensor:
        noise = torch.randn(many, x.shape[1], generator=random, dtype=x.dtype)
        return truth(x) + 0.5 * noise

    x, x_test = one.x.expand(many, -1), one.x_test.expand(many, -1)
    draws = Draws(x, again(one.x), again(one.x), x_test, again(one.x_test))
    basis = Basis(x, 8)
    squares = LeastSquares(basis, draws.y)
    found = errors(draws, squares.fitted(), squares.at(x_test))
    expected = Expected(draws, basis, 0.5)
    for name in ("train", "in_sample", "test"):
        measured, wanted = getattr(found, name), getattr(expected, name)[0]
        error = measured.std(0) / math.sqrt(many)
        assert bool(((measured.mean(0) - wanted).abs() < 5 * error).all()), name


def test_the_spread_of_a_test_error_is_that_of_its_gaussian_quadratic_form() -> None:
    draws = drawn(3, 25)
    basis = Basis(draws.x)
    expected = Expected(draws, basis, 0.1)
    for p in (1, 5, 12):
        psi = basis.at(draws.x_test)[..., :p]
        covariance = torch.eye(100, dtype=psi.dtype) + psi @ psi.mT
        trace = covariance.diagonal(dim1=-2, dim2=-1).sum(-1)
        wanted = 2 * covariance.square().sum((-2, -1)) / trace**2
        assert torch.allclose(expected.test_spread(p), wanted, rtol=1e-9)
        if p >= 5:
            assert torch.allclose(expected.test[:, p - 1], 0.01 * trace / 100, rtol=1e-9)


def test_folds_hold_every_point_out_once_and_leave_the_rest_in() -> None:
    draws = drawn(3, 23)
    folds = cut(draws, 5, Generator().manual_seed(0))
    assert folds.x.shape == (15, 19)
    assert folds.x_out.shape == (15, 4)
    for one in range(3):
        mine = slice(5 * one, 5 * one + 5)
        out = folds.x_out[mine].flatten().tolist()
        assert len(set(out)) == 20
        assert set(out) < set(draws.x[one].tolist())
        for inside, held in zip(folds.x[mine], folds.x_out[mine], strict=True):
            both = inside.tolist() + held.tolist()
            assert sorted(both) == sorted(draws.x[one].tolist())
    pairs = dict(zip(draws.x.flatten().tolist(), draws.y.flatten().tolist(), strict=True))
    flat = zip(folds.x.flatten().tolist(), folds.y.flatten().tolist(), strict=True)
    assert all(pairs[x] == y for x, y in flat)


def test_leaving_one_out_is_residuals_over_one_less_leverage() -> None:
    draws = drawn(6, 20)
    scores = least_squares_scores(cut(draws, 20, Generator().manual_seed(0)))
    squares = LeastSquares(Basis(draws.x), draws.y)
    leverage = squares.basis.q.square().cumsum(-1)
    residual = draws.y.unsqueeze(-1) - squares.fitted()
    press = (residual / (1 - leverage)).square().mean(1)
    assert torch.allclose(scores[:, :9], press[:, :9], rtol=1e-6)
    assert bool(scores[:, 18].isfinite().all())
    assert bool(scores[:, 19].isnan().all())  # 19 points do not settle 20 coefficients
    assert bool((chosen(scores) == scores[:, :19].argmin(1)).all())


def test_training_starts_from_weights_as_torchs_linear_draws_them() -> None:
    sets, degrees = 400, (0, 3, 19)
    w = start(sets, degrees, Generator().manual_seed(3)).w
    for place, degree in enumerate(degrees):
        p = degree + 1
        own = w[:, :p, place] * math.sqrt(p)  # uniform within ±1: mean 0, variance ⅓
        assert 0.95 < float(own.abs().max()) <= 1
        assert abs(float(own.mean())) < 5 * math.sqrt(1 / 3 / own.numel())
        assert abs(float(own.square().mean()) - 1 / 3) < 5 * math.sqrt(4 / 45 / own.numel())
        assert not bool(w[:, p:, place].any())


@pytest.mark.parametrize("batch_size", [7, 30])
def test_descent_is_torchs_sgd_on_the_mean_squared_error(batch_size: int) -> None:
    draws, lr = drawn(2, 30), 0.01
    begin = start(2, (0, 3, 8), Generator().manual_seed(1))
    descent = Descent(draws.x, draws.y, begin, Rate(lr, batch_size))
    mine, theirs = Generator().manual_seed(2), Generator().manual_seed(2)
    inputs = features(draws.x, 4)
    layers = [torch.nn.Linear(4, 1, bias=False, dtype=torch.float64) for _ in range(2)]
    for one, layer in enumerate(layers):
        layer.weight.data[:] = begin.w[one, :4, 1]
    for _ in range(6):
        descent.epoch(mine)
        order = torch.arange(30).expand(2, -1)
        if batch_size < 30:
            order = torch.rand(2, 30, generator=theirs).argsort(1)
        for one, layer in enumerate(layers):
            optimizer = torch.optim.SGD(layer.parameters(), lr=lr)
            for index in torch.split(order[one], batch_size):
                optimizer.zero_grad()
                predicted = layer(inputs[one, index]).squeeze(1)
                torch.nn.functional.mse_loss(predicted, draws.y[one, index]).backward()
                optimizer.step()
    for one, layer in enumerate(layers):
        assert torch.allclose(descent.w[one, :4, 1], layer.weight.data[0], rtol=1e-12)
    assert not descent.w[:, 1:, 0].any()
    assert not descent.w[:, 4:, 1].any()
    assert float(descent.w[:, 8, 2].abs().min()) > 0
    assert descent.updates == 6 * -(-30 // batch_size)


@pytest.mark.parametrize("degree", [3, 19])
def test_full_batches_follow_the_law_along_every_eigenvector(degree: int) -> None:
    draws, lr = drawn(5, 40), 0.01
    begin = start(5, (degree,), Generator().manual_seed(1))
    descent = Descent(draws.x, draws.y, begin, Rate(lr, 40))
    law = Directions(draws.x, draws.y, begin.w[..., 0], lr)
    random = Generator()
    for _ in range(700):
        descent.epoch(random)
    w = descent.w[..., 0]
    assert torch.allclose(w, law.path(700), rtol=0, atol=1e-12)
    # twice the steps would be far off: the law knows how many there were
    assert float((w - law.path(1400)).abs().max()) > 1e-3
    clear = law.progress(700) > 1e-8
    assert int(clear.sum(1).min()) >= min(4, degree)
    assert torch.allclose(law.come(w)[clear], law.progress(700)[clear], rtol=1e-4)
    assert float(law.parameters(0).abs().max()) == 0
    assert float(law.parameters(700).max()) < 6


def test_eigenvalues_are_those_of_the_losss_hessian() -> None:
    draws = drawn(3, 40)
    law = Directions(draws.x, draws.y, torch.zeros(3, 5, dtype=torch.float64), 0.01)
    x = features(draws.x, 5)
    hessian = 2 * x.mT @ x / 40
    wanted = torch.linalg.eigvalsh(hessian).flip(-1)
    assert torch.allclose(law.eigenvalues, wanted, rtol=1e-9)


def test_what_has_run_away_is_told_from_what_has_not() -> None:
    draws = drawn(3, 30)
    begin = start(3, (0, 5), Generator().manual_seed(1))
    descent = Descent(draws.x, draws.y, begin, Rate(0.01, 10))
    assert not descent.diverged.any()
    descent.epoch(Generator().manual_seed(2))
    assert not descent.diverged.any()
    descent.w[0, 0, 1], descent.w[1, 0, 0], descent.w[2, 0, 1] = math.nan, -math.inf, 1e3
    assert descent.diverged.tolist() == [[False, True], [True, False], [False, True]]


def test_above_two_full_batches_diverge_and_below_they_do_not() -> None:
    draws = drawn(2, 40)
    hessian = 2 * features(draws.x, 6).mT @ features(draws.x, 6) / 40
    largest = float(torch.linalg.eigvalsh(hessian)[0, -1])
    for times, expected in ((1.9, False), (2.1, True)):
        begin = start(2, (5,), Generator().manual_seed(1))
        descent = Descent(draws.x, draws.y, begin, Rate(times / largest, 40))
        assert float(descent.step_size[0, 0]) == pytest.approx(times)
        for _ in range(200):
            descent.epoch(Generator())
            assert bool(descent.diverged[0, 0]) is expected
        assert (float(descent.w[0].abs().max()) > 1e4) is expected


def test_no_degree_is_chosen_where_a_fit_was_lost_or_nothing_is_known() -> None:
    lost, unknown = math.inf, math.nan
    scores = [[3.0, 1.0, unknown], [1.0, 2.0, lost], [unknown] * 3, [2.0, 3.0, 1.0]]
    assert chosen(torch.tensor(scores)).tolist() == [1, -1, -1, 2]
