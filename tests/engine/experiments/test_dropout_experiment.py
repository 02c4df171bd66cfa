"""The dropout experiment: its claims, what it shows, and how it is steered."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from dataclasses import replace
from statistics import mean
from typing import Any

import msgspec
import pytest
import torch
from torch import Tensor

from engine.controls import Controls, Pause, Resume, Stop
from engine.errors import BadInput
from engine.events import (
    Advanced,
    ClaimChecked,
    ControlApplied,
    Event,
    GridChanged,
    Noted,
    RunFinished,
    RunStarted,
    SeriesExtended,
    TableChanged,
)
from engine.experiments import dropout, named
from engine.experiments.dropout import EXPERIMENT, DropoutSettings
from engine.lab import dropout_masks, stacked
from engine.lab.dropout_plan import NetPlan
from engine.lab.stacked import Stack
from engine.schema import fields_of

needs_data = pytest.mark.skipif("MLP_TUI_DATA" not in os.environ, reason="MLP_TUI_DATA is not set")
TINY: dict[str, Any] = {
    "pace": 0.0,
    "width": 20,
    "examples": 256,
    "batch_size": 64,
    "epochs": 4,
    "nets": 2,
    "masks": 200,
    "test_examples": 100,
}


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def stream(data: Any, **changes: Any) -> list[Event]:
    settings = DropoutSettings(**{**TINY, "data": str(data), **changes})
    return list(EXPERIMENT.run(settings, Controls()))


def claims(events: list[Event]) -> list[ClaimChecked]:
    return [e for e in events if isinstance(e, ClaimChecked)]


def failed(events: list[Event]) -> list[str]:
    return [c.claim for c in claims(events) if not c.holds]


def finished(events: list[Event]) -> RunFinished:
    last = events[-1]
    assert isinstance(last, RunFinished)
    return last


def curves(events: list[Event]) -> dict[str, list[tuple[float, float]]]:
    found: dict[str, list[tuple[float, float]]] = {}
    for event in events:
        if isinstance(event, SeriesExtended):
            known = [] if event.afresh else found.get(event.series, [])
            found[event.series] = [*known, *zip(event.x, event.y, strict=True)]
    return found


def tables(events: list[Event]) -> dict[str, TableChanged]:
    return {e.table: e for e in events if isinstance(e, TableChanged)}


@pytest.mark.slow
@pytest.mark.parametrize("config", EXPERIMENT.checks, ids=str)
def test_every_claim_of_the_checks_holds(config: DropoutSettings) -> None:
    events = list(EXPERIMENT.run(config, Controls()))
    # at p1 = 1 and without biases nothing is active in the second layer of the nets with dropout
    assert len(claims(events)) == (17 if config.p1 == 1 else 18)
    assert failed(events) == []
    assert finished(events).outcome == "completed"


def test_every_chart_is_fed(small_data: Any) -> None:
    found = curves(stream(small_data))
    for kind in ("with", "without"):
        assert [x for x, _ in found[f"{kind}/train mode"]] == [1, 2, 3, 4]
        assert [x for x, _ in found[f"{kind}/eval mode"]] == [1, 2, 3, 4]
        assert [x for x, _ in found[f"{kind}/test"]] == [1, 2, 3, 4]
    apart = dict(found["difference/with − without"])
    low, high = dict(found["difference/band low"]), dict(found["difference/band high"])
    for epoch, difference in apart.items():
        expected = dict(found["with/test"])[epoch] - dict(found["without/test"])[epoch]
        assert difference == pytest.approx(expected, abs=1e-12)
        assert low[epoch] < difference < high[epoch]
    assert {name.partition("/")[0] for name in found} == {chart.name for chart in EXPERIMENT.charts}
    law = dict(found["law/points mean loss under masks"])
    line = dict(next(v for name, v in found.items() if name.startswith("law/theory")))
    assert len(law) == 10
    assert law[0.0] == pytest.approx(line[0.0], rel=1e-12)


def test_running_averages_come_to_theory_within_their_bands(small_data: Any) -> None:
    found = curves(stream(small_data, masks=4000))
    draws = [x for x, _ in found["masks/theory 1"]]
    assert draws[-1] == 4000 * 256
    for name, band in (("mean ÷ h", "mean"), ("variance ÷ h²p/(1−p)", "variance")):
        low = [y for _, y in found[f"masks/band {band} low"]]
        assert low == sorted(low)  # ever narrower
        for (x, y), least in zip(found[f"masks/{name}"], low, strict=True):
            assert abs(y - 1) <= 1 - least, x


@pytest.mark.parametrize(
    ("rates", "values"),
    [
        ({"p1": 0.2}, {0.0, 1.25}),
        ({"p1": 0.0, "p2": 0.5}, {0.0, 2.0}),  # the first layer that drops any
        ({"p1": 0.0, "p2": 0.0}, {1.0}),
        ({"p1": 1.0}, {0.0}),
    ],
)
def test_the_mask_flickers_over_the_units(
    small_data: Any, rates: dict[str, float], values: set[float]
) -> None:
    grids = [e for e in stream(small_data, **rates) if isinstance(e, GridChanged)]
    assert len(grids) == 1 + 16  # before the first step, then each step
    flat = [[v for row in g.values for v in row] for g in grids]
    assert all([len(row) for row in g.values] == [16, 16] for g in grids)
    assert set(flat[0][:20]) == {1.0}
    assert {v for f in flat[1:] for v in f[:20]} == values
    assert all(math.isnan(v) for f in flat for v in f[20:])
    different = len({tuple(f[:20]) for f in flat[1:]})
    assert different > 10 if len(values) > 1 else different == 1


@pytest.mark.parametrize(("width", "shape"), [(128, (8, 16)), (129, (5, 32)), (256, (8, 32))])
def test_the_mask_of_a_wide_layer_has_few_rows_and_is_shown_as_it_is(
    small_data: Any, width: int, shape: tuple[int, int]
) -> None:
    events = stream(small_data, width=width, epochs=1, masks=1, nets=1)
    grid = next(e for e in reversed(events) if isinstance(e, GridChanged))
    assert (len(grid.values), len(grid.values[0])) == shape == (len(grid.rows), len(grid.columns))
    assert {v for row in grid.values for v in row if not math.isnan(v)} == {0.0, 1.25}
    assert grid.rows[-1] == str((shape[0] - 1) * shape[1])
    assert grid.whole  # a mean of neighbours would be a value that no mask has


def test_the_book_s_vector_and_a_unit_are_in_tables(small_data: Any) -> None:
    shown = tables(stream(small_data))
    book = {row[0]: row[1:] for row in shown["dropout of the book's vector"].rows}
    assert book["p = 0"] == ("0 1 2 3 4 5 6 7", "8 9 10 11 12 13 14 15")
    assert book["p = 1"] == ("0 0 0 0 0 0 0 0", "0 0 0 0 0 0 0 0")
    assert book["p = 0.5, eval"] == book["p = 0"]
    unit = {row[0]: row[1:] for row in shown["a unit h = 2 under masks"].rows}
    assert unit["variance"][1] == pytest.approx(1)
    assert unit["mean"][1] == 2
    nets = shown["the nets: mean ± standard error"]
    assert [row[0] for row in nets.rows] == ["without dropout", "with dropout", "with − without"]
    assert all("±" in str(cell) for row in nets.rows for cell in row[1:])
    alone = tables(stream(small_data, nets=1))["the nets: mean ± standard error"]
    assert not any("±" in str(cell) for row in alone.rows for cell in row[1:])


def test_train_mode_is_worse_than_eval_mode_under_heavy_dropout(small_data: Any) -> None:
    found = curves(stream(small_data, p1=0.5, p2=0.7, width=64, epochs=40, lr=0.5))
    late = {name: mean(y for _, y in found[f"with/{name}"][-5:]) for name in ("train mode", "test")}
    assert late["train mode"] > late["test"]
    evaluated = mean(y for _, y in found["with/eval mode"][-5:])
    assert late["train mode"] - evaluated > 0.02
    without = [mean(y for _, y in found[f"without/{n}"][-5:]) for n in ("train mode", "eval mode")]
    assert without[0] - without[1] < (late["train mode"] - evaluated) / 2


def test_without_any_rate_nothing_differs(small_data: Any) -> None:
    events = stream(small_data, p1=0.0, p2=0.0)
    assert all(abs(y) < 1e-6 for _, y in curves(events)["difference/with − without"])
    assert failed(events) == []
    assert not any("variance" in name for name in curves(events))


def test_wrong_masks_break_the_claims(small_data: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    right = dropout_masks.keep_mask
    monkeypatch.setattr(dropout_masks, "keep_mask", lambda h, p, g: right(h, p, g) * (1 - p))
    broken = failed(stream(small_data))
    assert {claim.partition(" ")[0] for claim in broken} == {"mean", "variance"}
    monkeypatch.setattr(dropout_masks, "keep_mask", lambda h, p, g: right(h, 1 - p, g))
    assert any("p = 0" in claim for claim in failed(stream(small_data)))


def test_nets_that_drop_nothing_are_seen(small_data: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stacked, "keep_mask", lambda h, *_: torch.ones_like(h))
    events = stream(small_data)
    assert all(abs(y) < 1e-6 for _, y in curves(events)["difference/with − without"])
    assert [c.partition(":")[0] for c in failed(events)] == [
        f"hidden{layer} of the nets with dropout" for layer in (1, 2)
    ]


def test_nets_with_other_rates_than_asked_for_are_seen(
    small_data: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = dropout._plan
    for wrong in (lambda p1, p2: (p2, p1), lambda p1, p2: (0.0, p2), lambda p1, p2: (p1, 0.3)):

        def misled(config: DropoutSettings, n: int, wrong: Any = wrong) -> NetPlan:
            return replace(plan(config, n), rates=wrong(config.p1, config.p2))

        monkeypatch.setattr(dropout, "_plan", misled)
        broken = failed(stream(small_data, masks=1, width=64))
        assert broken and all("of the nets with dropout" in claim for claim in broken)


@pytest.mark.parametrize("which", [0, 1])
def test_figures_that_are_not_the_nets_are_seen(
    small_data: Any, monkeypatch: pytest.MonkeyPatch, which: int
) -> None:
    evaluate = stacked.Stack.evaluate

    def doubled(self: Stack, batches: Any) -> tuple[Tensor, ...]:
        found = list(evaluate(self, batches))
        found[which] *= 1.02
        return tuple(found)

    monkeypatch.setattr(stacked.Stack, "evaluate", doubled)
    name = ("loss", "accuracy")[which]
    assert failed(stream(small_data)) == [
        f"first net with dropout: {split} {name} in eval mode" for split in ("train", "test")
    ]


def test_what_the_nets_show_has_its_error_and_no_verdict(small_data: Any) -> None:
    events = stream(small_data)
    assert any("not judged" in e.text for e in events if isinstance(e, Noted))
    assert not any("−" in c.claim and "net" in c.claim for c in claims(events))
    assert not any("images" in c.claim for c in claims(events))
    (apart,) = tables(events)["the nets: mean ± standard error"].rows[2:]
    assert all("±" in str(value) for value in apart[1:])


def test_a_smaller_data_set_is_taken_whole(small_data: Any) -> None:
    events = stream(small_data, examples=10**6)
    (started,) = [e for e in events if isinstance(e, RunStarted)]
    assert started.dataset and started.dataset.train_examples < 10**6
    assert finished(events).outcome == "completed"


def test_the_same_seed_gives_the_same_events_and_leaves_the_global_generator_alone(
    small_data: Any,
) -> None:
    before, threads = torch.get_rng_state(), torch.get_num_threads()
    kept = TableChanged | ClaimChecked | GridChanged
    first, again, other = (
        [e for e in stream(small_data, seed=seed) if isinstance(e, kept)] for seed in (1, 1, 2)
    )
    assert msgspec.json.encode(first) == msgspec.json.encode(again)
    assert msgspec.json.encode(first) != msgspec.json.encode(other)
    assert torch.equal(before, torch.get_rng_state())
    assert torch.get_num_threads() == threads
    assert torch.is_grad_enabled()


@pytest.mark.parametrize("after", [0, 1, 5, 14])
def test_stopped_at_any_time(small_data: Any, after: int) -> None:
    controls, events = Controls(), []
    for event in EXPERIMENT.run(DropoutSettings(**TINY, data=str(small_data)), controls):
        events.append(event)
        told = sum(isinstance(e, RunStarted | GridChanged) for e in events)
        if told > after:
            controls.request(Stop())
    assert finished(events).outcome == "stopped"
    assert finished(events).step < 16
    assert claims(events) == []


def test_paused_it_holds(small_data: Any) -> None:
    controls = Controls()
    controls.request(Pause())
    run = EXPERIMENT.run(DropoutSettings(**TINY, data=str(small_data)), controls)
    for event in run:
        if isinstance(event, ControlApplied):
            break
    told = next(event for event in run if isinstance(event, Advanced))
    assert told.done == 1
    controls.request(Resume())
    assert finished(list(run)).outcome == "completed"


def test_what_overflows_is_data(small_data: Any) -> None:
    events = stream(small_data, lr=1e30, epochs=3)
    assert finished(events).outcome == "completed"
    assert failed(events) == []
    every = [y for points in curves(events).values() for _, y in points]
    assert all(map(math.isfinite, every))
    detail = finished(events).detail
    assert detail.startswith(
        "diverged at rate 1e+30: after 3 epochs the losses of 2 of 2 nets with dropout and of 2 of "
        "2 without are no finite numbers"
    )
    assert "nan" not in detail
    assert "(theory 1.0000)" in detail


def test_one_is_no_plural(small_data: Any) -> None:
    events = stream(small_data, nets=1, epochs=1)
    note, _ = [e.text for e in events if isinstance(e, Noted)]
    assert note.startswith("1 pair of nets ")
    assert "examples: 1 epoch at rate" in note
    assert "quarter of 1 epoch (1 pair of nets)" in finished(events).detail


def test_it_says_what_is_trained(small_data: Any) -> None:
    events = stream(small_data)
    note, _ = [e.text for e in events if isinstance(e, Noted)]
    assert "2 pairs of nets 8-20-20-2" in note
    assert "p = 0.2 and 0.5" in note
    assert "4 epochs at rate 0.1" in note
    detail = finished(events).detail
    assert "test loss with less without dropout" in detail
    assert "(theory 1.0000)" in detail


def test_a_run_shorter_than_its_masks_draws_them_all(small_data: Any) -> None:
    for masks, epochs in ((1, 1), (1, 4), (7, 2), (1000, 1)):
        shown = tables(stream(small_data, masks=masks, epochs=epochs))["a unit h = 2 under masks"]
        assert shown.columns[0].startswith(f"{masks * 256:,} draws")


def test_figures_keep_their_names_whatever_is_set(small_data: Any) -> None:
    def names(**changes: Any) -> set[str]:
        events = stream(small_data, **changes)
        return {e.grid for e in events if isinstance(e, GridChanged)} | set(tables(events))

    assert names() == names(p1=0.0, p2=0.9, nets=1, masks=77)


def on_fashion_mnist(**changes: Any) -> list[Event]:
    settings = {"data": "fashion-mnist", "data_dir": os.environ["MLP_TUI_DATA"], "pace": 0.0}
    return list(EXPERIMENT.run(DropoutSettings(**settings, **changes), Controls()))


@pytest.mark.slow
@pytest.mark.real_data
@needs_data
def test_on_a_thousand_real_images_masks_make_the_train_loss_look_worse() -> None:
    events = on_fashion_mnist(nets=2, epochs=60, p1=0.5, p2=0.5)
    found = {name: dict(points)[60] for name, points in curves(events).items() if "with" in name}
    assert found["with/train mode"] > found["without/train mode"] + 0.05
    assert found["with/train mode"] > found["with/eval mode"] + 0.03
    assert found["with/eval mode"] < found["with/test"]
    assert failed(events) == []


@pytest.mark.real_data
@needs_data
@pytest.mark.slow
def test_on_a_thousand_real_images_it_lowers_the_late_test_loss() -> None:
    """Over seeds of images, weights, order and masks, by three of the mean's own errors."""
    found = torch.tensor([_late_difference(on_fashion_mnist(seed=seed)) for seed in range(4)])
    error = found.std() / len(found) ** 0.5
    assert found.mean() + 3 * error < 0
    assert abs(found.mean() - -0.067) < 3 * (error**2 + 0.007**2) ** 0.5  # as the lesson says


def _late_difference(events: list[Event]) -> float:
    late = [y for _, y in curves(events)["difference/with − without"]][-5:]
    return sum(late) / len(late)


def test_settings_say_what_cannot_be() -> None:
    with pytest.raises(BadInput, match="p1"):
        DropoutSettings(p1=1.5)
    with pytest.raises(BadInput, match="epochs"):
        DropoutSettings(epochs=-1)
    assert named("dropout") is EXPERIMENT
    keys = [f.setting.key for f in fields_of(DropoutSettings) if f.setting.key]
    assert len(keys) == len(set(keys)) == 7
