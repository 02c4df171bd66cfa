from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
import torch
from torch import Generator, Tensor

from engine.controls import Controls, Pause, Resume, Stop
from engine.errors import BadInput
from engine.events import (
    Advanced,
    ClaimChecked,
    ControlApplied,
    Event,
    RunFinished,
    RunStarted,
    SeriesExtended,
    TableChanged,
)
from engine.experiments import named
from engine.experiments.selection import EXPERIMENT, SelectionSettings
from engine.lab import polynomial_findings, polynomial_folds, polynomial_study
from engine.lab.polynomial_descent import Descent, Rate, Start
from engine.lab.polynomial_findings import findings
from engine.lab.polynomial_folds import Folds
from engine.lab.polynomial_study import Plan, Study
from engine.lab.polynomial_tables import count_overfitted
from engine.lab.polynomial_views import median
from engine.lab.polynomials import Draws, Errors
from engine.lab.threads import one_thread

PLAN = Plan(
    degree=19,
    n=100,
    noise=0.1,
    solver="exact",
    folds=5,
    seeds=100,
    epochs=40,
    lr=0.01,
    batch_size=10,
    test_points=100,
    seed=0,
)


@pytest.fixture(autouse=True)
def single_thread() -> Iterator[None]:
    with one_thread():
        yield


def settings(**changes: Any) -> SelectionSettings:
    base = {"pace": 0.0, "seeds": 12, "epochs": 20, "n": 40, "folds": 2}
    return SelectionSettings(**{**base, **changes})


def stream(**changes: Any) -> list[Event]:
    return list(EXPERIMENT.run(settings(**changes), Controls()))


def curves(events: list[Event], name: str) -> list[dict[float, float]]:
    """A curve's states one after another."""
    states: list[dict[float, float]] = []
    for event in events:
        if isinstance(event, SeriesExtended) and event.series == name:
            before = {} if event.afresh or not states else states[-1]
            states.append({**before, **dict(zip(event.x, event.y, strict=True))})
    return states


def tables(events: list[Event], name: str) -> list[TableChanged]:
    return [e for e in events if isinstance(e, TableChanged) and e.table.startswith(name)]


def claims(events: list[Event]) -> list[ClaimChecked]:
    return [e for e in events if isinstance(e, ClaimChecked)]


def finished(events: list[Event]) -> RunFinished:
    last = events[-1]
    assert isinstance(last, RunFinished)
    return last


def solved(**changes: Any) -> Study:
    study = Study(replace(PLAN, **changes))
    list(study.learn())
    return study


def broken(study: Study) -> list[str]:
    return [
        f["text"]
        for f in findings(study)
        if not abs(f["measured"] - f["predicted"]) <= f["tolerance"]
    ]


@pytest.mark.slow
@pytest.mark.parametrize("config", EXPERIMENT.checks, ids=str)
def test_every_claim_of_the_checks_holds(config: SelectionSettings) -> None:
    events = list(EXPERIMENT.run(config, Controls()))
    assert len(claims(events)) >= 8
    assert [c.claim for c in claims(events) if not c.holds] == []
    assert finished(events).outcome == "completed"


def test_the_chapters_figures() -> None:
    predicted = {c.claim: c.predicted for c in claims(stream(n=100, seeds=100))}
    law = "least squares, degree {}: {}"
    assert predicted[law.format(3, "train error, σ²(1 − p/n)")] == pytest.approx(0.0096)
    assert predicted[law.format(19, "train error, σ²(1 − p/n)")] == pytest.approx(0.008)
    assert predicted[law.format(19, "error on fresh labels, σ²(1 + p/n)")] == pytest.approx(0.012)
    study = solved()
    test = median(study.exact.test)
    assert float(test[3]) == pytest.approx(0.0104, rel=0.1)
    assert float(test[19]) > 100
    assert float(test.argmin()) in (3, 4)
    assert count_overfitted(study.exact.train, study.exact.test, 3) <= 3
    assert count_overfitted(study.exact.train, study.exact.test, 19) >= 90


