from __future__ import annotations

import math
import os
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from statistics import median
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
    RunFinished,
    RunStarted,
    SeriesExtended,
    TableChanged,
)
from engine.experiments import named
from engine.experiments.edge import EXPERIMENT, EdgeSettings
from engine.lab.descent import Descent, network
from engine.lab.edge import DEVIATIONS, Edge, Plan
from engine.lab.edge_findings import HOVERING, findings
from engine.lab.examples import Bench


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def checked() -> dict[str, list[Event]]:
    return {
        config.activation: list(EXPERIMENT.run(config, Controls())) for config in EXPERIMENT.checks
    }


def stream(data: Any, **changes: Any) -> list[Event]:
    base = {"pace": 0.0, "data": str(data), "examples": 40, "width": 6, "steps": 12, "draws": 30}
    return list(EXPERIMENT.run(EdgeSettings(**{**base, **changes}), Controls()))


def curve(events: list[Event], name: str) -> dict[float, float]:
    points = [e for e in events if isinstance(e, SeriesExtended) and e.series == name]
    return {x: y for e in points for x, y in zip(e.x, e.y, strict=True)}


def claims(events: list[Event]) -> list[ClaimChecked]:
    return [e for e in events if isinstance(e, ClaimChecked)]


def finished(events: list[Event]) -> RunFinished:
    last = events[-1]
    assert isinstance(last, RunFinished)
    return last


@pytest.mark.slow
@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_every_claim_of_the_checks_holds(checked: dict[str, list[Event]], activation: str) -> None:
    found = claims(checked[activation])
    assert [c.claim for c in found if not c.holds] == []
    assert sum("edge of stability" in c.claim for c in found) == 1
    assert sum("loss before training" in c.claim for c in found) == 4
    assert sum("g_B" in c.claim for c in found) == 4
    assert finished(checked[activation]).outcome == "completed"


