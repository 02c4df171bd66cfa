import math
from pathlib import Path

import msgspec
import numpy as np
import pytest

from engine.controls import Controls, Pause, SetLearningRate, Stop
from engine.data.sources import available
from engine.errors import BadInput
from engine.events import (
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
from engine.experiments.relu_vs_sigmoid import EXPERIMENT, RaceSettings
from engine.store.checkpoint import Start


@pytest.fixture
def settings(small_data: Path) -> RaceSettings:
    """21 steps on an easy set."""
    return RaceSettings(
        pace=0.0, data=str(small_data), train_examples=0, batch_size=100, width=12, depth=2
    )


def run(config: RaceSettings, controls: Controls | None = None) -> list[Event]:
    return list(EXPERIMENT.run(config, controls or Controls()))


def grids(stream: list[Event]) -> dict[str, GridChanged]:
    return {event.grid: event for event in stream if isinstance(event, GridChanged)}


def table(stream: list[Event], name: str) -> TableChanged:
    return [e for e in stream if isinstance(e, TableChanged) and e.table == name][-1]


def curves(stream: list[Event]) -> dict[str, tuple[list[float], list[float]]]:
    found: dict[str, tuple[list[float], list[float]]] = {}
    for event in stream:
        if isinstance(event, SeriesExtended):
            xs, ys = found.setdefault(event.series, ([], []))
            xs.extend(event.x)
            ys.extend(event.y)
    return found


def test_users_data_may_be_smaller_than_the_default_and_not_of_one_class(tmp_path: Path) -> None:
    def on(classes: int) -> list[Event]:
        y = np.arange(50) % classes
        x = np.random.default_rng(0).normal(size=(50, 4)).astype(np.float32)
        np.savez(tmp_path / "own.npz", x_train=x, y_train=y, x_test=x[:20], y_test=y[:20])
        return run(RaceSettings(data=str(tmp_path / "own.npz"), width=8, pace=0.0))

    started = on(2)[0]
    assert isinstance(started, RunStarted) and started.dataset
    assert started.dataset.train_examples == 50
    with pytest.raises(BadInput, match="own has one class, which leaves nothing to learn"):
        on(1)


def test_it_is_registered() -> None:
    assert named("relu-vs-sigmoid") is EXPERIMENT


@pytest.mark.slow
def test_claims_of_the_checks_hold() -> None:
    (config,) = EXPERIMENT.checks
    stream = run(config)
    claims = [event for event in stream if isinstance(event, ClaimChecked)]
    assert len(claims) == (14 if available("fashion-mnist", "") else 8)
    assert [claim for claim in claims if not claim.holds] == []
    assert len({claim.claim for claim in claims}) == len(claims)
    rows = {row[0]: row for row in table(stream, "race").rows}
    assert rows["relu he 5"][4:6] == ("learns", "trains")
    assert rows["sigmoid xavier 5"][4:6] == ("guesses", "vanishes")
    still = {row[0]: row[6] for row in table(stream, "which layers learn").rows}
    assert str(still["hidden1"]).endswith("still")
    assert str(still["hidden5"]).endswith("learns")


def test_everything_is_shown_side_by_side(settings: RaceSettings) -> None:
    config = msgspec.structs.replace(settings, entrants="relu,sigmoid/xavier/4")
    stream = run(config)
    first, last = stream[0], stream[-1]
    assert isinstance(first, RunStarted)
    assert first.dataset is not None
    assert isinstance(last, RunFinished)
    assert (last.outcome, last.step) == ("completed", 21)
    found = curves(stream)
    for chart in EXPERIMENT.charts:
        own = [name for name in found if name.startswith(chart.name)]
        assert own == [f"{chart.name}/relu he 2", f"{chart.name}/sigmoid xavier 4"]
    assert found["loss/relu he 2"][0] == [4, 8, 12, 16, 20, 21]
    assert found["loss/relu he 2"][1][-1] < found["loss/relu he 2"][1][0]
    heat = grids(stream)["log10 gradient norms, sigmoid xavier 4"]
    assert heat.rows == ("hidden1", "hidden2", "hidden3", "hidden4", "output")
    assert heat.columns == tuple(str(step) for step in range(1, 22))
    assert heat.values[0][0] < heat.values[3][0] - 1
    shown = [e for e in stream if isinstance(e, GridChanged) and e.grid == heat.grid]
    assert all(math.isnan(shown[0].values[0][-1]) for _ in shown)
    assert not any(math.isnan(value) for row in heat.values for value in row)


def test_the_same_seed_gives_the_same_run(settings: RaceSettings) -> None:
    def said(config: RaceSettings) -> list[Event]:
        kept = (ClaimChecked, RunFinished, TableChanged, GridChanged)
        return [event for event in run(config) if isinstance(event, kept)]

    # NaN is not itself: compared as text.
    assert repr(said(settings)) == repr(said(settings))
    other = msgspec.structs.replace(settings, seed=1)
    assert repr(said(settings)) != repr(said(other))


def test_a_net_that_diverges_leaves_the_others_alone(settings: RaceSettings) -> None:
    together = msgspec.structs.replace(settings, entrants="identity/he/9,relu/he/1", lr=3.0)
    alone = msgspec.structs.replace(together, entrants="relu/he/1")
    stream = run(together)
    rows = {row[0]: row for row in table(stream, "race").rows}
    assert str(rows["identity he 9"][4]).startswith("diverged at ")
    assert math.isnan(float(rows["identity he 9"][2]))
    assert curves(stream)["loss/relu he 1"] == curves(run(alone))["loss/relu he 1"]
    assert "identity he 9 lost" in stream[-1].detail  # type: ignore[attr-defined]


@pytest.mark.parametrize("after", [1, 5, 40])
def test_stopped_at_any_time(settings: RaceSettings, after: int) -> None:
    controls = Controls()
    stream: list[Event] = []
    for event in EXPERIMENT.run(msgspec.structs.replace(settings, pace=1e6), controls):
        stream.append(event)
        if len(stream) == after:
            controls.request(Stop())
    last = stream[-1]
    assert isinstance(last, RunFinished)
    assert last.outcome == "stopped"
    assert last.step < 21
    assert not any(isinstance(event, ClaimChecked) for event in stream)
    assert not math.isnan(float(table(stream, "race").rows[0][2]))


def test_requests_are_answered(settings: RaceSettings) -> None:
    controls = Controls()
    controls.request(SetLearningRate(lr=1.0))
    controls.request(Pause())
    seen = []
    for event in EXPERIMENT.run(settings, controls):
        if isinstance(event, ControlApplied):
            seen.append(event.what)
            if event.what == "pause":
                controls.request(Stop())
    assert seen == ["setlearningrate", "pause", "stop"]


def test_the_text_is_checked_before_anything_starts() -> None:
    with pytest.raises(BadInput, match="did you mean 'relu'"):
        RaceSettings(entrants="rellu/he/5")
    with pytest.raises(BadInput, match="9 networks; at most 8"):
        RaceSettings(entrants=",".join(f"relu/he/{depth}" for depth in range(1, 10)))


def test_a_saved_state_is_refused(settings: RaceSettings) -> None:
    with pytest.raises(BadInput, match="only a training run can be continued"):
        next(EXPERIMENT.run(settings, Controls(), Start("before", {}, {}, 3)))


def test_every_preset_and_key_can_be_used() -> None:
    from engine.schema import fields_of

    for field in fields_of(RaceSettings):
        for rung in field.setting.ladder:
            RaceSettings(**{field.name: rung})
