"""Early stopping and learning curves: nets, what is exact about them, and the whole experiment."""

from __future__ import annotations

import math
import os
import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from statistics import fmean
from typing import Any

import msgspec
import numpy as np
import pytest
import torch

from engine.config import RunConfig
from engine.controls import Controls, Pause, Resume, Stop, unreported
from engine.data.dataset import Dataset
from engine.data.sources import load
from engine.errors import BadInput
from engine.events import (
    ClaimChecked,
    ControlApplied,
    Event,
    Noted,
    RunFinished,
    RunStarted,
    SeriesExtended,
    TableChanged,
)
from engine.experiments import named
from engine.experiments.learning_curves import EXPERIMENT
from engine.lab import learning_curves_findings as findings
from engine.lab.learning_curves import (
    Scores,
    Trained,
    Trainee,
    binomial_error,
    excess,
    held_out,
    rungs,
    scored,
    split,
)
from engine.lab.learning_curves_settings import LearningCurvesSettings
from engine.lab.learning_curves_study import Plan, Study
from engine.lab.learning_curves_views import gap, mean_gain

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def noisy_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three classes with a fifth of the labels drawn at random: 2,400 and 600 examples of 12."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(3000, 12)).astype(np.float32)
    y = (x[:, :3]).argmax(1)
    y = np.where(rng.random(3000) < 0.2, rng.integers(3, size=3000), y)
    path = tmp_path_factory.mktemp("noisy") / "noisy.npz"
    np.savez(path, x_train=x[:2400], y_train=y[:2400], x_test=x[2400:], y_test=y[2400:])
    return path


def settings(data: Path, **changes: Any) -> LearningCurvesSettings:
    base = {"data": str(data), "examples": 500, "width": 24, "epochs": 12, "patience": 2, "lr": 0.1}
    return LearningCurvesSettings(**{**base, **changes})


def stream(data: Path, **changes: Any) -> list[Event]:
    return list(EXPERIMENT.run(settings(data, **changes), Controls()))


def of(kind: type[Any], events: list[Event]) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]


def recipe(data: Path, **changes: Any) -> RunConfig:
    base = {"data": str(data), "hidden": (32,), "init": "kaiming_normal", "batch_size": 16}
    return RunConfig(**{**base, "epochs": 15, **changes})


def dataset(data: Path) -> Dataset:
    return load(recipe(data), unreported)


def trained(data: Path, n: int = 100, patience: int = 3, **changes: Any) -> tuple[Trainee, Trained]:
    config = recipe(data, **changes)
    trainee = Trainee(
        config, split(dataset(data), 400, config.seed), n, patience=patience, device=CPU
    )
    while not trainee.stopping.over:
        trainee.epoch()
    return trainee, trainee.conclude()


@pytest.mark.slow
@pytest.mark.parametrize("config", EXPERIMENT.checks, ids=range(len(EXPERIMENT.checks)))
def test_every_claim_of_the_checks_holds(config: LearningCurvesSettings) -> None:
    claims = of(ClaimChecked, list(EXPERIMENT.run(config, Controls())))
    assert len(claims) >= 6
    assert [c.claim for c in claims if not c.holds] == []


def test_the_checks_make_every_claim() -> None:
    spoken = {
        claim.claim.split(",")[0]
        for config in EXPERIMENT.checks[:3:2]
        for claim in of(ClaimChecked, list(EXPERIMENT.run(config, Controls())))
    }
    assert len(spoken) == 9


def test_what_is_held_out_is_never_trained_on(small_data: Path) -> None:
    whole = load(RunConfig(data=str(small_data)), unreported)
    divided = split(whole, 300, 7)
    assert sorted(torch.cat((divided.held, divided.rest)).tolist()) == list(range(2048))
    fewer, more = divided.trained_on(50), divided.trained_on(90)
    assert torch.equal(more.x_train[:50], fewer.x_train)
    rows = torch.cat((more.x_train, whole.x_train[divided.held]))
    assert len(torch.unique(rows, dim=0)) == 390
    assert not torch.equal(split(whole, 300, 8).held, divided.held)


def test_how_many_are_held_out() -> None:
    assert [held_out(n, 0) for n in (60_000, 30_000, 2048, 6)] == [5000, 5000, 341, 1]
    assert held_out(10, 9) == 9
    for examples, wanted in ((5, 0), (10, 10)):
        with pytest.raises(BadInput, match="held out"):
            held_out(examples, wanted)
    assert rungs(1000) == (200, 500)
    assert rungs(60_000)[-1] == 20_000