def test_sgd_with_20_coefficients_mostly_does_not_overfit_and_least_squares_does() -> None:
    study = Study(replace(PLAN, solver="sgd", seeds=30, epochs=400))
    for _ in range(400):
        study.epoch()
    study.measure()
    by_sgd = count_overfitted(study.errors.train, study.errors.test, 19)
    exact = count_overfitted(study.exact.train, study.exact.test, 19)
    assert 3 <= by_sgd <= 20
    assert exact >= 27
    assert 4 < float(study.shown.parameters(study.descent.updates).mean()) < 6
    come = median(study.shown.come(study.weights()))
    assert float(come[:4].min()) > 0.99
    assert float(come[6:].abs().max()) < 0.01
    assert float(median(study.errors.test)[19]) < 0.1
    assert float(median(study.exact.test)[19]) > 100


def test_medians_and_counts_over_data_sets_of_which_some_are_lost() -> None:
    lost = math.nan
    values = torch.tensor([[4.0, 1.0], [1.0, lost], [2.0, lost], [3.0, lost]])
    assert median(values).tolist() == [2.5, math.inf]
    assert median(values[:3]).tolist() == [2.0, math.inf]
    assert math.isnan(float(median(values[1:])[1]))
    test = torch.tensor([[2.1], [1.9], [math.inf], [math.nan]])
    assert count_overfitted(torch.ones(4, 1), test, 0) == 1


def test_sgd_learns_from_every_n_by_as_many_updates(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Descent] = []

    class Kept(Descent):
        def __init__(self, x: Tensor, y: Tensor, begin: Start, rate: Rate) -> None:
            super().__init__(x, y, begin, rate)
            made.append(self)

    study = Study(replace(PLAN, solver="sgd", seeds=2, n=30, epochs=7))
    monkeypatch.setattr(polynomial_study, "Descent", Kept)
    rungs = [learned.n for learned in study.learn()]
    assert rungs == [20, 30, 50, 100]
    assert study.plan.updates == 21
    assert [descent.updates for descent in made] == [22, 21, 25, 30]  # whole epochs of 2, 3, 5, 10


def test_as_many_coefficients_as_points_leave_no_train_error() -> None:
    study = solved(n=20, noise=0.3)
    assert float(study.exact.train[:, 19].max()) < 1e-20
    assert float(study.exact.train[:, 18].min()) > 1e-12
    assert float(study.exact.in_sample[:, 19].mean()) == pytest.approx(2 * 0.09, rel=0.1)
    claim = next(c for c in claims(stream(n=20)) if "20 coefficients for 20 points" in c.claim)
    assert claim.holds
    assert claim.measured > 0


def test_the_fit_and_the_u_grow_with_the_degree() -> None:
    events = stream(degree=3)
    fits = curves(events, "fit/fit")
    assert len(fits) == 21
    assert fits[3] == fits[-1]
    assert all(a != b for a, b in pairwise(fits))
    assert [len(state) for state in curves(events, "u/test")] == list(range(1, 21))
    last = curves(events, "u/train")[-1]
    assert sorted(last.values(), reverse=True) == list(last.values())
    truth = curves(events, "fit/theory truth")[0]
    assert len(curves(events, "fit/points train")[0]) == 40
    # the cubic lies near the truth among the points
    assert sum(abs(fits[-1][x] - y) < 0.5 for x, y in truth.items() if x in fits[-1]) > 100


def test_cross_validation_is_counted_and_the_choice_is_marked() -> None:
    events = stream(degree=7)
    rows = tables(events, "degrees")[-1].rows
    assert len(rows) == 20
    assert sum(row[4] for row in rows if isinstance(row[4], int)) == 12
    assert "drawn" in str(rows[7][5])
    [chosen] = [row[0] for row in rows if "chosen" in str(row[5])]
    detail = finished(events).detail
    assert f"chooses degree {chosen} for the points drawn" in detail
    assert f"3 for {rows[3][4]} of 12" in detail
    # a half of 15 points settles 15 coefficients and no more
    halves = tables(stream(n=30), "degrees")[-1].rows
    assert halves[14][3] != ""
    assert halves[15][3] == ""


