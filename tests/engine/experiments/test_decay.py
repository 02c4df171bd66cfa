from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import msgspec
import pytest
import torch

from engine.controls import Controls, Pause, Resume, Stop
from engine.errors import BadInput
from engine.events import (
    Advanced,
    BarsChanged,
    ClaimChecked,
    ControlApplied,
    Event,
    RunFinished,
    SeriesExtended,
    TableChanged,
)
from engine.experiments import named
from engine.experiments.decay import EXPERIMENT, DecaySettings
from engine.lab import decay_findings, decay_path_findings, decay_views, linear_findings
from engine.lab.decay import GRID, STARTS, Decay, Plan, draw, losses
from engine.lab.decay_findings import KNOWN
from engine.lab.decay_paths import FINE, Paths
from engine.theory.linear_models import Truth, expected_loss
from engine.training.seeds import generator

SMALL = {"pace": 0.0, "features": 30, "examples": 8, "seeds": 4, "epochs": 6}
PLAN = Plan("l2", 3.0, "normal", 8, 5, 0.01, 20, 6, Truth(30))


def trained(plan: Plan = PLAN, seed: int = 0) -> Decay:
    decay = Decay(plan, seed)
    while decay.epochs < plan.epochs:
        decay.epoch()
    return decay


def stream(**changes: Any) -> list[Event]:
    return list(EXPERIMENT.run(DecaySettings(**{**SMALL, **changes}), Controls()))


def claims(events: list[Event]) -> dict[str, ClaimChecked]:
    return {e.claim: e for e in events if isinstance(e, ClaimChecked)}


def found(decay: Decay) -> dict[str, Any]:
    return {f["text"]: f for f in decay_findings.findings(decay)}


def broken(decay: Decay) -> list[str]:
    return [text for text, f in found(decay).items() if _fails(f)]


def _fails(finding: Any) -> bool:
    return not abs(finding["measured"] - finding["predicted"]) <= finding["tolerance"]


def finished(events: list[Event]) -> RunFinished:
    last = events[-1]
    assert isinstance(last, RunFinished)
    return last


def test_every_way_of_writing_the_loss_takes_the_same_step() -> None:
    decay = Decay(replace(PLAN, decay=0.7, batch_size=4), 0)
    x, y, w0 = decay.drawn.x[0, :4], decay.drawn.y[0, :4], decay.drawn.w0[0]
    found = []
    rows = decay_views.conventions(decay).rows
    for (_, lr, strength), error in zip(
        rows,
        (
            lambda off: 0.5 * off.square().mean(),
            lambda off: off.square().mean(),
            lambda off: 0.5 * off.square().sum(),
        ),
        strict=True,
    ):
        weights = w0.clone().requires_grad_()
        step = torch.optim.SGD([weights], lr=float(lr), weight_decay=float(strength))
        error(x @ weights - y).backward()
        step.step()
        found.append(weights.detach())
    assert float((found[0] - w0).abs().max()) > 1e-4
    torch.testing.assert_close(found[1], found[0], rtol=1e-12, atol=1e-14)
    torch.testing.assert_close(found[2], found[0], rtol=1e-12, atol=1e-14)


def test_a_smaller_last_minibatch_has_a_rate_of_its_own_where_the_loss_is_a_sum() -> None:
    decay = Decay(replace(PLAN, decay=0.7, batch_size=5), 0)  # of 8 examples
    rows = decay_views.conventions(decay).rows
    assert [row[0] for row in rows[2:]] == [
        "½ sum (ŷ − y)² + λ/2·‖w‖², 5 at once",
        "½ sum (ŷ − y)² + λ/2·‖w‖², 3 at once",
    ]
    x, y, w0 = decay.drawn.x[0, 5:], decay.drawn.y[0, 5:], decay.drawn.w0[0]
    found = []
    for (_, lr, strength), scale in ((rows[0], 1 / 3), (rows[3], 1.0)):
        residual = x @ w0 - y
        found.append(w0 - float(lr) * (scale * residual @ x + float(strength) * w0))
    torch.testing.assert_close(found[1], found[0], rtol=1e-12, atol=1e-14)