def test_scores_are_those_of_torch(noisy_data: Path) -> None:
    trainee, _ = trained(noisy_data)
    whole = dataset(noisy_data)
    found = scored(trainee.network, whole.x_train, whole.y_train)  # more than one part
    with torch.no_grad():
        logits = trainee.network.forward(whole.x_train)
    loss = float(torch.nn.functional.cross_entropy(logits, whole.y_train))
    assert found.loss == pytest.approx(loss, rel=1e-5)
    assert found.accuracy == float((logits.argmax(1) == whole.y_train).double().mean())
    assert found.accuracy_error == binomial_error(found.accuracy, 2400)
    assert binomial_error(0.2, 100) == pytest.approx(0.04)
    spread = float(found.losses.double().std()) / math.sqrt(2400)
    assert found.loss_error == pytest.approx(spread)


def test_the_best_state_comes_back_to_the_bit(noisy_data: Path) -> None:
    trainee, done = trained(noisy_data, patience=4, lr=0.3, epochs=40)
    stopping = done.stopping
    assert stopping.best < stopping.epoch == stopping.best + 4
    assert torch.equal(done.restored.losses, done.best.validation.losses)
    assert not torch.equal(done.restored.losses, done.last.validation.losses)
    whole = dataset(noisy_data)
    again = scored(trainee.network, whole.x_test, whole.y_test)
    assert torch.equal(again.losses, done.best_test.losses)
    # trained for just as long, a fresh net is that state
    _, shorter = trained(noisy_data, patience=0, lr=0.3, epochs=stopping.best)
    assert torch.equal(shorter.last_test.losses, done.best_test.losses)


def test_the_running_average_is_that_of_the_minibatches(noisy_data: Path) -> None:
    """With one full batch it is the loss before the epoch; with several it lies between."""
    trainee, done = trained(noisy_data, n=60, batch_size=60, lr=0.02, epochs=1, patience=0)
    assert math.isnan(done.first.running[0])
    assert done.last.running[0] == pytest.approx(done.first.train.loss, rel=1e-5)
    assert done.last.running[1] == pytest.approx(done.first.train.accuracy)
    _, several = trained(noisy_data, n=60, batch_size=7, lr=0.02, epochs=1, patience=0)
    ends = several.last.train.loss, several.first.train.loss
    assert ends[0] < several.last.running[0] < ends[1]
    assert trainee.cost == 60 + (60 + 400) // 3


def test_the_gain_is_of_answers_that_only_one_has_right() -> None:
    def answered(*hits: int) -> Scores:
        return Scores(torch.zeros(len(hits)), torch.tensor(hits).bool())

    done = Trained.__new__(Trained)
    object.__setattr__(done, "best_test", answered(1, 1, 1, 0, 1, 0, 0, 1))
    object.__setattr__(done, "last_test", answered(1, 0, 0, 0, 1, 1, 0, 1))
    gain, error = done.gain
    assert gain == pytest.approx(1 / 8)
    # McNemar: of b + c that differ
    assert error == pytest.approx(math.sqrt((3 / 8 - 1 / 64) / 7))


def test_an_error_costs_at_least_ln_2() -> None:
    logits = torch.randn(500, 7, generator=torch.Generator().manual_seed(0)) * 5
    y = torch.arange(500) % 7
    losses = torch.nn.functional.cross_entropy(logits, y, reduction="none")
    found = Scores(losses, logits.argmax(1) == y)
    assert excess(found) <= 0
    assert float(losses[~found.hits].min()) >= math.log(2)
    tight = torch.tensor([[0.0, 1e-3, -50.0]])
    label = torch.tensor([0])
    close = Scores(torch.nn.functional.cross_entropy(tight, label, reduction="none"), label > 0)
    assert excess(close) == pytest.approx(0, abs=1e-3)
    assert excess(Scores(losses * torch.nan, found.hits)) == 0
    assert excess(Scores(losses / 20, found.hits)) > 0


def _broken(found: Iterator[Any]) -> list[str]:
    return [f["text"] for f in found if not abs(f["measured"] - f["predicted"]) <= f["tolerance"]]


