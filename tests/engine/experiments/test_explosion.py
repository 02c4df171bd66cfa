from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import msgspec
import pytest
import torch

from engine.controls import Controls, Pause, Resume, Stop
from engine.errors import BadInput
from engine.events import (
    Advanced,
    ClaimChecked,
    ControlApplied,
    Event,
    RunFinished,
    SeriesExtended,
    TableChanged,
)
from engine.experiments import named
from engine.experiments.explosion import EXPERIMENT, ExplosionSettings
from engine.lab.explosion import Explosion, Plan
from engine.lab.product_findings import findings
from engine.lab.product_tables import scientific
from engine.lab.threads import one_thread
from engine.training.seeds import generator


@pytest.fixture(autouse=True)
def single_thread() -> Iterator[None]:
    with one_thread():
        yield


def settings(**changes: Any) -> ExplosionSettings:
    base = {"factors": 12, "seeds": 8, "pace": 0.0, "sigma": 8.0}
    return ExplosionSettings(**{**base, **changes})


def stream(**changes: Any) -> list[Event]:
    return list(EXPERIMENT.run(settings(**changes), Controls()))


def curve(events: list[Event], name: str) -> dict[float, float]:
    points = [e for e in events if isinstance(e, SeriesExtended) and e.series == name]
    return {x: y for e in points for x, y in zip(e.x, e.y, strict=True)}


def tables(events: list[Event], name: str) -> list[TableChanged]:
    return [e for e in events if isinstance(e, TableChanged) and e.table == name]


def finished(events: list[Event]) -> RunFinished:
    last = events[-1]
    assert isinstance(last, RunFinished)
    return last


@pytest.mark.slow
@pytest.mark.parametrize("config", EXPERIMENT.checks, ids=str)
def test_every_claim_of_the_checks_holds(config: ExplosionSettings) -> None:
    events = list(EXPERIMENT.run(config, Controls()))
    claims = [e for e in events if isinstance(e, ClaimChecked)]
    assert len(claims) >= 4
    assert [c.claim for c in claims if not c.holds] == []
    assert finished(events).outcome == "completed"


def test_the_default_checks_what_theory_tabulates() -> None:
    claims = {
        e.claim.split(",")[0]: e
        for e in EXPERIMENT.run(EXPERIMENT.checks[0], Controls())
        if isinstance(e, ClaimChecked)
    }
    growth = claims["growth per factor"]
    assert (growth.predicted, growth.tolerance) == pytest.approx((0.55797, 0.0101), abs=1e-4)
    assert claims["critical σ"].predicted == pytest.approx(0.57237, abs=1e-5)
    assert claims["variance of that growth over seeds"].tolerance == pytest.approx(0.40, abs=0.01)
    one = claims["log10 of the first seed's largest entry after 100 factors"]
    assert (one.predicted, one.tolerance) == pytest.approx((24.526, 8.6), abs=0.2)
    overflow = claims["the factor at which float32 overflows"]
    assert overflow.predicted == pytest.approx(158.4, abs=0.5)
    chapter = claims["log10 of the largest entry that the chapter prints"]
    assert chapter.predicted == pytest.approx(24.768, abs=1e-3)


def test_factors_counts_every_matrix_of_the_product() -> None:
    explosion = Explosion(Plan("orthogonal", 3, 1.7, 40, 4), generator(0, "initialization"))
    for _ in range(40):
        explosion.multiply()
    per_factor = explosion.products.log_row() / 40
    assert torch.allclose(per_factor, torch.full_like(per_factor, math.log(1.7)), atol=1e-12)
    events = stream(entries="orthogonal", sigma=1.7, factors=40)
    assert len(curve(events, "growth/seed 1")) == 40
    assert tables(events, "matrix")[-1].columns[0] == "M after 40"


@pytest.mark.parametrize("gain", [math.sqrt(2), 1 / math.sqrt(2), 1.03])
def test_a_wrong_gain_breaks_the_claims(gain: float) -> None:
    plan = Plan("gaussian", 4, 1.0, 100, 400)
    explosion = Explosion(replace(plan, sigma=gain), generator(0, "initialization"))
    for _ in range(100):
        explosion.multiply()
    explosion.plan = plan  # the claims are told σ = 1, the factors had another
    broken = [f["text"] for f in findings(explosion) if _fails(f)]
    assert any("growth per factor" in text for text in broken)
    assert any("critical" in text for text in broken)
    assert any("Lyapunov" in text for text in broken)


def _fails(finding: Any) -> bool:
    return abs(finding["measured"] - finding["predicted"]) > finding["tolerance"]


def test_the_chapters_matrix_is_an_ordinary_draw_of_101() -> None:
    rows = dict(
        tables(stream(n=4, sigma=1.0, factors=101, seeds=800), "the chapter's matrix")[-1].rows
    )
    assert rows["largest |entry| it prints"] == "3.3867e+23"
    by_theory = rows["percentile by theory"]
    among = rows["percentile among 800 seeds"]
    assert isinstance(by_theory, float)
    assert isinstance(among, float)
    assert by_theory == pytest.approx(23.14, abs=0.1)
    assert abs(among - by_theory) < 5 * 100 * math.sqrt(0.231 * 0.769 / 800)