@pytest.mark.slow
@pytest.mark.parametrize("config", EXPERIMENT.checks, ids=str)
def test_every_claim_of_the_checks_holds(config: DecaySettings) -> None:
    events = list(EXPERIMENT.run(config, Controls()))
    assert len(claims(events)) >= 10
    assert [c.claim for c in claims(events).values() if not c.holds] == []
    assert finished(events).outcome == "completed"


def test_the_nets_are_what_torch_trains_on_the_same_minibatches() -> None:
    """Without the ½, as MSELoss has it, half the rate and twice the λ make the same steps."""
    decay = Decay(replace(PLAN, epochs=3), 0)
    x, y, w0 = decay.drawn.x[2], decay.drawn.y[2], decay.drawn.w0[2]
    model = torch.nn.Linear(30, 1, dtype=torch.float64)
    with torch.no_grad():
        model.weight.copy_(w0)
        model.bias.zero_()
    groups = [{"params": [model.weight], "weight_decay": 6.0}, {"params": [model.bias]}]
    optimizer = torch.optim.SGD(groups, lr=0.005)
    order = generator(0, "shuffling")
    for _ in range(3):
        decay.epoch()
        index = torch.rand(6, 8, generator=order).argsort(1)[2]
        for chosen in (index[:5], index[5:]):
            optimizer.zero_grad()
            torch.nn.functional.mse_loss(model(x[chosen])[:, 0], y[chosen]).backward()
            optimizer.step()
    weights, intercept = decay.nets.taken(decay.place(3.0))
    torch.testing.assert_close(weights[2, 0], model.weight.detach()[0], rtol=0, atol=1e-13)
    torch.testing.assert_close(intercept[2, 0], model.bias.detach()[0], rtol=0, atol=1e-13)


def test_outside_the_inputs_span_there_is_decay_alone() -> None:
    decay = trained()
    null = torch.linalg.svd(decay.drawn.x).Vh[:, 8:]  # another way to the same projection
    for strength in (0.0, 3.0, GRID[4]):
        weights = decay.nets.taken(decay.place(strength))[0][:, 0]
        law = (1 - 0.01 * strength) ** 40 * decay.drawn.w0
        off = null @ (weights - law).unsqueeze(2)
        assert float(off.abs().max()) < 1e-12
    assert decay.null_error < 1e-12
    assert float(decay.unseen(decay.drawn.w0.unsqueeze(1)).norm(dim=2).min()) > 1


def test_a_start_from_zero_never_leaves_the_span() -> None:
    decay = trained(replace(PLAN, start="zero"))
    assert float(decay.unseen(decay.nets.taken(decay.place(0.0))[0]).abs().max()) < 1e-14
    assert float(decay.nets.taken(decay.place(0.0))[0].abs().max()) > 1e-3


def test_a_wrong_law_is_found_out() -> None:
    assert broken(trained()) == []
    shrunk = Decay(PLAN, 0)
    while shrunk.epochs < PLAN.epochs:
        shrunk.nets.weights = shrunk.nets.weights * (1 - 1e-8)
        shrunk.epoch()
    assert any("P₀w₀" in text for text in broken(shrunk))
    noisy = trained()
    noisy.drawn.y_test.mul_(2)
    assert any("0 is predicted" in text for text in broken(noisy))
    louder = trained()
    louder.drawn.x_test.mul_(1.5)
    assert {"λ = 0: mean test loss", "λ = 3: mean test loss"} <= set(broken(louder))


def test_the_noise_that_was_fitted_is_in_the_law() -> None:
    name = "λ = 0: mean test loss, from w₀ ~ N(0, I)"
    noisy = replace(PLAN, epochs=300, lr=0.03, seeds=40, truth=Truth(30, noise=30.0))
    decay = trained(noisy)
    law = found(decay)[name]
    assert not _fails(law)
    hidden = 0.5 * 22 * (1 + 0.01**2)
    assert law["predicted"] > hidden + 0.5 * 30**2 + law["tolerance"]
    # half of the way there is not the end
    assert name not in found(trained(replace(noisy, epochs=3)))
    assert name in found(trained(replace(PLAN, epochs=300, lr=0.03)))


