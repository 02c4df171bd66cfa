import math
from collections.abc import Iterator

import msgspec
import pytest

from engine.controls import Controls, Pause, Resume, Stop
from engine.errors import BadInput
from engine.events import (
    Advanced,
    ClaimChecked,
    Event,
    GridChanged,
    Noted,
    RunFinished,
    SeriesExtended,
    TableChanged,
)
from engine.experiments.propagation import EXPERIMENT
from engine.lab import phases
from engine.lab.propagation_settings import PropagationSettings
from engine.rules.activations import ACTIVATIONS


def small(**settings: object) -> PropagationSettings:
    base: dict[str, object] = {"pace": 0.0, "width": 32, "depth": 6, "nets": 20}
    return PropagationSettings(**{**base, **settings})  # type: ignore[arg-type]


def run(config: PropagationSettings) -> list[Event]:
    return list(EXPERIMENT.run(config, Controls()))


def claims(stream: list[Event]) -> dict[str, ClaimChecked]:
    return {event.claim: event for event in stream if isinstance(event, ClaimChecked)}


def table(stream: list[Event], name: str) -> dict[object, tuple[object, ...]]:
    found = [e for e in stream if isinstance(e, TableChanged) and e.table == name]
    return {row[0]: row[1:] for row in found[-1].rows}


def curve(stream: list[Event], name: str) -> tuple[tuple[float, ...], tuple[float, ...]]:
    x: tuple[float, ...] = ()
    y: tuple[float, ...] = ()
    for event in stream:
        if isinstance(event, SeriesExtended) and event.series == name:
            x, y = (event.x, event.y) if event.afresh else (x + event.x, y + event.y)
    return x, y


def test_relu_he_s_exact_law_and_the_named_starts() -> None:
    """400 nets, N = 64, L = 20: −.802 ± .322."""
    stream = run(EXPERIMENT.checks[0])
    found = claims(stream)
    exact = found["mean of ln(‖h‖²/‖x‖²) after 20 relu layers"]
    assert exact.predicted == pytest.approx(-0.802, abs=5e-4)
    assert exact.tolerance == pytest.approx(0.322, abs=5e-4)
    assert sum(name.startswith("‖δ‖ per layer, ") for name in found) == 7
    assert "correlation of two inputs in layer 2" in found
    assert [claim for claim in found.values() if not claim.holds] == []


@pytest.mark.slow
@pytest.mark.parametrize("number", range(1, len(EXPERIMENT.checks)))
def test_claims_of_the_checks_hold(number: int) -> None:
    found = claims(run(EXPERIMENT.checks[number]))
    assert len(found) >= 9
    assert [claim for claim in found.values() if not claim.holds] == []


def test_factors_of_named_starts_at_depth_50_are_the_table_s() -> None:
    rows = table(run(small(depth=50, nets=2)), "gradient factor per layer")
    wanted = [1, 0.7071, 0.9578, 0.9960, 1.1022, 0.2355, 1.0352]
    assert [row[0] for row in rows.values()] == pytest.approx(wanted, abs=1e-4)


def test_weight_gradients_hide_what_activations_and_delta_show() -> None:
    rows = table(run(small(init="xavier_uniform", depth=12, width=64)), EXPERIMENT_ENDS)
    h, delta, gradients = (row[0] for row in rows.values())
    assert isinstance(h, float)
    assert isinstance(delta, float)
    assert isinstance(gradients, float)
    assert h == pytest.approx(2**5.5, rel=0.5)
    assert delta == pytest.approx(2**-5.5, rel=0.5)
    assert 0.5 < gradients < 2


EXPERIMENT_ENDS = "first over last hidden layer"


def test_measured_curves_run_beside_theory_s() -> None:
    stream = run(small(width=128, nets=30, activation="tanh", init="xavier_normal"))
    for chart in ("forward", "backward", "gradients", "correlation"):
        x, theory = curve(stream, f"{chart}/theory")
        seen_at, mean = curve(stream, f"{chart}/mean of nets")
        _, low = curve(stream, f"{chart}/band 5 %")
        _, high = curve(stream, f"{chart}/band 95 %")
        assert x == seen_at == tuple(range(1, 8))
        assert all(a <= b for a, b in zip(low, high, strict=True))
        if chart != "correlation":
            assert mean == pytest.approx(theory, rel=0.25)
    assert mean == pytest.approx(theory, abs=0.15)