def test_sgd_draws_its_losses_beside_theory() -> None:
    events = stream(solver="sgd", epochs=100, seeds=3)
    train = curves(events, "loss/train")[-1]
    theory = curves(events, "loss/theory train")[-1]
    assert list(train) == [float(i) for i in range(101)]
    assert train[0] == pytest.approx(theory[0])
    assert train[100] == pytest.approx(theory[100], rel=0.5)
    assert len(curves(events, "fit/fit")) == 60
    table = tables(events, "share of the way")[-1]
    assert len(table.rows) == 20
    for row in table.rows[:4]:
        assert isinstance(row[3], float)
        assert row[4] == pytest.approx(row[3], abs=0.05)
    overfitted = tables(events, "overfitted")[-1].rows
    assert [row[0] for row in overfitted] == ["least squares"] * 2 + ["sgd"] * 2
    learning = curves(events, "learning/train")[-1]
    assert list(learning) == [20, 30, 50, 100]
    for error in learning.values():  # as many updates as the run's own, at every n
        assert 0.2 < error * 0.1**2 / curves(events, "u/train")[-1][19] < 5


@pytest.mark.parametrize("wrong", [1.12, 0.9])
def test_a_wrong_noise_is_found_out(wrong: float) -> None:
    study = solved()
    assert broken(study) == []
    study.plan = replace(PLAN, noise=0.1 * wrong)
    found = broken(study)
    assert any("degree 3: train error" in text for text in found)
    assert any("degree 19: error on fresh labels" in text for text in found)
    assert any("learning curve" in text for text in found)


def test_coefficients_counted_one_too_few_are_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    study = solved(seeds=2000, n=20, degree=5)
    assert broken(study) == []
    for name in ("train_error", "in_sample_error", "fit_error", "optimism"):
        law = getattr(polynomial_findings.theory, name)
        off = lambda noise, n, p, law=law: law(noise, n, p - 1)  # noqa: E731
        monkeypatch.setattr(polynomial_findings.theory, name, off)
    found = broken(study)
    assert any("degree 3: train error" in text for text in found)
    assert any("degree 5: error on fresh labels" in text for text in found)
    assert any("optimism" in text for text in found)
    assert any("degree 3: its distance² from the truth" in text for text in found)


def test_a_train_error_that_rises_and_a_test_error_too_small_are_found_out() -> None:
    study = solved()
    exact = study.exact
    study.exact = Errors(exact.train.flip(1), exact.in_sample, exact.test)
    assert any("raised the train error" in text for text in broken(study))
    study.exact = Errors(exact.train, exact.in_sample, exact.test * 0.9)
    assert any("test error over its mean" in text for text in broken(study))
    # a penalty of one σ² a coefficient in place of two takes too many
    p = torch.arange(1, 21, dtype=torch.float64)
    study.exact = Errors(exact.train - 0.01 * p / 100, exact.in_sample, exact.test)
    assert any("C_p" in text for text in broken(study))


def worst(scores: Tensor) -> Tensor:
    return torch.where(scores.isfinite(), scores, -math.inf).argmax(-1)


def peeking(draws: Draws, folds: int, random: Generator) -> Folds:
    """Trained on all points, those held out among them."""
    cut = polynomial_folds.cut(draws, folds, random)
    x, y = (torch.cat(pair, 1) for pair in ((cut.x, cut.x_out), (cut.y, cut.y_out)))
    return replace(cut, x=x, y=y)


def folded(**changes: Any) -> Study:
    study = Study(replace(PLAN, **changes))
    if study.plan.sgd:
        list(study.validate(1))
    return study


SOLVERS = [{"solver": "exact"}, {"solver": "sgd", "batch_size": 1000, "seeds": 10}]


@pytest.mark.parametrize("changes", SOLVERS, ids=str)
def test_a_degree_that_is_not_the_best_is_found_out(
    monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any]
) -> None:
    assert broken(folded(**changes)) == []
    monkeypatch.setattr(polynomial_study.folding, "chosen", worst)
    assert any("chosen degree's error" in text for text in broken(folded(**changes)))


@pytest.mark.parametrize("changes", SOLVERS, ids=str)
def test_parts_that_were_trained_on_are_found_out(
    monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any]
) -> None:
    seen = SimpleNamespace(**{**vars(polynomial_folds), "cut": peeking})
    monkeypatch.setattr(polynomial_study, "folding", seen)
    found = broken(folded(**changes))
    assert any("farthest from" in text for text in found)
    assert any("degree 3: over its mean" in text for text in found) == ("sgd" not in str(changes))


