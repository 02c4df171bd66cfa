"""A recorded run's curves, as they are drawn behind another's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
import synthetic_run
from finished_runs import record

from engine import events
from engine.config import RunConfig
from engine.errors import BadInput
from engine.store.layout import LOG
from tui.run_view import RunView, fold
from tui.runs import curves
from tui.runs.curves import curves_of

RUN = synthetic_run.run(epochs=3)
SERIES = ("loss", "accuracy", "test_loss", "test_accuracy", "train_loss", "train_accuracy")


def folded(said: list[events.AnyEvent], view: RunView = RunView()) -> RunView:  # noqa: B008
    for event in said:
        view = fold(event, view)
    return view


def points(view: RunView) -> dict[str, Any]:
    return {n: (list(getattr(view, n).x), list(getattr(view, n).y)) for n in SERIES}


def test_curves_are_those_of_the_whole_fold_and_nothing_else_is_kept(tmp_path: Path) -> None:
    record(tmp_path, RUN, run_id="a")
    view = curves_of(tmp_path, "a")
    assert points(view) == points(folded(RUN))
    assert (view.vitals, view.histograms, view.matrices, view.log) == ({}, None, None, ())
    assert view.run_id == "a" and view.step == 3 * synthetic_run.STEPS_PER_EPOCH


def test_a_run_that_goes_on_brings_its_past(tmp_path: Path) -> None:
    record(tmp_path, RUN, run_id="a")
    half = synthetic_run.STEPS_PER_EPOCH * 2
    rest = [
        msgspec.structs.replace(event, first_step=event.first_step + half)
        if isinstance(event, events.StepsMeasured)
        else event
        for event in synthetic_run.run(epochs=1)
        if isinstance(event, events.RunStarted | events.StepsMeasured)
    ]
    record(tmp_path, rest, run_id="b", continues="a", first_step=half)
    view = curves_of(tmp_path, "b")
    assert list(view.loss.x) == list(range(1, half + synthetic_run.STEPS_PER_EPOCH + 1))
    assert list(view.test_loss.x) == [235, 470]
    assert view.run_id == "b"


def test_damage_costs_the_lines_it_hit_alone(tmp_path: Path) -> None:
    record(tmp_path, RUN, run_id="a")
    log = tmp_path / "a" / LOG
    data = bytearray(log.read_bytes())
    data[data.index(b"epoch_finished")] ^= 1
    log.write_bytes(data[:-7])
    view = curves_of(tmp_path, "a")
    assert len(view.loss) == 3 * 235 and list(view.test_loss.x) == [470, 705]


@pytest.mark.parametrize(
    ("started", "sentence"),
    [
        ({"experiment": "vanishing"}, "no training run"),
        ({"config": {"lr": "\x1b[2J", "epochs": []}}, "another version"),
        ({"config": {"lr": -1.0}}, "another version"),
    ],
)
def test_runs_without_such_curves_are_refused(
    tmp_path: Path, started: dict[str, Any], sentence: str
) -> None:
    record(tmp_path, RUN, **{"run_id": "a", **started})
    with pytest.raises(BadInput, match=sentence):
        curves_of(tmp_path, "a")


def test_a_run_that_has_hardly_begun_has_none(tmp_path: Path) -> None:
    record(tmp_path, RUN[:1], run_id="a")
    with pytest.raises(BadInput, match="no curves yet"):
        curves_of(tmp_path, "a")
    with pytest.raises(BadInput, match="no curves yet"):
        curves_of(tmp_path, "never-was")


def test_events_that_contradict_themselves_are_left_out(tmp_path: Path) -> None:
    odd = events.StepsMeasured(first_step=9000, loss=(1.0, 2.0), accuracy=(0.5,), lr=0.1)
    record(tmp_path, [*RUN[:-1], odd, RUN[-1]], run_id="a")
    assert points(curves_of(tmp_path, "a")) == points(folded(RUN))


def test_a_run_of_very_many_steps_is_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(curves, "MOST_STEPS", 100)
    monkeypatch.setattr(curves, "_SLICE", 0.0)
    record(tmp_path, synthetic_run.run(epochs=20), run_id="a")
    assert 100 <= len(curves_of(tmp_path, "a").loss) < 20 * 235


def test_nobody_waits_any_more(tmp_path: Path) -> None:
    record(tmp_path, RUN, run_id="a")
    with pytest.raises(BadInput, match="no curves yet"):
        curves_of(tmp_path, "a", lambda: True)


def test_settings_are_told_apart_as_those_of_this_version(tmp_path: Path) -> None:
    config = {**msgspec.to_builtins(RunConfig(init="he")), "of_tomorrow": 1}
    record(tmp_path, RUN, run_id="a", config=config)
    assert curves_of(tmp_path, "a").config == msgspec.to_builtins(RunConfig(init="he"))
