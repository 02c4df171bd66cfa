from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import msgspec
import pytest
import torch
from torch import Generator

from engine.controls import Controls, Pause, Resume, Stop
from engine.errors import BadInput
from engine.events import (
    Advanced,
    ClaimChecked,
    ControlApplied,
    Event,
    GridChanged,
    RunFinished,
    RunStarted,
    SeriesExtended,
    TableChanged,
)
from engine.experiments import named
from engine.experiments.symmetry import EXPERIMENT, SymmetrySettings
from engine.lab.unit_figures import FLOOR
from engine.lab.unit_findings import findings
from engine.lab.units import OneUnit, Plan, Units, starting_weights

PLAN = Plan("constant", 8, "relu", "sgd", 0.1, 0.01, 0.01, "none", 0.5)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def trained(plan: Plan, steps: int, dtype: str = "float64") -> tuple[Units, OneUnit]:
    random = Generator().manual_seed(7)
    x = torch.rand(40, 12, generator=random, dtype=torch.float64)
    y = torch.randint(10, (40,), generator=random)
    weights = starting_weights(plan, 12, 10, random)
    units, one = Units(plan, weights, dtype, 40, random), OneUnit(plan, weights)
    for _ in range(steps):
        units.step(x, y)
        one.step(x, y)
    return units, one


def stream(data: Any, **changes: Any) -> list[Event]:
    base = {"pace": 0.0, "data": str(data), "width": 20, "steps": 6, "batch_size": 32}
    settings = SymmetrySettings(**{**base, **changes})
    return list(EXPERIMENT.run(settings, Controls()))


def claims(events: list[Event]) -> list[ClaimChecked]:
    return [e for e in events if isinstance(e, ClaimChecked)]


def finished(events: list[Event]) -> RunFinished:
    last = events[-1]
    assert isinstance(last, RunFinished)
    return last


@pytest.mark.slow
@pytest.mark.parametrize("config", EXPERIMENT.checks, ids=str)
def test_every_claim_of_the_checks_holds(config: SymmetrySettings) -> None:
    events = list(EXPERIMENT.run(config, Controls()))
    assert len(claims(events)) >= 2
    assert [c.claim for c in claims(events) if not c.holds] == []
    assert finished(events).outcome == "completed"


@pytest.mark.parametrize("activation", ["relu", "tanh", "sigmoid", "gelu"])
@pytest.mark.parametrize("lr", [0.01, 0.3])
def test_equal_units_are_one_unit_counted_many_times(activation: str, lr: float) -> None:
    plan = replace(PLAN, activation=activation, lr=lr, constant=0.3)
    units, one = trained(plan, 100)
    assert units.loss == pytest.approx(one.loss, abs=1e-12)
    assert units.loss < math.log(10)
    assert float(units.distances().max()) < 1e-12
    assert units.rank() == 1
    # only the rows are equal: within a row the entries follow the inputs
    assert float(units.w1[0].max() - units.w1[0].min()) > 1e-4


def test_with_another_number_of_units_the_one_unit_would_not_agree() -> None:
    plan = replace(PLAN, constant=0.3)
    units, _ = trained(plan, 100)
    _, fewer = trained(replace(plan, width=7), 100)
    assert abs(units.loss - fewer.loss) > 1e-4


@pytest.mark.parametrize("broken", ["w1", "b1", "w2"])
def test_rows_biases_and_columns_must_all_be_equal(broken: str) -> None:
    random = Generator().manual_seed(7)
    x = torch.rand(40, 12, generator=random, dtype=torch.float64)
    y = torch.randint(10, (40,), generator=random)
    plan = replace(PLAN, constant=0.3)
    units = Units(plan, starting_weights(plan, 12, 10, random), "float64", 40, random)
    first = {"w1": units.w1[3], "b1": units.b1[3:4], "w2": units.w2[0, 3:4]}[broken]
    first += 0.01
    for _ in range(20):
        units.step(x, y)
    for apart in (units.of_w1(), units.of_b1(), units.of_w2()):
        assert float(apart[3]) > 1e-6
        assert float(apart[[1, 2, 4, 5, 6, 7]].max()) < 1e-12
    assert units.parted() == 1


def test_softmax_gives_equal_outgoing_weights_no_gradient_to_hand_down() -> None:
    units, _ = trained(replace(PLAN, constant=0.3), 1)
    assert units.first_step < 1e-15
    assert units.gradients[1] > 1e-3
    parted, _ = trained(replace(PLAN, start="normal"), 1)
    assert parted.first_step > 1e-6


@pytest.mark.parametrize("dropout", ["none", "hidden", "input"])
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_zeros_learn_nothing_but_the_last_bias(dropout: Any, optimizer: str, dtype: str) -> None:
    plan = replace(PLAN, start="zero", dropout=dropout, optimizer=optimizer)
    units, _ = trained(plan, 20, dtype)
    assert units.largest == 0
    assert not units.w1.any()
    assert not units.w2.any()
    assert not units.b1.any()
    assert float(units.b2.abs().min()) > 0
    assert units.rank() == 0


def test_zeros_do_learn_where_phi_of_zero_is_not_zero() -> None:
    units, one = trained(replace(PLAN, start="zero", activation="sigmoid"), 50)
    assert units.largest > 1e-3
    assert units.rank() == 1
    assert units.loss == pytest.approx(one.loss, abs=1e-12)