@pytest.mark.parametrize("wrong", [0.5, 1.01])
def test_a_gradient_without_its_two_is_found_out(wrong: float) -> None:
    plan = replace(PLAN, solver="sgd", batch_size=1000, degree=5, seeds=10)
    study = Study(plan)
    for _ in range(plan.epochs):
        study.epoch()
    assert broken(study) == []
    study.directions = Study(replace(plan, lr=0.01 * wrong)).directions
    assert any("full batch" in text for text in broken(study))


def test_minibatches_with_the_wrong_rate_are_found_out() -> None:
    plan = replace(PLAN, solver="sgd", seeds=20)
    study = Study(plan)
    for _ in range(plan.epochs):
        study.epoch()
    assert broken(study) == []
    study.directions = Study(replace(plan, lr=0.005)).directions
    assert any("along an eigenvector" in text for text in broken(study))


def test_noise_that_hides_the_way_of_minibatches_breaks_no_claim() -> None:
    plan = replace(PLAN, solver="sgd", degree=7, n=260, noise=13.971, epochs=5, batch_size=2)
    study = Study(replace(plan, test_points=5))
    for _ in range(plan.epochs):
        study.epoch()
    (found,) = (f for f in findings(study) if "along an eigenvector" in f["text"])
    first_order = plan.lr * float(median(study.shown.eigenvalues[:, 0]))
    assert found["measured"] > first_order
    assert found["measured"] < found["tolerance"] < 0.5


def test_only_what_is_testable_is_claimed() -> None:
    many = [f["text"] for f in findings(solved(n=500, seeds=60, degree=3)) if "optim" in f["text"]]
    assert [text.partition(":")[0] for text in many] == ["degree 19"]
    assert not any("C_p" in c.claim for c in claims(stream(noise=10.0)))
    few = claims(stream(seeds=1))
    assert [c.claim for c in few] == [
        "least squares: times that a degree more raised the train error",
        "2-fold errors, all degrees: farthest from those of one fit (relative)",
        "2-fold cross-validation: most by which the chosen degree's error is above the least "
        "(relative)",
    ]
    assert not any("learning" in c.claim for c in claims(stream(degree=2)))
    assert not any("over its mean" in c.claim and "19" in c.claim for c in claims(stream()))


def test_what_runs_away_is_data() -> None:
    events = stream(solver="sgd", lr=1.0, seeds=3, epochs=300)
    assert finished(events).outcome == "completed"
    assert [c.claim for c in claims(events) if not c.holds] == []
    assert any(math.isinf(y) or math.isnan(y) for y in curves(events, "loss/train")[-1].values())


@pytest.mark.parametrize("batch_size", [10, 1000])
def test_of_sgd_that_diverged_it_is_said_and_nothing_is_built_on_it(batch_size: int) -> None:
    events = stream(solver="sgd", lr=1.0, batch_size=batch_size, epochs=100)
    detail = finished(events).detail
    assert re.match(r"SGD diverged from degree [01] on \(at 19: 12 of 12 data sets\): ηλ₁", detail)
    assert "cross-validation chooses nothing" in detail
    for word in ("nan", "inf", "fitted", "test error", "overfit"):
        assert word not in detail, word
    degrees = tables(events, "degrees")[-1].rows
    assert all(row[1:4] == ("diverged",) * 3 for row in degrees[4:])
    assert [row[4] for row in degrees] == [0] * 20
    last = tables(events, "overfitted")[-1].rows[-1]
    assert last[2:] == ("diverged", "0 of 0", "diverged", "diverged")
    for table in ("degrees", "overfitted", "share of the way", "learning"):
        figures = [v for row in tables(events, table)[-1].rows for v in row]
        assert all(math.isfinite(v) for v in figures if isinstance(v, float)), table