def test_findings_notice_what_is_wrong(noisy_data: Path) -> None:
    _, done = trained(noisy_data, patience=3, lr=0.3, epochs=40)
    assert _broken(findings.of_stopping([done])) == []
    forgot = replace(done, restored=done.last.validation)
    assert "restored" in _broken(findings.of_stopping([done, forgot]))[0]
    stopping = done.stopping
    stopping.patience = 2
    assert "not stopped right" in _broken(findings.of_stopping([done]))[0]
    stopping.patience = 4
    assert "not stopped right" in _broken(findings.of_stopping([done]))[0]
    stopping.patience, stopping.best = 3, stopping.best + 1
    assert "not where" in _broken(findings.of_stopping([done]))[0]
    assert "ln 2" in _broken(findings.of_stopping([replace(done, excess=0.01)]))[-1]


def test_the_start_is_held_to_its_law(noisy_data: Path) -> None:
    config = recipe(noisy_data, init="normal", epochs=1)
    _, done = trained(noisy_data, init="normal", epochs=1)
    (start,) = findings.of_the_start(done, config, 3, 12.0)
    assert start["predicted"] == pytest.approx(math.log(3), abs=1e-4)
    assert _broken(iter([start])) == []
    (wrong,) = findings.of_the_start(done, config, 10, 12.0)
    assert _broken(iter([wrong])) == [wrong["text"]]
    assert list(findings.of_the_start(done, recipe(noisy_data), 3, 12.0)) == []
    assert list(findings.of_the_start(done, config, 3, 1e9)) == []


def test_curves_tables_and_the_closed_test_set(noisy_data: Path) -> None:
    events = stream(noisy_data, runs=2)
    started = events[0]
    assert isinstance(started, RunStarted) and started.dataset
    assert events[-1].outcome == "completed"  # type: ignore[attr-defined]
    names = {e.series for e in of(SeriesExtended, events)}
    for spec in EXPERIMENT.charts:
        assert any(name.startswith(f"{spec.name}/") for name in names), spec.name
    verdicts = [e for e in of(TableChanged, events) if e.table == "the net on 500 examples"]
    assert all(row[5] == "closed" for table in verdicts[:-1] for row in table.rows)
    told = [row[6] for table in verdicts[:-1] for row in table.rows]
    assert told == ["until the end"] * (len(told) - 2) + ["", ""]
    assert all(isinstance(row[5], float) for row in verdicts[-1].rows)
    assert all("±" in str(row[6]) for row in verdicts[-1].rows)
    (curves,) = (e for e in of(TableChanged, events)[-1:] if e.table == "learning curves")
    assert [row[:2] for row in curves.rows] == [(200, 2), (500, 2)]
    best, last = (row[1] for row in verdicts[-1].rows)
    assert last == min(best + 2, 12)
    (marks,) = [e for e in of(SeriesExtended, events) if e.series == "loss/best epoch"][-1:]
    validation = [e for e in of(SeriesExtended, events) if e.series == "loss/validation"]
    values = dict(zip(*([v for e in validation for v in axis(e)] for axis in _AXES), strict=True))
    assert (marks.x, marks.y) == ((best,), (min(values.values()),))
    assert values[best] == marks.y[0]


def test_the_gains_error_is_the_larger_of_spread_and_counting(noisy_data: Path) -> None:
    _, done = trained(noisy_data)

    def gained(count: int) -> Trained:
        """So many of 100 test examples answered rightly at the best epoch alone."""
        losses, hits = torch.ones(100), torch.arange(100) < count
        none = Scores(losses, torch.zeros(100, dtype=torch.bool))
        return replace(done, best_test=Scores(losses, hits), last_test=none)

    counted = math.sqrt(0.2 * 0.8 / 99)
    assert mean_gain([gained(20)]) == pytest.approx((0.2, counted))
    assert mean_gain([gained(20), gained(20)]) == pytest.approx((0.2, counted / math.sqrt(2)))
    assert mean_gain([gained(20), gained(0)]) == pytest.approx((0.1, 0.1))


_AXES = (lambda event: event.x, lambda event: event.y)


def test_bands_are_two_binomial_errors_wide(noisy_data: Path) -> None:
    points: dict[str, list[float]] = {}
    for event in of(SeriesExtended, stream(noisy_data)):
        points.setdefault(event.series, []).extend(event.y)
    for p, low, high in zip(
        *(points[f"accuracy/{name}"] for name in ("validation", "band low", "band high")),
        strict=True,
    ):
        sigma = math.sqrt(p * (1 - p) / 400)
        assert (high - p, p - low) == pytest.approx((2 * sigma, 2 * sigma))