def test_sharpness_rises_to_the_edge_and_stays_there(checked: dict[str, list[Event]]) -> None:
    events = checked["tanh"]
    values = list(curve(events, "sharpness/λ max").values())
    assert set(curve(events, "sharpness/theory 2/η").values()) == {10.0}
    assert values[1] < 9.5
    late = values[len(values) // 2 :]
    assert 0.95 < median(late) / 10.0 < 1.15
    assert max(late) < 14
    loss = list(curve(events, "loss/loss").values())
    assert loss[-1] < loss[len(loss) // 3] < loss[0]
    # beyond the edge the loss does not fall in every step, and falls all the same
    half = loss[len(loss) // 2 :]
    assert any(later > before for before, later in pairwise(half))


def test_a_smaller_step_has_its_edge_further_away() -> None:
    config = msgspec.structs.replace(EXPERIMENT.checks[0], lr=0.02, steps=30, draws=20)
    events = list(EXPERIMENT.run(config, Controls()))
    assert not any("edge of stability" in c.claim for c in claims(events))
    assert "has not settled" in finished(events).detail
    assert set(curve(events, "sharpness/theory 2/η").values()) == {100.0}


def descended(sharpness: list[float], lr: float = 0.2) -> Descent:
    net = network((3, 2, 2), "tanh", Generator().manual_seed(0), torch.float64)
    x = torch.ones(4, 3, dtype=torch.float64)
    descent = Descent(net, x, torch.ones(4, 2, dtype=torch.float64), lr, Generator())
    descent.sharpness = sharpness
    return descent


def test_where_it_hovers_is_told_only_of_what_rose_to_the_edge_and_settled() -> None:
    rising = [4.0, 6.0, 8.0]
    assert descended([*rising, *[11.0] * 10, *[10.2] * 10]).hovers() == 10.2
    assert descended([*rising, *[11.0] * 19]).hovers() is None
    assert descended([11.0, *rising, *[10.0] * 30]).hovers() is None
    assert descended(rising * 10).hovers() is None
    assert descended([math.nan] * 40).hovers() is None


def test_a_wrong_law_is_found_out(small_data: Any) -> None:
    with Bench().examples(str(small_data), "", 120, 0) as shown:
        edge = Edge(Plan(8, "tanh", 0.1, 400, 0), shown)
        for _ in DEVIATIONS:
            edge.take_loss()
        for _ in edge.sizes:
            edge.take_noise()
    assert [f["text"] for f in findings(edge) if _fails(f)] == []
    right, laws = edge.losses, edge.laws
    # logits with a gain that is off by √2
    doubled = replace(right[0], mean=math.log(2) + 2 * (right[0].mean - math.log(2)))
    edge.losses = [doubled, *right[1:]]
    assert any("by the expansion" in f["text"] for f in findings(edge) if _fails(f))
    edge.losses = right
    # noise that forgets that examples are drawn without replacement
    full = edge.full_square
    trace = (laws[0] - full) if edge.sizes[0] == 1 else math.nan
    edge.laws = [full + trace / size for size in edge.sizes]
    assert any("g_B" in f["text"] for f in findings(edge) if _fails(f))
    edge.laws = laws
    edge.square_by_autograd *= 1 + 1e-8
    assert any("autograd" in f["text"] for f in findings(edge) if _fails(f))
    rising = [14.0, *[20 * (1 + HOVERING) * 1.01] * 30]
    edge.descent.sharpness = rising
    assert any("edge of stability" in f["text"] for f in findings(edge) if _fails(f))


def _fails(finding: Any) -> bool:
    return not abs(finding["measured"] - finding["predicted"]) <= finding["tolerance"]


def test_all_four_sizes_are_drawn_beside_their_laws(small_data: Any) -> None:
    events = stream(small_data)
    assert list(curve(events, "initial/measured")) == list(DEVIATIONS)
    assert curve(events, "initial/theory")[0.0] == pytest.approx(math.log(2), abs=1e-9)
    assert curve(events, "initial/theory ln 2 + 0.25 s²")[2.0] == pytest.approx(math.log(2) + 1)
    noise, law = curve(events, "noise/measured"), curve(events, "noise/theory")
    assert list(noise) == list(law)
    assert list(noise)[-1] == math.log2(40)
    assert noise[math.log2(40)] == pytest.approx(law[math.log2(40)], abs=1e-9)
    assert len(curve(events, "update/hidden1")) == len(curve(events, "update/output")) == 12
    assert set(curve(events, "update/band -2.5").values()) == {-2.5}
    assert len(curve(events, "sharpness/λ max")) == 2
    assert {e.table for e in events if isinstance(e, TableChanged)} == {
        "loss before training",
        "gradient noise",
        "sizes",
    }


def test_what_diverges_is_data(small_data: Any) -> None:
    events = stream(small_data, lr=10.0, steps=400, every=1, activation="relu", width=64)
    assert finished(events).outcome == "completed"
    assert "diverged in step" in finished(events).detail
    assert len(curve(events, "loss/loss")) < 400
    assert not any("edge of stability" in c.claim for c in claims(events))


def test_the_smallest_there_is(small_data: Any) -> None:
    events = stream(small_data, examples=2, width=1, steps=1)
    assert finished(events).outcome == "completed"


def test_the_same_seed_gives_the_same_events_and_leaves_the_global_generator_alone(
    small_data: Any,
) -> None:
    before = torch.get_rng_state()
    first, again, other = (
        [e for e in stream(small_data, seed=seed) if isinstance(e, TableChanged | ClaimChecked)]
        for seed in (1, 1, 2)
    )
    assert msgspec.json.encode(first) == msgspec.json.encode(again)
    assert msgspec.json.encode(first) != msgspec.json.encode(other)
    assert torch.equal(before, torch.get_rng_state())


@pytest.mark.parametrize("after", [0, 8, 40, 70])
def test_stopped_at_any_time(small_data: Any, after: int) -> None:
    controls, events = Controls(), []
    settings = EdgeSettings(data=str(small_data), examples=20, width=4, draws=20, steps=500)
    for event in EXPERIMENT.run(settings, controls):
        events.append(event)
        if isinstance(event, Advanced | RunStarted | TableChanged) and len(events) > after:
            controls.request(Stop())
    assert finished(events).outcome == "stopped"
    assert claims(events) == []


def test_paused_it_holds(small_data: Any) -> None:
    controls = Controls()
    controls.request(Pause())
    settings = EdgeSettings(data=str(small_data), examples=20, width=4, draws=20, steps=5)
    run = EXPERIMENT.run(settings, controls)
    assert any(isinstance(event, ControlApplied) for event in run)
    controls.request(Resume())
    assert finished(list(run)).outcome == "completed"


@pytest.mark.real_data
@pytest.mark.skipif(not os.environ.get("MLP_TUI_DATA"), reason="MLP_TUI_DATA is not set")
def test_on_real_data_it_hovers_where_it_was_seen_to() -> None:
    config = EdgeSettings(data="fashion-mnist", examples=200, width=32, steps=900, draws=20)
    events = list(EXPERIMENT.run(config, Controls()))
    hovers = next(c for c in claims(events) if "edge of stability" in c.claim)
    assert hovers.predicted == 20
    assert 19 < hovers.measured < 22


def test_settings_say_what_cannot_be() -> None:
    with pytest.raises(BadInput, match="lr"):
        EdgeSettings(lr=0.0)
    with pytest.raises(BadInput, match="examples"):
        EdgeSettings(examples=2001)
    assert named("edge") is EXPERIMENT
