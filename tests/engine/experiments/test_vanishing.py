from __future__ import annotations

import math
from typing import Any

import msgspec
import pytest
import torch

import engine.lab.slopes
from engine.controls import Controls, Stop
from engine.errors import BadInput
from engine.events import (
    Advanced,
    ClaimChecked,
    Event,
    RunFinished,
    SeriesExtended,
    TableChanged,
)
from engine.experiments import named
from engine.experiments.vanishing import EXPERIMENT, VanishingSettings
from engine.rules.activations import ACTIVATIONS


def stream(**changes: Any) -> list[Event]:
    base = {"depth": 6, "samples": 2_000, "pace": 0.0}
    return list(EXPERIMENT.run(VanishingSettings(**{**base, **changes}), Controls()))


def curve(events: list[Event], name: str) -> dict[float, float]:
    """The points that stand at the end."""
    points: dict[float, float] = {}
    for event in events:
        if isinstance(event, SeriesExtended) and event.series == name:
            points = {} if event.afresh else points
            points |= zip(event.x, event.y, strict=True)
    return points


def table(events: list[Event], name: str) -> TableChanged:
    return [e for e in events if isinstance(e, TableChanged) and e.table == name][-1]


def claims(events: list[Event]) -> list[ClaimChecked]:
    return [e for e in events if isinstance(e, ClaimChecked)]


@pytest.mark.slow
@pytest.mark.parametrize("config", EXPERIMENT.checks, ids=str)
def test_every_claim_of_the_checks_holds(config: VanishingSettings) -> None:
    events = list(EXPERIMENT.run(config, Controls()))
    assert len(claims(events)) == 7
    assert [c.claim for c in claims(events) if not c.holds] == []
    last = events[-1]
    assert isinstance(last, RunFinished)
    assert last.outcome == "completed"


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("q", [0.01, 16.0])
def test_claims_hold_for_every_activation(activation: str, q: float) -> None:
    events = stream(activation=activation, q=q, samples=20_000)
    assert [c.claim for c in claims(events) if not c.holds] == []


def test_the_chapters_figure_comes_first() -> None:
    events = stream()
    first = [e.series for e in events if isinstance(e, SeriesExtended)][:2]
    assert first == ["sigmoid/sigmoid", "sigmoid/gradient"]
    sigmoid, gradient = curve(events, "sigmoid/sigmoid"), curve(events, "sigmoid/gradient")
    assert list(sigmoid) == [k / 10 for k in range(-80, 81)]
    assert sigmoid[0.0] == 0.5
    assert max(gradient.values()) == gradient[0.0] == 0.25
    for x, y in gradient.items():
        assert y == pytest.approx(math.exp(-x) / (1 + math.exp(-x)) ** 2, abs=1e-12)


def test_all_activations_pass_and_the_chosen_one_stays() -> None:
    events = stream(activation="swish")
    rows = table(events, "activations").rows
    assert {row[0] for row in rows} == set(ACTIVATIONS)
    assert rows[-1][0] == table(events, "drawn").rows[0][0] == "silu"
    redrawn = [e for e in events if isinstance(e, SeriesExtended) and e.series == "activation/φ′"]
    assert len(redrawn) == len(ACTIVATIONS)
    assert all(e.afresh for e in redrawn)
    assert curve(events, "activation/φ")[1.0] == pytest.approx(1 / (1 + math.exp(-1)))


def test_the_table_is_theorys() -> None:
    rows = {row[0]: row[1:] for row in table(stream(), "activations").rows}
    expected = {
        "sigmoid": (0.25, 0.29338, 0.04484),
        "tanh": (1.0, 0.39429, 0.46440),
        "relu": (1.0, 0.5, 0.5),
        "gelu": (1.12890, 0.42522, 0.45585),
        "silu": (1.09984, 0.35578, 0.37948),
        "selu": (1.75810, 1.0, 1.071575),
        "softplus": (1.0, 0.92125, 0.29338),
    }
    for name, figures in expected.items():
        steepest, _, value, _, slope, *_ = rows[name]
        assert (steepest, value, slope) == pytest.approx(figures, abs=1e-5)
    assert rows["gelu"][1] == pytest.approx(math.sqrt(2), abs=1e-6)
    assert rows["sigmoid"][-1] == "z < -5.99, z > 5.99"
    assert rows["relu"][-1] == "z < 0"
    assert rows["identity"][-1] == "nowhere"


def test_slopes_through_depth_follow_their_law() -> None:
    events = stream(depth=30, samples=5_000)
    mean, theory = curve(events, "depth/mean of paths"), curve(events, "depth/theory E ln φ′")
    assert list(mean) == [float(k) for k in range(1, 31)]
    assert theory[30.0] == pytest.approx(30 * -1.6121184 / math.log(10))
    assert all(mean[k] == pytest.approx(theory[k], abs=0.1) for k in mean)
    low, high = curve(events, "depth/band -1σ"), curve(events, "depth/band +1σ")
    assert low[30.0] < mean[30.0] < high[30.0]
    steepest = curve(events, "depth/theory if all were steepest")
    assert steepest[30.0] == pytest.approx(30 * math.log10(0.25))


def test_relus_paths_die_by_halves() -> None:
    events = stream(activation="relu", depth=8, samples=20_000)
    share, theory = curve(events, "alive/share of paths"), curve(events, "alive/theory")
    for depth in range(1, 9):
        assert theory[depth] == pytest.approx(0.5**depth)
        spread = math.sqrt(0.5**depth * (1 - 0.5**depth) / 20_000)
        assert abs(share[depth] - theory[depth]) < 5 * spread
    assert not curve(events, "depth/theory E ln φ′")
    assert all(y == 0 for y in curve(events, "depth/90 % of paths").values())


@pytest.mark.parametrize("gain", [math.sqrt(2), 1.1])
def test_a_wrong_variance_breaks_the_claims(monkeypatch: pytest.MonkeyPatch, gain: float) -> None:
    right = engine.lab.slopes.log_slope
    monkeypatch.setattr(engine.lab.slopes, "log_slope", lambda a, z: right(a, gain * z))
    broken = [c.claim for c in claims(stream(samples=20_000)) if not c.holds]
    assert broken == ["log10 of the product of 6 slopes, mean over 20,000 paths"]


def test_the_same_seed_gives_the_same_events() -> None:
    before = torch.get_rng_state()
    first, again, other = (
        [msgspec.to_builtins(e) for e in stream(seed=seed) if not isinstance(e, Advanced)][1:]
        for seed in (3, 3, 4)
    )
    kept = [
        [e for e in events if e["type"] != "series_extended" or e["afresh"]]
        for events in (first, again, other)
    ]
    assert kept[0] == kept[1] != kept[2]
    assert torch.equal(before, torch.get_rng_state())


@pytest.mark.parametrize("after", [1, 5, 14])
def test_stopped_at_any_time(after: int) -> None:
    controls = Controls()
    events: list[Event] = []
    for event in EXPERIMENT.run(VanishingSettings(depth=30, samples=200, pace=1e5), controls):
        events.append(event)
        if sum(isinstance(e, Advanced) for e in events) == after:
            controls.request(Stop())
    last = events[-1]
    assert isinstance(last, RunFinished)
    assert last.outcome == "stopped"
    assert not claims(events)


def test_settings_say_what_cannot_be() -> None:
    with pytest.raises(BadInput, match="did you mean 'sigmoid'"):
        VanishingSettings(activation="sigmoit")
    with pytest.raises(BadInput, match="q = 0"):
        VanishingSettings(q=0.0)
    assert named("vanishing") is EXPERIMENT
