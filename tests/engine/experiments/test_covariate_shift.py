from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
import torch

from engine.controls import Controls, Pause, Resume, Stop
from engine.errors import BadInput
from engine.events import (
    BarsChanged,
    ClaimChecked,
    ControlApplied,
    Event,
    Noted,
    RunFinished,
    RunStarted,
    SeriesExtended,
    TableChanged,
    decode,
    encode,
)
from engine.experiments import named
from engine.experiments.covariate_shift import EXPERIMENT, CovariateShiftSettings
from engine.lab import covariate, covariate_laws
from engine.lab.covariate import Plan
from engine.lab.covariate_domain import logits
from engine.theory.importance import Shift

SMALL = {"pace": 0.0, "stops": 2, "n": 100, "m": 60, "seeds": 10}


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def stream(**changes: Any) -> list[Event]:
    return list(EXPERIMENT.run(CovariateShiftSettings(**{**SMALL, **changes}), Controls()))


def claims(events: list[Event]) -> dict[str, ClaimChecked]:
    return {e.claim: e for e in events if isinstance(e, ClaimChecked)}


def finished(events: list[Event]) -> RunFinished:
    last = events[-1]
    assert isinstance(last, RunFinished)
    return last


def table(events: list[Event], name: str) -> dict[str, tuple[Any, ...]]:
    last = [e for e in events if isinstance(e, TableChanged) and e.table == name][-1]
    return {str(row[0]): row[1:] for row in last.rows}


def curves(events: list[Event]) -> dict[str, list[tuple[float, float]]]:
    """All curves as they stand at the end."""
    found: dict[str, list[tuple[float, float]]] = {}
    for e in events:
        if isinstance(e, SeriesExtended):
            before = [] if e.afresh else found.get(e.series, [])
            found[e.series] = before + list(zip(e.x, e.y, strict=True))
    return found


@pytest.mark.slow
@pytest.mark.parametrize("config", EXPERIMENT.checks, ids=str)
def test_every_claim_of_the_checks_holds(config: CovariateShiftSettings) -> None:
    events = list(EXPERIMENT.run(config, Controls()))
    assert len(claims(events)) >= 8
    assert [c for c in claims(events).values() if not c.holds] == []
    assert finished(events).outcome == "completed"


def test_weights_help_a_line_that_is_too_simple() -> None:
    events = stream(n=1000, m=500, seeds=50, noise=0.1)
    lines = table(events, "lines on the target")
    mse = {name: row[0] for name, row in lines.items()}
    assert mse["unweighted"] == pytest.approx(6.45, abs=0.15)
    assert 5.03 < mse["oracle"] < mse["weighted"] < 5.2
    assert finished(events).detail.startswith("weights help: target MSE 6.")
    assert lines["weighted"][-1] == "100%"


def test_weights_cost_a_line_that_is_right() -> None:
    events = stream(function="line", std=1.0, noise=1.0, n=200, m=200, seeds=200)
    excess = {n: row[1] for n, row in table(events, "lines on the target").items()}
    assert excess["weighted"] > 1.7 * excess["unweighted"] > 0.02
    assert "times the variance" in finished(events).detail
    found = claims(events)
    assert found["share of runs where weights cost variance (well specified)"].measured == 1


def test_a_classifier_that_cannot_express_the_ratio_hurts_and_claims_nothing() -> None:
    events = stream(features="linear", n=1000, m=500, seeds=50)
    assert any("linear classifier" in e.text for e in events if isinstance(e, Noted))
    assert finished(events).detail.startswith("weights hurt")
    assert not any(
        "classifier" in text or "weighted line" in text
        for text in claims(events)
        if ("unweighted" not in text)
    )


@pytest.mark.parametrize(
    ("std", "clip", "warned"), [(1.5, 0.0, True), (1.5, 5.0, False), (1.4, 0.0, False)]
)
def test_an_infinite_second_moment_is_warned_of(std: float, clip: float, warned: bool) -> None:
    events = stream(std=std, clip=clip, weights="true")
    notes = [e for e in events if isinstance(e, Noted)]
    assert bool(notes) is warned
    assert all(note.level == "warning" and "infinite" in note.text for note in notes)
    assert all(e.holds for e in claims(events).values())