def test_least_squares_does_not_press_the_u_of_sgd_flat() -> None:
    events = stream(solver="sgd", epochs=100, n=100)
    drawn = curves(events, "u/test of least squares")[-1]
    theory = curves(events, "u/theory test")[-1]
    own = [curves(events, name)[-1].values() for name in ("u/train", "u/test")]
    highest = max(max(errors) for errors in own)
    for curve in (drawn, theory):
        assert len(curve) < 20
        assert max(curve.values()) <= highest
        assert list(curve) == [float(i) for i in range(len(curve))]
    # alone they are drawn whole
    assert max(curves(stream(n=100), "u/test")[-1].values()) > 100 * highest


def test_data_sets_on_which_sgd_diverged_are_left_out_of_the_means() -> None:
    events = stream(solver="sgd", lr=0.3, batch_size=1000, epochs=300, n=100, seeds=30)
    detail = finished(events).detail
    assert "SGD diverged from degree 4 on (at 19: 2 of 30 data sets)" in detail
    assert "data sets whose fits held" in detail
    last = tables(events, "overfitted")[-1].rows[-1]
    assert str(last[3]).endswith(" of 28")
    assert isinstance(last[2], float)
    assert 4 < last[2] < 6
    train = tables(events, "degrees")[-1].rows[19][1]
    assert isinstance(train, float)
    assert train < 0.1
    # the two are on their paths as well
    assert any("full batch" in c.claim and c.holds for c in claims(events))


@pytest.mark.parametrize("solver", ["exact", "sgd"])
@pytest.mark.parametrize("changes", [{"degree": 0}, {"seeds": 1, "n": 20}, {"folds": 20}])
def test_every_combination_runs(solver: str, changes: dict[str, Any]) -> None:
    events = stream(**{"solver": solver, "epochs": 3, **changes})
    assert finished(events).outcome == "completed"
    assert [c.claim for c in claims(events) if not c.holds] == []


@pytest.mark.parametrize("solver", ["exact", "sgd"])
def test_the_same_seed_gives_the_same_events_and_leaves_the_global_generator_alone(
    solver: str,
) -> None:
    before = torch.get_rng_state()
    first, again, other = (
        [e for e in stream(seed=seed, solver=solver) if isinstance(e, TableChanged | ClaimChecked)]
        for seed in (1, 1, 2)
    )
    assert msgspec.json.encode(first) == msgspec.json.encode(again)
    assert msgspec.json.encode(first) != msgspec.json.encode(other)
    assert torch.equal(before, torch.get_rng_state())


def test_turning_what_is_fitted_leaves_the_points_where_they_are() -> None:
    base = curves(stream(), "fit/points train")[-1]
    for changes in ({"degree": 3}, {"folds": 5}, {"seeds": 5}, {"solver": "sgd", "lr": 0.003}):
        assert curves(stream(**changes), "fit/points train")[-1] == base, changes


def test_the_pace_changes_nothing_but_the_pace() -> None:
    quick, slow = stream(solver="sgd"), stream(solver="sgd", pace=1e6)
    for name in ("loss/train", "u/test", "learning/test"):
        assert curves(quick, name)[-1] == curves(slow, name)[-1]


@pytest.mark.parametrize("solver", ["exact", "sgd"])
@pytest.mark.parametrize("after", [0, 60, 200, 230])
def test_stopped_at_any_time(solver: str, after: int) -> None:
    controls, events = Controls(), []
    for event in EXPERIMENT.run(settings(solver=solver, pace=1e6, epochs=25), controls):
        events.append(event)
        if isinstance(event, Advanced | RunStarted) and len(events) > after:
            controls.request(Stop())
    assert finished(events).outcome == "stopped"
    assert claims(events) == []


def test_paused_it_holds() -> None:
    controls = Controls()
    controls.request(Pause())
    run = EXPERIMENT.run(settings(), controls)
    assert any(isinstance(event, ControlApplied) for event in run)
    controls.request(Resume())
    assert finished(list(run)).outcome == "completed"


def test_settings_say_what_cannot_be() -> None:
    assert SelectionSettings(solver="least squares").solver == "exact"
    with pytest.raises(BadInput, match="take fewer of any"):
        SelectionSettings(seeds=10_000, n=100)
    with pytest.raises(BadInput, match="degree"):
        SelectionSettings(degree=20)
    with pytest.raises(BadInput, match="n = 19"):
        SelectionSettings(n=19)
    assert named("selection") is EXPERIMENT