def test_the_map_has_order_chaos_and_the_line_between() -> None:
    stream = run(small(activation="tanh", init="lecun_normal", bias_std=0.2))
    grid = [e for e in stream if isinstance(e, GridChanged)][-1]
    assert len(grid.values) == len(grid.rows) == phases.ROWS
    assert {len(row) for row in grid.values} == {len(grid.columns)} == {phases.COLUMNS}
    for values, marks in zip(grid.values, grid.cells, strict=True):
        assert marks[0] == "o"
        assert marks[-1] == "c"
        assert "".join(marks).strip("oc") == "1"
        at = marks.index("1")
        assert values[at - 1] < 0 < values[at + 1]
    assert len(grid.points) == 13
    column, row, text = grid.points[-1]
    assert text == "×"
    assert float(grid.columns[int(column)]) == pytest.approx(1)
    low, high = float(grid.rows[math.ceil(row)]), float(grid.rows[math.floor(row)])
    assert low <= 0.04 <= high


def test_places_are_measured_in_the_phase_predicted() -> None:
    from torch import Generator

    for name in ("sigmoid", "gelu"):
        diagram = phases.plane(ACTIVATIONS[name], 1.0, 0.0)
        places = phases.measured_places(ACTIVATIONS[name], diagram, Generator().manual_seed(0))
        clear = [place for place in places if place.clear]
        assert len(clear) >= 5
        assert all(place.agrees for place in clear)
        assert {place.predicted > 1 for place in clear} == {True, False}


@pytest.mark.parametrize("init", ["zeros", "constant", "lsuv", "normal"])
@pytest.mark.parametrize("activation", ["relu", "sigmoid", "selu"])
def test_any_start_runs_to_its_end(init: str, activation: str) -> None:
    stream = run(small(init=init, activation=activation, nets=3, depth=3, init_std=50.0))
    assert isinstance(stream[-1], RunFinished)
    assert stream[-1].outcome == "completed"
    assert any(isinstance(e, Noted) for e in stream) == (init == "constant")
    assert all(claim.holds for claim in claims(stream).values())


def test_examples_of_a_data_set_are_inputs() -> None:
    stream = run(small(data="synthetic", nets=4, depth=2))
    _, correlation = curve(stream, "correlation/theory")
    assert len(correlation) == 3
    assert all(claim.holds for claim in claims(stream).values())


def test_the_same_seed_says_the_same_and_another_does_not() -> None:
    def told(config: PropagationSettings) -> str:
        kinds = (TableChanged, ClaimChecked, GridChanged)
        return str([e for e in run(config) if isinstance(e, kinds)])

    assert told(small()) == told(small())
    assert told(small()) != told(small(seed=1))


def test_a_stop_at_any_step_ends_in_order_and_claims_nothing() -> None:
    steps = sum(isinstance(e, Advanced) for e in run(small(pace=1e6)))
    for at in range(1, steps - 1, 3):
        controls = Controls()
        stream: list[Event] = []
        for event in EXPERIMENT.run(small(pace=1e6), controls):
            stream.append(event)
            if sum(isinstance(e, Advanced) for e in stream) == at:
                controls.request(Stop())
        assert isinstance(stream[-1], RunFinished)
        assert stream[-1].outcome == "stopped"
        assert not claims(stream)


def test_a_pause_holds_and_changes_nothing() -> None:
    def paused(config: PropagationSettings) -> Iterator[Event]:
        controls = Controls()
        controls.request(Pause())
        controls.request(Resume())
        yield from EXPERIMENT.run(config, controls)

    whole, held = claims(run(small())), claims(list(paused(small())))
    assert [c.measured for c in whole.values()] == [c.measured for c in held.values()]


@pytest.mark.parametrize(
    ("settings", "word"),
    [
        ({"nets": 10_000, "width": 1024}, "fewer nets"),
        ({"nets": 10_000, "width": 64, "depth": 500}, "depth"),
        ({"init": "lsuv", "bias_std": 1.0}, "bias_std"),
        ({"activation": "tan"}, "tanh"),
    ],
)
def test_what_cannot_be_run_is_refused(settings: dict[str, object], word: str) -> None:
    with pytest.raises(BadInput, match=word):
        small(**settings)


def test_the_first_layer_of_a_data_set_counts_too() -> None:
    config = small(data="synthetic", nets=450, width=400)
    with pytest.raises(BadInput, match="784→400"):
        run(config)


def test_keys_are_letters_of_their_own() -> None:
    from engine.schema import fields_of

    keys = [f.setting.key for f in fields_of(PropagationSettings) if f.setting.key]
    assert len(set(keys)) == len(keys)
    assert not set(keys) & set("qrsclmxeohjkby?")
    assert msgspec.to_builtins(PropagationSettings())["nets"] == 100