def test_the_sweep_begins_where_nothing_has_moved() -> None:
    found = curves(stream(n=400, m=400, std=1.0, stops=4))
    assert [x for x, _ in found["mse/weighted"]] == [0, 0.25, 0.5, 0.75, 1]
    assert found["mse/weighted"][0][1] == pytest.approx(found["mse/unweighted"][0][1], rel=0.05)
    assert found["mse/unweighted"][-1][1] > found["mse/weighted"][-1][1]
    assert [y for _, y in found["notice/theory ESS/n"]] == pytest.approx(
        [math.exp(-(t**2)) for t in (0, 0.25, 0.5, 0.75, 1)], abs=1e-4
    )
    assert found["notice/theory best detector"][0] == (0, 0.5)
    accuracy = [y for _, y in found["notice/detector"]]
    assert accuracy[0] == pytest.approx(0.5, abs=0.03)
    assert accuracy[-1] > 0.65


def test_what_is_drawn_is_sorted_and_morphs() -> None:
    events = stream()
    for e in events:
        if isinstance(e, SeriesExtended):
            assert list(e.x) == sorted(e.x)
    drawn = [e for e in events if isinstance(e, SeriesExtended) and e.series == "fit/points target"]
    assert len(drawn) == 3
    assert all(e.afresh for e in drawn)
    assert drawn[0].x != drawn[-1].x
    charts = {chart.name for chart in EXPERIMENT.charts}
    assert {series.split("/")[0] for series in curves(events)} == charts


def test_the_weighted_bars_follow_the_target() -> None:
    events = stream(n=2000, m=2000, weights="true")
    last = [e for e in events if isinstance(e, BarsChanged)][-1]
    source, target, weighted = (group.values for group in last.groups)
    assert sum(source) == pytest.approx(1, abs=0.001)
    apart = [sum(abs(a - b) for a, b in zip(of, target, strict=True)) for of in (source, weighted)]
    assert apart[0] > 0.8
    assert apart[1] < 0.1
    assert len(last.labels) == len(source)


def test_without_the_factor_weights_are_off_by_it() -> None:
    weights = table(stream(n=500, m=100, seeds=40), "weights")
    assert weights["β̂ = exp(h)·n/m"][0] == pytest.approx(1, abs=0.05)
    assert weights["exp(h), without n/m"][0] == pytest.approx(0.2, abs=0.01)
    assert weights["β̂ = exp(h)·n/m"][2] == weights["exp(h), without n/m"][2]


def test_a_clip_bounds_the_weights() -> None:
    weights = table(stream(clip=1.5), "weights")
    assert weights["in the fit"][1] == pytest.approx(1.5)
    assert weights["true β"][1] > 2
    assert weights["in the fit"][2] > weights["true β"][2]


FIT, MSE, LOG_WEIGHT = covariate.fit_line, covariate.target_mse, Shift.log_weight
MUTANTS: dict[str, tuple[Any, str, Any]] = {
    "no factor n/m": (covariate, "log_weights", lambda x, phi, n, m: logits(x, phi)),
    "weights upside down": (covariate, "fit_line", lambda x, y, w: FIT(x, y, -w)),
    "the target's std forgotten": (
        Shift,
        "log_weight",
        lambda shift, x: LOG_WEIGHT(Shift(shift.mean, 1.0), x),
    ),
    "noise counted twice": (
        covariate,
        "target_mse",
        lambda task, line: MSE(task, line) + task.noise**2,
    ),
    "seen before": (
        covariate,
        "told_apart",
        lambda phi, source, target, edge: torch.full((len(phi),), 0.52),
    ),
}