def test_below_rounding_nothing_is_said_of_what_no_example_sees() -> None:
    name = "λ = 3: mean ‖P₀w‖² after {} updates"
    kept = trained(replace(PLAN, epochs=100))  # (1 − .03)²ᵗ is 5e-6
    law = found(kept)[name.format(200)]
    assert 0 < law["tolerance"] < law["predicted"] and not _fails(law)
    kept.nets.weights = kept.nets.weights * 2
    assert name.format(200) in broken(kept)
    gone = trained(replace(PLAN, epochs=1000))
    assert name.format(2000) not in found(gone) and broken(gone) == []


def test_a_wrong_curve_is_found_out() -> None:
    def failing(change: Any) -> list[str]:
        decay = Decay(replace(PLAN, seeds=20), 0)
        paths = Paths(decay)
        while len(paths.lasso) < paths.sets:
            paths.follow()
        change(paths)
        return [f["text"] for f in decay_path_findings.findings(decay, paths) if _fails(f)]

    def thrice(paths: Paths) -> None:
        paths.ridge._examples *= 3

    assert failing(lambda paths: None) == []
    assert [text[:25] for text in failing(thrice)] == ["ridge: degrees of freedom"]
    assert failing(lambda paths: paths.ridge_loss.mul_(2)) == ["ridge, best λ: mean test loss"]
    assert failing(lambda paths: paths.lasso_loss.mul_(2)) == [
        "lasso, best λ: mean test loss",
        "lasso: test loss where all weights are 0, less that of ȳ",
    ]


def test_rounding_grows_with_the_weights() -> None:
    """Nearly as many inputs as examples and much noise make weights of hundreds."""
    noisy = Decay(Plan("l2", 3.0, "normal", 30, 30, 0.1, 4000, 10, Truth(29, noise=100.0)), 0)
    (without, _) = linear_findings._descents(noisy)
    assert without["measured"] > 1e-10 and not _fails(without)
    tame = next(linear_findings._descents(trained()))
    assert tame["tolerance"] < 1e-9 and not _fails(tame)


def test_a_wrong_solution_is_found_out() -> None:
    decay = Decay(PLAN, 0)
    paths = Paths(decay)
    while len(paths.lasso) < paths.sets:
        paths.follow()
    findings = linear_findings.findings(decay, paths)
    assert [f["text"] for f in findings if _fails(f)] == []
    weights, intercepts = paths.ridge.solve(FINE)
    paths.slack, paths._solved = 1e-6, (weights * (1 + 1e-6), intercepts)
    paths.lasso[0].weights[-1] = 1.0
    decay.drawn.x.mul_(1.1)
    wrong = " | ".join(f["text"] for f in linear_findings.findings(decay, paths) if _fails(f))
    for text in ("ridge", "beyond min(n − 1, d) = 7", "conditions of the minimum"):
        assert text in wrong


def test_at_the_chapters_settings_its_figures_come_out() -> None:
    plan = Plan("l2", 3.0, "normal", 20, 5, 0.003, 100, 8, Truth(200))
    decay = trained(plan)
    assert "λ = 3, w₀ ~ N(0, I): mean ‖w‖" in found(decay)
    assert broken(decay) == []
    tested = decay.losses()
    assert float(tested["λ = 0"][1].mean()) == pytest.approx(92, abs=20)
    assert float(tested["λ = 3"][1].mean()) == pytest.approx(0.097, abs=0.03)
    # what decay has gained, it has gained by unlearning: from zero there is little to gain
    loss = decay.expected().mean(0)
    without, with_decay = (float(loss[decay.place(each, "zero")]) for each in (0.0, 3.0))
    assert 0.9 < with_decay / without < 1
    decay.nets.weights = decay.nets.weights * 1.2
    assert any("the chapter" not in text and "‖w‖" in text for text in broken(decay))
    assert {start for start, _ in KNOWN} == set(STARTS)


