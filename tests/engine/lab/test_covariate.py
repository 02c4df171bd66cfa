from __future__ import annotations

import math
from itertools import combinations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Generator, Tensor

from engine.lab.covariate import (
    Draws,
    Plan,
    clipped,
    correlation,
    effective,
    fit_line,
    look,
    relative,
    target_mse,
)
from engine.lab.covariate_clip import clip_at, predicted_excess
from engine.lab.covariate_domain import classify, features, log_weights, logits
from engine.lab.covariate_exact import excess, skewed
from engine.lab.covariate_power import LEVEL, RUNS, Watch, tails
from engine.theory.importance import Shift
from engine.theory.importance_detector import noticed
from engine.theory.importance_domain import domain_law, estimated_law, lost_correlation
from engine.theory.importance_fit import Task, gram

PLAN = Plan((0.0, -1.0, 0.0, 1.0), 0.1, 300, 200, 30, "classifier", 2, math.inf)


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize("degree", [1, 2])
def test_the_classifier_is_the_maximum_of_the_likelihood(degree: int) -> None:
    source, target = normal(5, 300), 1 + 0.7 * normal(5, 200, seed=1)
    phi = classify(source, target, degree)
    x = torch.cat([source, target], 1)
    label = torch.cat([torch.zeros_like(source), torch.ones_like(target)], 1)
    score = ((torch.sigmoid(logits(x, phi)) - label)[:, None] @ features(x, degree))[:, 0]
    assert float(score.abs().max()) < 1e-4  # the ridge, 1e-9·φ per example
    # so the probabilities add up to the number of target examples
    assert torch.sigmoid(logits(x, phi)).sum(1).tolist() == pytest.approx([200] * 5, abs=1e-4)
    again = classify(source, target, degree, start=torch.full_like(phi, 0.3))
    assert float((again - phi).abs().max()) < 1e-6


def test_the_classifiers_law_with_its_bias() -> None:
    n, m, runs = 100, 400, 2000
    law = domain_law(Shift(1, 1), n, m)
    phi = classify(normal(runs, n), 1 + normal(runs, m, seed=1), 2)
    spread = phi.std(0)
    assert (spread / law.covariance.diagonal().sqrt()).tolist() == pytest.approx([1] * 3, abs=0.1)
    raw = (phi.mean(0) - law.coefficients) / spread * math.sqrt(runs)
    left = raw - law.bias / spread * math.sqrt(runs)
    assert float(left.abs().max()) < 4
    assert float(raw[1]) > 4  # the slope's bias is seen


def test_fits_with_estimated_weights_follow_their_law() -> None:
    plan = Plan((0.0, -1.0, 0.0, 1.0), 0.1, 1000, 1000, 600, "classifier", 2, math.inf)
    moved = look(plan, Draws(plan, Generator().manual_seed(1)), Shift(1, 0.7))
    law = estimated_law(plan.task(moved.shift), 1000, 1000)
    assert law is not None
    slope = moved.lines["weighted"][1]
    assert float(slope.std()) == pytest.approx(float(law.covariance[1, 1].sqrt()), rel=0.15)
    mean = float(moved.mse["weighted"].mean())
    assert mean - law.limit == pytest.approx(law.mean - law.limit, rel=0.2)
    lost = 1 - correlation(moved.log_estimated, moved.log_true)
    expected = lost_correlation(moved.shift, domain_law(moved.shift, 1000, 1000))
    assert float(lost.mean()) == pytest.approx(expected, rel=0.25)


def test_domains_that_separate_are_told_apart_without_overflow() -> None:
    phi = classify(normal(3, 40), 50 + normal(3, 40, seed=2), 2)
    assert bool(phi.isfinite().all())
    assert bool((logits(normal(3, 40), phi) < 0).all())


def test_the_factor_n_over_m() -> None:
    source, target = normal(20, 2000), 0.5 + normal(20, 500, seed=4)
    phi = classify(source, target, 2)
    weights = log_weights(source, phi, 2000, 500)
    assert float(weights.exp().mean()) == pytest.approx(1, abs=0.01)
    assert float(logits(source, phi).exp().mean()) == pytest.approx(0.25, abs=0.003)


