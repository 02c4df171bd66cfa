import math
from pathlib import Path

import msgspec
import pytest

from engine.controls import Controls, Stop
from engine.errors import BadInput
from engine.events import (
    ClaimChecked,
    Event,
    GridChanged,
    RunFinished,
    RunStarted,
    SeriesExtended,
    TableChanged,
)
from engine.experiments import named
from engine.experiments.grid import EXPERIMENT, GridSettings
from engine.schema import fields_of
from engine.theory.known_accuracies import Known, known_accuracy


@pytest.fixture
def settings(small_data: Path) -> GridSettings:
    """Eight nets on an easy set, 64 steps."""
    return GridSettings(
        pace=0.0,
        data=str(small_data),
        train_examples=0,
        batch_size=32,
        width=32,
        lr=0.5,
        inits="he,normal",
        activations="relu,tanh",
        depths=(1, 9),
    )


def run(config: GridSettings) -> list[Event]:
    return list(EXPERIMENT.run(config, Controls()))


def grids(stream: list[Event]) -> dict[str, list[GridChanged]]:
    found: dict[str, list[GridChanged]] = {}
    for event in stream:
        if isinstance(event, GridChanged):
            found.setdefault(event.grid, []).append(event)
    return found


def test_it_is_registered() -> None:
    assert named("grid") is EXPERIMENT


@pytest.mark.slow
def test_claims_of_the_checks_hold() -> None:
    (config,) = EXPERIMENT.checks
    stream = run(config)
    claims = [event for event in stream if isinstance(event, ClaimChecked)]
    assert [claim.claim.split()[0] for claim in claims] == ["log10", "share"]
    assert [claim for claim in claims if not claim.holds] == []
    calls = [e for e in stream if isinstance(e, TableChanged)][-1]
    vanished = next(row for row in calls.rows if row[0] == "vanishes")
    assert vanished[1:] == (0, 18)  # what theory calls dead is dead


def test_cells_fill_in_beside_the_calls(settings: GridSettings) -> None:
    stream = run(settings)
    assert isinstance(stream[0], RunStarted)
    found = grids(stream)
    assert list(found) == [
        "theory: Σ½log10 χ, depth 1",
        "theory: Σ½log10 χ, depth 9",
        "test accuracy, depth 1",
        "test accuracy, depth 9",
    ]
    shallow, deep = found["test accuracy, depth 1"], found["test accuracy, depth 9"]
    assert all(math.isnan(value) for row in shallow[0].values for value in row)
    assert len(shallow) > 10
    assert (deep[-1].rows, deep[-1].columns) == (("he", "normal"), ("relu", "tanh"))
    assert max(shallow[-1].values[0]) > 0.85
    assert max(deep[-1].values[1]) < 0.7
    assert deep[-1].cells[1][0] == f"{deep[-1].values[1][0]:.2f}"
    called = found["theory: Σ½log10 χ, depth 9"][-1]
    assert [text.split()[1] for text in called.cells[1]] == ["vanishes", "vanishes"]
    assert called.values[0][0] == pytest.approx(0, abs=1e-9)
    learned = [
        y
        for event in stream
        if isinstance(event, SeriesExtended) and event.series == "learned/nets that learn"
        for y in event.y
    ]
    last = stream[-1]
    assert isinstance(last, RunFinished)
    assert last.detail.startswith(f"{learned[-1]:.0f} of 8 networks learn, 0 are lost")


def test_lost_nets_are_marked(settings: GridSettings) -> None:
    config = msgspec.structs.replace(settings, activations="identity,tanh", lr=10.0)
    cells = grids(run(config))["test accuracy, depth 9"][-1]
    assert cells.cells[0][0] == "diverged"
    assert math.isnan(cells.values[0][0])
    assert not math.isnan(cells.values[0][1])


def test_stopped_on_the_way(settings: GridSettings) -> None:
    controls = Controls()
    stream: list[Event] = []
    for event in EXPERIMENT.run(msgspec.structs.replace(settings, pace=1e6), controls):
        stream.append(event)
        if len(stream) == 20:
            controls.request(Stop())
    assert isinstance(stream[-1], RunFinished)
    assert stream[-1].outcome == "stopped"
    assert not any(isinstance(event, ClaimChecked) for event in stream)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"inits": "he,hee"}, "inits: 'hee' is none of the initializers; did you mean"),
        ({"activations": "prelu"}, "activations: 'prelu' is none of the activations"),
        ({"depths": ()}, "depths needs at least one"),
        ({"depths": (2, 2)}, "each only once"),
        ({"depths": tuple(range(1, 10))}, "make 225 networks, more than the 200"),
    ],
)
def test_bad_settings_are_named(changes: dict[str, object], said: str) -> None:
    with pytest.raises(BadInput, match=said):
        GridSettings(**changes)  # type: ignore[arg-type]


def test_every_key_can_be_used() -> None:
    for field in fields_of(GridSettings):
        for rung in field.setting.ladder:
            GridSettings(**{field.name: rung})


def test_known_accuracies_tell_something() -> None:
    known = known_accuracy("relu", "kaiming_normal", 2)
    assert known == Known(0.77, 0.052)
    assert known.tolerance(2_000) == pytest.approx(0.264, abs=1e-3)
    assert known_accuracy("relu", "kaiming_normal", 10) is None
    guess = known_accuracy("sigmoid", "xavier_uniform", 5)
    assert guess is not None
    assert 0.1 + guess.tolerance(2_000) < 0.2