def test_l1_makes_exact_zeros_only_by_the_proximal_step() -> None:
    plan = replace(PLAN, penalty="l1", decay=1.5, epochs=40, truth=Truth(60))
    decay = trained(plan)
    exact = decay.nets.taken(decay.place(1.5))[0]
    plain = decay.compared()["subgradient"][0]
    assert int((exact == 0).sum(2).min()) > 0
    assert int((plain == 0).sum()) == 0
    assert broken(decay) == []
    assert any("subgradient" in text for text in found(decay))
    wrong = trained(plan)
    wrong.nets.weights[wrong.nets.weights == 0] = 1e-9
    assert any("without an exact 0" in text for text in broken(wrong))


def test_from_zero_a_large_l1_never_moves() -> None:
    decay = trained(replace(PLAN, penalty="l1", decay=30.0, start="zero"))
    assert not decay.nets.taken(decay.place(30.0))[0].any()
    assert any("proximal step from 0" in text for text in found(decay))
    assert broken(decay) == []
    barely = trained(replace(PLAN, penalty="l1", decay=0.001, start="zero"))
    assert not any("proximal step from 0" in text for text in found(barely))


def test_losses_are_half_the_mean_square() -> None:
    drawn = draw(PLAN, generator(1, "initialization"))
    zeros = torch.zeros(6, 1, 30, dtype=torch.float64), torch.zeros(6, 1, dtype=torch.float64)
    half = losses(zeros, drawn.x, drawn.y)
    torch.testing.assert_close(half[:, 0], 0.5 * drawn.y.square().mean(1))
    assert drawn.x.shape == (6, 8, 30) and drawn.w0.shape == (6, 30)
    # each data set is of its own, and the labels are the truth's
    assert not torch.equal(drawn.x[0], drawn.x[1])
    rest = drawn.y - 0.01 * drawn.x.sum(2) - 0.05
    assert 0.005 < float(rest.std()) < 0.02


def test_the_paths_are_those_of_the_first_data_sets() -> None:
    decay = Decay(PLAN, 0)
    paths = Paths(decay)
    for _ in range(paths.sets):
        paths.follow()
    assert paths.sets == 6 and paths.lasso_loss.shape == paths.ridge_loss.shape
    assert paths.slack < 1e-13 and paths.ridge_slack() < 1e-13
    # strong penalties leave the intercept alone: both end at the mean of the labels
    mean = decay.drawn.y.mean(1)
    constant = expected_loss(torch.zeros(6, 30, dtype=torch.float64), mean, PLAN.truth)
    torch.testing.assert_close(paths.lasso_loss[:, -1], constant, rtol=0, atol=1e-14)
    torch.testing.assert_close(paths.ridge_loss[:, -1], constant, rtol=0.05, atol=0)
    for path, counts in zip(paths.lasso, paths.lasso_count, strict=True):
        assert torch.equal(counts > 0, path.knots[0] > FINE)
    assert float(paths.ridge.degrees(torch.zeros(1, dtype=torch.float64)).min()) == 7


def test_both_nets_the_constants_line_and_the_histogram_are_drawn() -> None:
    events = stream()
    names = {e.series for e in events if isinstance(e, SeriesExtended)}
    assert {"loss/λ = 0 test", "loss/λ = 3 test", "loss/theory 0 predicted"} <= names
    assert {"norm/theory null space, λ = 3", "sweep/theory null space", "paths/lasso"} <= names
    charts = {chart.name for chart in EXPERIMENT.charts}
    assert {name.partition("/")[0] for name in names} == charts
    first, *_, last = (e for e in events if isinstance(e, BarsChanged))
    assert [group.name for group in last.groups] == ["start", "λ = 0", "λ = 3"]
    assert all(sum(group.values) == pytest.approx(1) for group in last.groups)
    assert first.groups[0] == last.groups[0]
    table = next(e for e in events if isinstance(e, TableChanged))
    assert [row[1] for row in table.rows[:2]] == ["0", "3"]