def test_dropout_of_units_parts_them_and_dropout_of_inputs_does_not(small_data: Any) -> None:
    counted = {
        dropout: {c.claim: c for c in claims(stream(small_data, dropout=dropout))}
        for dropout in ("none", "hidden", "input")
    }
    parted = "units that have parted from the first after 6 steps"
    assert [counted[d][parted].measured for d in ("none", "hidden", "input")] == [0, 19, 0]
    assert all(c.holds for found in counted.values() for c in found.values())


def test_adam_lets_differences_grow_that_sgd_leaves_alone() -> None:
    slightly = replace(PLAN, start="perturbed", activation="tanh", constant=0.3, std=1e-13)
    steady, _ = trained(slightly, 100)
    amplified, _ = trained(replace(slightly, optimizer="adam", lr=0.01), 100)
    assert float(steady.distances().max()) < 1e-11
    assert float(amplified.distances().max()) > 10 * float(steady.distances().max())


def test_float32_is_told_beside_float64(small_data: Any) -> None:
    events = stream(small_data, dropout="hidden", dtype="float32")
    names = {e.series for e in events if isinstance(e, SeriesExtended)}
    assert {"spread/float32", "spread/float64"} <= names
    table = [e for e in events if isinstance(e, TableChanged)][-1]
    assert [row[0] for row in table.rows] == ["float64", "float32"]
    assert [row[3] for row in table.rows] == ["step 1", "step 1"]


def test_every_unit_has_its_tile(small_data: Any) -> None:
    first, *_, last = (
        e for e in stream(small_data, dropout="hidden") if isinstance(e, GridChanged)
    )
    assert [len(row) for row in last.values] == [16, 16]
    flat = [value for row in last.values for value in row]
    assert flat[0] == FLOOR
    assert all(FLOOR < value < 0 for value in flat[1:20])
    assert all(math.isnan(value) for value in flat[20:])
    assert {value for row in first.values for value in row if not math.isnan(value)} == {FLOOR}


def test_a_wrong_law_is_found_out() -> None:
    units, one = trained(replace(PLAN, constant=0.3), 60)
    good = [f for f in findings(units, one) if _fails(f)]
    assert good == []
    units.w2[:, 5] *= 1 + 1e-9
    broken = [f["text"] for f in findings(units, one) if _fails(f)]
    assert any("columns of W2" in text for text in broken)
    assert any("parted" in text for text in broken)
    units.w1[5, 2] += 1e-3
    broken = [f["text"] for f in findings(units, one) if _fails(f)]
    assert any("rank" in text for text in broken)
    assert any("rows of W1" in text for text in broken)


def _fails(finding: Any) -> bool:
    return not abs(finding["measured"] - finding["predicted"]) <= finding["tolerance"]


def test_only_what_is_testable_is_claimed(small_data: Any) -> None:
    adam = claims(stream(small_data, optimizer="adam"))
    assert adam == []
    long = claims(stream(small_data, steps=101, width=4))
    assert long == []
    lonely = {"dropout": "hidden", "drop": 0.05, "batch_size": 1}
    assert not any("parted" in c.claim for c in claims(stream(small_data, **lonely)))


def test_the_same_seed_gives_the_same_events_and_leaves_the_global_generator_alone(
    small_data: Any,
) -> None:
    before, threads = torch.get_rng_state(), torch.get_num_threads()
    first, again, other = (
        [
            e
            for e in stream(small_data, seed=seed, dropout="hidden")
            if isinstance(e, TableChanged | ClaimChecked | GridChanged)
        ]
        for seed in (1, 1, 2)
    )
    assert msgspec.json.encode(first) == msgspec.json.encode(again)
    assert msgspec.json.encode(first) != msgspec.json.encode(other)
    assert torch.equal(before, torch.get_rng_state())
    assert torch.get_num_threads() == threads


@pytest.mark.parametrize("after", [0, 2, 9])
def test_stopped_at_any_time(small_data: Any, after: int) -> None:
    controls, events = Controls(), []
    settings = SymmetrySettings(pace=0.0, data=str(small_data), width=4)
    for event in EXPERIMENT.run(settings, controls):
        events.append(event)
        if isinstance(event, Advanced | RunStarted | GridChanged) and len(events) > after:
            controls.request(Stop())
    assert finished(events).outcome == "stopped"
    assert claims(events) == []


def test_paused_it_holds(small_data: Any) -> None:
    controls = Controls()
    controls.request(Pause())
    run = EXPERIMENT.run(SymmetrySettings(pace=0.0, data=str(small_data), width=4), controls)
    assert any(isinstance(event, ControlApplied) for event in run)
    controls.request(Resume())
    assert finished(list(run)).outcome == "completed"


def test_what_overflows_is_data(small_data: Any) -> None:
    events = stream(small_data, start="normal", std=10.0, lr=1.0, dtype="float32", steps=40)
    assert finished(events).outcome == "completed"
    assert [c.claim for c in claims(events) if not c.holds] == []


def test_settings_say_what_cannot_be() -> None:
    assert SymmetrySettings(start="broken").start == "perturbed"
    with pytest.raises(BadInput, match="prelu"):
        SymmetrySettings(activation="prelu")
    with pytest.raises(BadInput, match="width"):
        SymmetrySettings(width=1)
    assert named("symmetry") is EXPERIMENT