def test_the_matrix_ticks_in_scientific_notation() -> None:
    shown = tables(stream(n=7), "matrix")
    assert len(shown) >= 12
    assert all(len(row) == 5 for row in shown[-1].rows)
    assert len(shown[-1].rows) == 4
    for row in shown[-1].rows:
        assert all("e+" in str(entry) for entry in row[1:])


def test_scientific_notation_beyond_floats() -> None:
    assert scientific(-0.75, 2000) == "-8.6110e+601"
    assert scientific(1.0) == "1.0000e+00"
    assert scientific(0.5, -4000) == "3.7930e-1205"
    assert scientific(0.0, 5) == "0.0000e+00"
    assert scientific(math.inf) == "inf"
    assert float(scientific(0.6, 300)) == pytest.approx(math.ldexp(0.6, 300), rel=1e-4)


def test_a_dtype_overflows_when_asked_to_and_the_scaled_product_never() -> None:
    events = stream(dtype="float16", factors=40)
    naive, scaled = curve(events, "growth/seed 1 in float16"), curve(events, "growth/seed 1")
    assert 0 < len(naive) < 40
    assert max(naive.values()) <= math.log10(65504)
    assert all(naive[k] == pytest.approx(scaled[k], abs=0.1) for k in naive)
    assert len(scaled) == 40
    last = tables(events, "matrix")[-1]
    assert all(entry in ("inf", "-inf", "nan") for row in last.rows for entry in row[1:])
    ends = {row[0]: row for row in tables(events, "range")[-1].rows}
    assert ends["float16"][2] == "8 of 8"
    assert ends["float16"][6] == pytest.approx(ends["float16"][3], abs=2)


@pytest.mark.parametrize("entries", ["gaussian", "uniform", "orthogonal", "ginibre"])
@pytest.mark.parametrize("n", [1, 5])
@pytest.mark.parametrize("dtype", ["scaled", "bfloat16"])
def test_every_combination_runs(entries: str, n: int, dtype: str) -> None:
    events = stream(entries=entries, n=n, dtype=dtype, seeds=3, factors=5)
    assert finished(events).outcome == "completed"
    assert [e for e in events if isinstance(e, ClaimChecked) and not e.holds] == []


def test_one_seed_one_factor() -> None:
    assert finished(stream(seeds=1, factors=1)).outcome == "completed"


def test_the_same_seed_gives_the_same_events_and_leaves_the_global_generator_alone() -> None:
    before = torch.get_rng_state()
    first, again, other = (
        [e for e in stream(seed=seed) if isinstance(e, TableChanged | ClaimChecked)]
        for seed in (1, 1, 2)
    )
    assert msgspec.to_builtins(first) == msgspec.to_builtins(again)
    assert msgspec.to_builtins(first) != msgspec.to_builtins(other)
    assert torch.equal(before, torch.get_rng_state())


def test_one_thread_is_taken_and_the_others_are_given_back() -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(before + 1)
    try:
        run = EXPERIMENT.run(settings(), Controls())
        next(run)
        assert torch.get_num_threads() == 1
        list(run)
        assert torch.get_num_threads() == before + 1
    finally:
        torch.set_num_threads(before)


def test_the_pace_changes_nothing_but_the_pace() -> None:
    quick, slow = stream(), stream(pace=1e6)
    for name in ("growth/seed 1", "singular/σ2", "spectrum/λ1"):
        assert curve(quick, name) == curve(slow, name)


@pytest.mark.parametrize("after", [1, 40, 160])
def test_stopped_at_any_time(after: int) -> None:
    controls = Controls()
    events: list[Event] = []
    for event in EXPERIMENT.run(settings(sigma=1.5, pace=1e6), controls):
        events.append(event)
        if len(events) == after:
            controls.request(Stop())
    assert finished(events).outcome == "stopped"
    assert not any(isinstance(e, ClaimChecked) for e in events)


def test_paused_it_holds() -> None:
    controls = Controls()
    controls.request(Pause())
    run = EXPERIMENT.run(settings(), controls)
    for event in run:
        if isinstance(event, ControlApplied):
            break
    held = next(run)
    assert isinstance(held, SeriesExtended | Advanced)
    controls.request(Resume())
    rest = list(run)
    assert finished(rest).outcome == "completed"


def test_settings_say_what_cannot_be() -> None:
    with pytest.raises(BadInput, match="fewer seeds or a smaller n"):
        ExplosionSettings(n=256, seeds=10_000)
    with pytest.raises(BadInput, match="sigma"):
        ExplosionSettings(sigma=0.0)
    with pytest.raises(BadInput, match="did you mean 'gaussian'"):
        ExplosionSettings(entries="gausian")
    assert named("explosion") is EXPERIMENT