def test_the_null_space_line_is_the_loss_of_what_no_example_sees() -> None:
    decay = trained()
    curves = {e.series: e.y for e in decay_views.sweep(decay) if isinstance(e, SeriesExtended)}
    unseen = decay.unseen(decay.nets.weights).square().sum(2).mean(0)
    for place, strength in enumerate(GRID):
        own = 0.5 * float(unseen[decay.place(strength, "normal")])
        line = curves["sweep/theory null space"][place]
        assert line - curves["sweep/w₀ = 0"][place] == pytest.approx(own, abs=1e-12)
    norms = {series: y for series, _, y in decay_views.points(decay)}
    left = decay.unseen(decay.nets.taken(decay.place(3.0))[0]).norm(dim=2).mean()
    assert norms["norm/theory null space, λ = 3"] == pytest.approx(float(left), abs=1e-12)


def test_epochs_are_counted_once() -> None:
    events = stream(epochs=3, seeds=7)  # more data sets than epochs: lassos follow after the last
    drawn = [e for e in events if isinstance(e, SeriesExtended) and e.series == "loss/λ = 3 test"]
    assert [x for e in drawn for x in e.x] == [0, 1, 2, 3]
    assert [e.total for e in events if isinstance(e, Advanced)][-1] == 7
    assert finished(events).detail.startswith("after 6 updates from w₀ ~ N(0, I), λ = 0: ‖w‖")


def test_without_decay_there_is_one_net() -> None:
    for penalty in ("l2", "l1"):
        events = stream(decay=0.0, penalty=penalty)
        names = {e.series for e in events if isinstance(e, SeriesExtended)}
        assert "loss/λ = 0 test" in names and "loss/subgradient test" not in names
        assert all(c.holds for c in claims(events).values())


def test_only_what_is_testable_is_claimed() -> None:
    wide = claims(stream(examples=30, features=8, seeds=7))
    assert not any("P₀" in text for text in wide)
    assert any("least squares" in text for text in wide)
    assert not any("least" in text for text in claims(stream(examples=30)))
    assert not any("chapter" in c.source for c in wide.values())
    lost = claims(stream(lr=10.0, epochs=60))
    assert not any(text.startswith("λ") and "test loss" in text for text in lost)
    assert not any("off its law" in text for text in lost)
    assert all(c.holds for c in {**wide, **lost}.values())


@pytest.mark.parametrize("penalty", ["l2", "l1"])
def test_what_overflows_is_data(penalty: str) -> None:
    events = stream(lr=10.0, decay=100.0, epochs=400, seeds=2, penalty=penalty)
    assert finished(events).outcome == "completed"
    assert all(c.holds for c in claims(events).values())


def test_the_same_seed_gives_the_same_events_and_leaves_the_global_generator_alone() -> None:
    before, threads = torch.get_rng_state(), torch.get_num_threads()
    first, again, other = (
        [
            e
            for e in stream(seed=seed)
            if isinstance(e, TableChanged | ClaimChecked | BarsChanged | SeriesExtended)
            and not (isinstance(e, SeriesExtended) and not e.afresh)
        ]
        for seed in (1, 1, 2)
    )
    assert msgspec.json.encode(first) == msgspec.json.encode(again)
    assert msgspec.json.encode(first) != msgspec.json.encode(other)
    assert torch.equal(before, torch.get_rng_state())
    assert torch.get_num_threads() == threads


@pytest.mark.parametrize("after", [0, 12, 40])
def test_stopped_at_any_time(after: int) -> None:
    controls, events = Controls(), []
    for event in EXPERIMENT.run(DecaySettings(**{**SMALL, "epochs": 50}), controls):
        events.append(event)
        if len(events) > after:
            controls.request(Stop())
    assert finished(events).outcome == "stopped"
    assert claims(events) == {}


def test_paused_it_holds() -> None:
    controls = Controls()
    controls.request(Pause())
    run = EXPERIMENT.run(DecaySettings(**SMALL), controls)
    assert any(isinstance(event, ControlApplied) for event in run)
    controls.request(Resume())
    assert finished(list(run)).outcome == "completed"


def test_settings_say_what_cannot_be() -> None:
    assert DecaySettings(start="zeros").start == "zero"
    with pytest.raises(BadInput, match="decay = -1"):
        DecaySettings(decay=-1.0)
    with pytest.raises(BadInput, match="fewer of any"):
        DecaySettings(seeds=10_000)
    assert named("decay") is EXPERIMENT
    assert math.isclose(GRID[0], 1e-3) and math.isclose(GRID[-1], 100)