@settings(max_examples=25)
@given(st.integers(1, 100), st.floats(-5, 5))
def test_a_common_factor_of_the_weights_is_lost(seed: int, factor: float) -> None:
    x, y, weight = (normal(4, 30, seed=seed + k) for k in range(3))
    plain, scaled = fit_line(x, y, weight), fit_line(x, y, weight + factor)
    for one, other in zip(plain, scaled, strict=True):
        assert one.tolist() == pytest.approx(other.tolist(), abs=1e-9)
    assert effective(weight).tolist() == pytest.approx(effective(weight + factor).tolist())
    assert relative(weight).sum(1).tolist() == pytest.approx([1] * 4)


def test_a_whole_weight_is_an_example_seen_so_often() -> None:
    x, y = normal(1, 12), normal(1, 12, seed=9)
    times = torch.tensor([1, 1, 3, 1, 2, 1, 1, 1, 4, 1, 1, 1])
    weighted = fit_line(x, y, times.double().log()[None])
    seen_often = [values.repeat_interleave(times, dim=1) for values in (x, y)]
    repeated = fit_line(*seen_often, torch.zeros(1, int(times.sum()), dtype=torch.float64))
    assert [float(v) for v in weighted] == pytest.approx([float(v) for v in repeated])


@settings(max_examples=40)
@given(st.integers(0, 1000), st.floats(0, 3))
def test_effective_examples_are_between_one_and_all(seed: int, spread: float) -> None:
    count = effective(spread * normal(3, 50, seed=seed))
    assert bool((count >= 1 - 1e-9).all())
    assert bool((count <= 50 + 1e-9).all())
    equal = effective(torch.full((2, 50), 0.7, dtype=torch.float64))
    assert equal.tolist() == pytest.approx([50, 50])


@settings(max_examples=40)
@given(st.integers(0, 1000), st.floats(0.2, 5))
def test_clipping_evens_the_weights_out(seed: int, clip: float) -> None:
    weight = 2 * normal(3, 50, seed=seed)
    cut = clipped(weight, clip)
    assert float(cut.exp().max()) <= clip * (1 + 1e-12)
    assert bool((effective(cut) >= effective(weight) - 1e-9).all())
    assert clipped(weight, math.inf) is weight


def test_the_mse_over_the_target_is_that_of_many_examples() -> None:
    task = Task(PLAN.coefficients, 0.3, Shift(0.5, 0.8))
    line = (torch.tensor([0.2], dtype=torch.float64), torch.tensor([1.1], dtype=torch.float64))
    x = 0.5 + 0.8 * normal(1_000_000)
    squares = (x**3 - x - 0.2 - 1.1 * x).square()
    error = 5 * float(squares.std()) / 1000
    assert float(target_mse(task, line)) == pytest.approx(float(squares.mean()) + 0.09, abs=error)


def test_weights_make_the_source_look_like_the_target() -> None:
    plan = Plan((0.0, 1.0), 0.1, 4000, 4000, 20, "classifier", 2, math.inf)
    moved = look(plan, Draws(plan, Generator().manual_seed(1)), Shift(0.8, 0.8))
    share = relative(moved.log_used)
    mean = (share * moved.source).sum(1).mean()
    square = (share * moved.source.square()).sum(1).mean()
    assert float(mean) == pytest.approx(0.8, abs=0.02)
    assert float(square) == pytest.approx(0.64 + 0.64, abs=0.04)
    assert float(correlation(moved.log_estimated, moved.log_true).min()) > 0.99