@pytest.mark.parametrize(
    ("what", "broken"),
    [
        ("no factor n/m", "mean of exp(h)"),
        ("weights upside down", "target MSE, weighted line"),
        ("the target's std forgotten", "ESS/n of the true β"),
        ("noise counted twice", "target MSE, unweighted line"),
        ("seen before", "detector's held-out accuracy where nothing"),
    ],
)
def test_what_is_wrong_breaks_a_claim(
    monkeypatch: pytest.MonkeyPatch, what: str, broken: str
) -> None:
    settings = {"n": 1000, "m": 500, "seeds": 100, "stops": 1, "noise": 1.0}
    assert all(c.holds for c in claims(stream(**settings)).values())
    monkeypatch.setattr(*MUTANTS[what])
    wrong = [c.claim for c in claims(stream(**settings)).values() if not c.holds]
    assert any(text.startswith(broken) for text in wrong), wrong


def test_laws_are_left_alone_where_they_say_nothing() -> None:
    plan = Plan((0.0, 1.0), 1.0, 100, 100, 5, "classifier", 2, math.inf)
    assert covariate_laws.classifier_law(plan, Shift(4, 0.5)) is None
    assert covariate_laws.classifier_law(plan, Shift(0.5, 1)) is not None
    assert covariate_laws.unevenness(plan, Shift(0, 1.3), "weighted") == math.inf
    assert covariate_laws.unevenness(plan, Shift(0, 1.3), "unweighted") == 0.01
    assert "weighted" not in covariate_laws.fit_laws(plan, Shift(0, 1.5))


@pytest.mark.parametrize(
    "changes",
    [
        {"mean": 4.0, "std": 0.3, "n": 20, "m": 20, "seeds": 2},
        {"mean": -4.0, "std": 3.0, "n": 20, "m": 20},
        {"mean": 0.0, "std": 1.0, "noise": 0.0, "function": "line"},
        {"mean": 4.0, "std": 3.0, "weights": "true", "noise": 0.0},
        {"mean": 0.25, "std": 0.5, "weights": "none", "clip": 1.0, "features": "linear"},
    ],
)
def test_extremes_run_to_their_end(changes: dict[str, Any]) -> None:
    events = stream(**changes)
    assert finished(events).outcome == "completed"
    assert [c for c in claims(events).values() if not c.holds] == []
    assert len([decode(encode(e)) for e in events]) == len(events)


def test_the_same_seed_gives_the_same_events_and_leaves_the_global_generator_alone() -> None:
    before, threads = torch.get_rng_state(), torch.get_num_threads()
    told = (TableChanged, ClaimChecked, BarsChanged)
    first, again, other = (
        [e for e in stream(seed=seed) if isinstance(e, told)] for seed in (1, 1, 2)
    )
    assert msgspec.json.encode(first) == msgspec.json.encode(again)
    assert msgspec.json.encode(first) != msgspec.json.encode(other)
    assert torch.equal(before, torch.get_rng_state())
    assert torch.get_num_threads() == threads


def _says(event: Event, what: str) -> bool:
    return isinstance(event, SeriesExtended) and event.series == what


@pytest.mark.parametrize(
    "when", ["", "fit/weighted", "mse/weighted", "clip/excess", "power/noticed"]
)
def test_stopped_at_any_time(when: str) -> None:
    controls, events = Controls(), []
    settings = CovariateShiftSettings(**{**SMALL, "pace": 1e6})  # a pace tells of every step
    for event in EXPERIMENT.run(settings, controls):
        events.append(event)
        if _says(event, when) or (not when and isinstance(event, RunStarted)):
            controls.request(Stop())
    assert finished(events).outcome == "stopped"
    assert claims(events) == {}


def test_paused_it_holds() -> None:
    controls = Controls()
    controls.request(Pause())
    run = EXPERIMENT.run(CovariateShiftSettings(**SMALL), controls)
    assert any(isinstance(event, ControlApplied) for event in run)
    controls.request(Resume())
    assert finished(list(run)).outcome == "completed"


def test_settings_say_what_cannot_be() -> None:
    assert CovariateShiftSettings(clip=0.0).clip == 0
    with pytest.raises(BadInput, match="std"):
        CovariateShiftSettings(std=0.1)
    with pytest.raises(BadInput, match="take fewer seeds"):
        CovariateShiftSettings(n=20_000, m=20_000, seeds=1000)
    with pytest.raises(BadInput, match="weights"):
        CovariateShiftSettings(weights="kernel")
    assert named("covariate-shift") is EXPERIMENT