def test_all_that_is_left_is_taken_and_the_budget_kept(noisy_data: Path) -> None:
    events = stream(noisy_data, examples=60_000, budget=0)
    notes = [e.text for e in of(Noted, events)]
    assert "2,000 examples (all that are left of the 60,000 asked)" in notes[0]
    assert "1 of 8 nets" in notes[1]
    assert events[-1].outcome == "completed"  # type: ignore[attr-defined]
    # the order: all sizes of one seed, then of the next
    study = Study(Plan(recipe(noisy_data), 500, 0, 1, 2), dataset(noisy_data), CPU)
    assert list(study.planned()) == [(200, 0), (200, 1), (500, 1)]
    assert study.nets == 4


def test_a_single_example_may_choose_and_has_no_error(noisy_data: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        events = stream(noisy_data, validation=1)
    assert events[-1].outcome == "completed"  # type: ignore[attr-defined]
    assert "nan" not in events[-1].detail  # type: ignore[attr-defined]
    assert [c.claim for c in of(ClaimChecked, events) if not c.holds] == []
    one = Scores(torch.ones(1), torch.ones(1, dtype=torch.bool))
    assert math.isnan(one.loss_error)


def test_a_net_that_diverges_is_data(noisy_data: Path) -> None:
    events = stream(noisy_data, lr=10.0, width=200, init="kaiming_normal", patience=0)
    assert events[-1].outcome == "completed"  # type: ignore[attr-defined]
    assert [c.claim for c in of(ClaimChecked, events) if not c.holds] == []


def test_the_same_seed_gives_the_same_events(noisy_data: Path) -> None:
    before = torch.get_rng_state()
    kinds = (TableChanged, ClaimChecked)
    one, two, other = (
        msgspec.json.encode([e for e in stream(noisy_data, seed=seed) if isinstance(e, kinds)])
        for seed in (1, 1, 2)
    )
    assert one == two != other
    assert torch.equal(before, torch.get_rng_state())


@pytest.mark.parametrize("after", [1, 8, 60])
def test_stopped_at_any_time(noisy_data: Path, after: int) -> None:
    controls, events = Controls(), []
    for event in EXPERIMENT.run(settings(noisy_data, patience=0), controls):
        events.append(event)
        if len(events) == after:
            controls.request(Stop())
    assert events[-1].outcome == "stopped"
    assert of(ClaimChecked, events) == []


def test_paused_it_holds(noisy_data: Path) -> None:
    controls = Controls()
    controls.request(Pause())
    run: Iterator[Event] = EXPERIMENT.run(settings(noisy_data), controls)
    assert any(isinstance(event, ControlApplied) for event in run)
    controls.request(Resume())
    assert of(RunFinished, list(run))[-1].outcome == "completed"


def test_what_cannot_be_is_said(noisy_data: Path) -> None:
    assert LearningCurvesSettings(init="he").init == "kaiming_normal"
    with pytest.raises(BadInput, match="patience"):
        LearningCurvesSettings(patience=-1)
    with pytest.raises(BadInput, match="held out"):
        stream(noisy_data, validation=2400)
    assert named("learning-curves") is EXPERIMENT


@pytest.mark.slow
@pytest.mark.real_data
@pytest.mark.skipif(not os.environ.get("MLP_TUI_DATA"), reason="MLP_TUI_DATA is not set")
def test_more_images_close_the_gap() -> None:
    """On Fashion-MNIST, by n: the gap and the test error fall, the updates to the best grow."""
    config = RunConfig(
        data="fashion-mnist", hidden=(64,), init="kaiming_normal", batch_size=32, lr=0.03, epochs=60
    )
    study = Study(Plan(config, 2000, 2000, 6, 1), load(config, unreported), CPU)
    runs = []
    for n in (200, 2000):
        for seed in (0, 1):
            trainee = study.trainee(n, seed)
            while not trainee.stopping.over:
                study.epoch(trainee)
            runs.append(study.conclude(trainee))
    few, many = runs[:2], runs[2:]
    assert min(gap(r.best) for r in few) > max(gap(r.best) for r in many) > 0
    assert min(r.updates for r in many) > 1.5 * max(r.updates for r in few)
    assert fmean(r.best_test.accuracy for r in few) == pytest.approx(0.73, abs=0.03)
    assert fmean(r.best_test.accuracy for r in many) == pytest.approx(0.805, abs=0.02)
    assert _broken(findings.of_stopping(runs)) == []