def test_nothing_shifted_leaves_all_fits_alike() -> None:
    plan = Plan((0.0, 0.0, 1.0), 0.1, 300, 200, 30, "true", 2, math.inf)
    still = look(plan, Draws(plan, Generator().manual_seed(1)), Shift(0, 1))
    assert not still.log_used.any()
    assert still.mse["weighted"].tolist() == pytest.approx(still.mse["unweighted"].tolist())
    assert still.accuracy.mean().item() == pytest.approx(0.5, abs=0.03)


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.floats(0, 2))
def test_no_weights_beat_equal_ones_where_the_line_is_right(seed: int, spread: float) -> None:
    x = normal(3, 20, seed=seed)
    target = gram(Task((0.0, 1.0), 1.0, Shift(1, 1)).target())
    equal = excess(x, torch.zeros_like(x), target).mean
    unequal = excess(x, spread * normal(3, 20, seed=seed + 1), target).mean
    assert bool((unequal >= equal * (1 - 1e-9)).all())


def test_the_excess_given_x_is_that_of_many_labels() -> None:
    x, logs = normal(1, 15), 0.8 * normal(1, 15, seed=5)
    task = Task((0.0, 1.0), 1.0, Shift(1, 1))
    law = excess(x, logs, gram(task.target()))
    runs = 20_000
    wide = x.expand(runs, -1)
    line = fit_line(wide, wide + normal(runs, 15, seed=6), logs.expand(runs, -1))
    found = target_mse(task, line) - 1
    sigma = math.sqrt(float(law.variance) / runs)
    assert float(found.mean()) == pytest.approx(float(law.mean), abs=5 * sigma)
    assert float(found.var()) == pytest.approx(float(law.variance), rel=0.15)
    third = float((found - found.mean()).pow(3).mean())
    assert third == pytest.approx(float(law.third), rel=0.35)
    assert skewed(0) == 5


def test_clipping_trades_bias_for_variance() -> None:
    plan = Plan((0.0, 0.0, 1.0), 0.1, 500, 500, 300, "true", 2, math.inf)
    shift = Shift(1, 1)
    moved = look(plan, Draws(plan, Generator().manual_seed(1)), shift)
    low, middle, high = (clip_at(plan, moved, clip) for clip in (0.5, 5.0, 100.0))
    assert low.bias > middle.bias > high.bias
    assert low.variance < middle.variance < high.variance
    for found in (low, middle):
        assert found.excess == pytest.approx(predicted_excess(plan, shift, found.clip), rel=0.15)
    mean = float(moved.mse["weighted"].mean()) - 2.01
    assert clip_at(plan, moved, math.inf).excess == pytest.approx(mean, rel=1e-9)
    assert math.isnan(predicted_excess(plan, Shift(0, 2), math.inf))


def test_the_tails_are_those_of_all_relabellings() -> None:
    half, called = 4, 3
    # eight held-out examples, the first three called target; every choice of four as the target's
    hits = [sum(i < called for i in chosen) for chosen in combinations(range(8), half)]
    expected = [sum(h >= j for h in hits) / len(hits) for j in range(half + 1)]
    assert tails(torch.tensor([called]), half)[0].tolist() == pytest.approx(expected)


@given(st.integers(1, 60), st.data())
def test_tails_fall_from_one(half: int, data: st.DataObject) -> None:
    called = torch.tensor([data.draw(st.integers(0, 2 * half))])
    tail = tails(called, half)[0]
    assert float(tail[0]) == pytest.approx(1)
    assert bool((tail.diff() <= 1e-12).all())


def test_the_detector_notices_and_keeps_its_level() -> None:
    watch = Watch(2, Generator().manual_seed(0))
    near, far = (watch.alarms(Shift(1, 1), size) for size in (32, 256))
    assert far.power > 0.98 > near.power > 0.2
    assert near.power == pytest.approx(noticed(Shift(1, 1), 16, LEVEL), abs=0.12)
    none = watch.alarms(Shift(0, 1), 256)
    assert none.power == none.false_rate
    assert 0.02 < float(none.attained.mean()) <= LEVEL
    wide = 5 * math.sqrt(LEVEL * (1 - LEVEL) / RUNS)
    assert none.false_rate == pytest.approx(float(none.attained.mean()), abs=wide)
