"""Every event folded into what is known of a run."""

from __future__ import annotations

import math
import subprocess
import sys

import msgspec
import pytest

from engine import events
from tui.run_view import VITALS, LogLine, Mark, RunView, fold

LAYER = events.Layer(
    name="hidden1", fan_in=4, fan_out=3, parameters=15, activation="relu", initializer="he"
)


def _started(run_id: str = "a", **changes: object) -> events.RunStarted:
    settings = {
        "run_id": run_id,
        "experiment": "train",
        "config": {"epochs": 2, "batch_size": 10, "lr": 0.1},
        "layers": (LAYER,),
        "steps_per_epoch": 5,
        "total_steps": 10,
        "time": 100.0,
    }
    return events.RunStarted(**{**settings, **changes})  # type: ignore[arg-type]


def _steps(first: int, losses: list[float], time: float = 101.0, **more: object) -> events.Event:
    accuracy = tuple(0.5 for _ in losses)
    return events.StepsMeasured(
        first_step=first, loss=tuple(losses), accuracy=accuracy, lr=0.1, time=time, **more
    )  # type: ignore[arg-type]


def _vitals(steps: tuple[int, ...], value: float) -> dict[str, object]:
    columns = dict.fromkeys(VITALS, tuple(value + i for i in range(len(steps))))
    return {"measured_steps": steps, "layers": (events.LayerVitals(name="hidden1", **columns),)}


def _folded(*told: events.Event, view: RunView | None = None) -> RunView:
    view = view or RunView()
    for event in told:
        view = fold(event, view)
    return view


def _epoch(epoch: int, step: int) -> events.EpochFinished:
    return events.EpochFinished(
        epoch=epoch,
        step=step,
        train_loss=0.4,
        train_accuracy=0.8,
        test_loss=0.5,
        test_accuracy=0.75,
        seconds=1.0,
        samples_per_second=1000.0,
        time=102.0,
    )


def test_a_start_sets_the_scene() -> None:
    view = _folded(_started())
    assert (view.run_id, view.step, view.epochs, view.total_steps, view.lr) == ("a", 0, 2, 10, 0.1)
    assert math.isnan(view.seconds_left)


def test_a_start_of_another_run_forgets_the_last() -> None:
    view = _folded(_started(), _steps(1, [2.0, 1.0]), _started("b"))
    assert (view.run_id, len(view.loss), view.marks) == ("b", 0, ())


def test_steps_extend_curves_and_vitals() -> None:
    view = _folded(
        _started(), _steps(1, [2.0, 1.5], **_vitals((2,), 7.0)), _steps(3, [1.0], time=102.0)
    )
    assert (list(view.loss.x), list(view.loss.y)) == ([1, 2, 3], [2.0, 1.5, 1.0])
    assert list(view.accuracy.y) == [0.5] * 3
    assert view.step == 3
    assert set(view.vitals["hidden1"]) == set(VITALS)
    assert list(view.vitals["hidden1"]["gradient_norm"].x) == [2]
    assert view.broken is None


def test_the_speed_is_that_of_the_blocks() -> None:
    view = _folded(_started(), _steps(1, [1.0, 1.0], time=101.0))
    assert view.samples_per_second == pytest.approx(20.0)
    assert view.seconds_left == pytest.approx(8 * 10 / 20)
    view = _folded(_steps(3, [1.0] * 4, time=102.0), view=view)
    assert view.samples_per_second == pytest.approx(20 + (1 - math.exp(-1 / 2)) * 20)


def test_the_speed_depends_on_the_time_and_not_on_the_number_of_blocks() -> None:
    first = _folded(_started(), _steps(1, [1.0], time=101.0))
    once = _folded(_steps(2, [1.0] * 4, time=102.0), view=first)
    often = _folded(_steps(2, [1.0] * 2, time=101.5), _steps(4, [1.0] * 2, time=102.0), view=first)
    assert often.samples_per_second == pytest.approx(once.samples_per_second)


@pytest.mark.parametrize(
    ("what", "before", "after"),
    [("pace", "full", "2"), ("resume", "paused", "running"), ("step", "paused", "1 step")],
)
def test_the_speed_is_measured_afresh_after_a_change(what: str, before: str, after: str) -> None:
    fast = _folded(_started(), _steps(1, [1.0] * 4, time=101.0))
    held = msgspec.structs.replace(_control(what, before, after), time=110.0)
    assert math.isnan(_folded(held, view=fast).samples_per_second)
    slow = _folded(held, _steps(5, [1.0], time=111.0), _epoch(1, 5), view=fast)
    assert slow.samples_per_second == pytest.approx(10.0)


def test_a_moment_is_too_short_to_tell_the_time_left_from() -> None:
    view = _folded(_started(), _steps(1, [1.0], time=100.002))
    assert view.samples_per_second == pytest.approx(5000.0)
    assert math.isnan(view.seconds_left)
    view = _folded(_steps(2, [1.0], time=105.0), view=view)
    assert view.samples_per_second == pytest.approx(20 / 5)
    assert view.seconds_left == pytest.approx(8 * 10 / 4)


def test_the_time_left_is_no_less_than_the_pace_allows() -> None:
    slow = {"epochs": 2, "batch_size": 10, "lr": 0.1, "pace": 0.2}
    view = _folded(_started(config=slow), _steps(1, [1.0] * 5))
    assert view.seconds_left == pytest.approx(5 / 0.2)
    for pace, left in (("1 steps/s", 4.0), ("full speed", 4 / 6)):
        steered = msgspec.structs.replace(_control("pace", "0.2 steps/s", pace), time=101.0)
        after = _folded(steered, _steps(1, [1.0] * 6, time=102.0), view=view)
        assert after.seconds_left == pytest.approx(left)


def test_steps_out_of_a_pause_are_no_speed() -> None:
    view = _folded(_started(), _steps(1, [1.0] * 4), _control("pause", "running", "paused"))
    view = _folded(_control("step", "paused", "1 step"), view=view)
    view = _folded(_steps(5, [1.0], time=109.0), _epoch(1, 5), view=view)
    assert math.isnan(view.samples_per_second) and math.isnan(view.seconds_left)


@pytest.mark.parametrize(("step", "epoch"), [(0, 1), (1, 1), (5, 1), (6, 2), (10, 2)])
def test_the_epoch_under_way_counts_from_one(step: int, epoch: int) -> None:
    assert _folded(_started(first_step=step)).current_epoch == epoch


def test_the_first_loss_that_is_not_finite_is_named_once() -> None:
    view = _folded(_started(), _steps(1, [1.0, math.inf, math.nan]), _steps(4, [math.nan]))
    assert view.broken == Mark(2, "loss inf")
    assert view.loss.first_broken() == (2.0, math.inf)


def test_an_epoch_adds_a_point_to_each_average() -> None:
    view = _folded(_started(), _epoch(1, 5))
    assert view.epoch == 1
    assert [list(s.x) + list(s.y) for s in (view.train_loss, view.test_accuracy)] == [
        [5, 0.4],
        [5, 0.75],
    ]
    assert (view.train_accuracy.last, view.test_loss.last) == (0.8, 0.5)
    assert view.samples_per_second == 1000.0


def test_tables_histograms_series_and_claims_show_their_newest() -> None:
    matrices = events.MatricesMeasured(step=5, rows=())
    histograms = events.HistogramsMeasured(step=5, histograms=())
    table = events.TableChanged(table="t", columns=("a",), rows=((1.0,),))
    claim = events.ClaimChecked(
        claim="c", measured=1, predicted=1, tolerance=0.1, holds=True, source="Newman 1986"
    )
    view = _folded(
        _started(),
        matrices,
        histograms,
        table,
        claim,
        events.SeriesExtended(series="growth", x=(1.0,), y=(2.0,)),
        events.SeriesExtended(series="growth", x=(2.0,), y=(3.0,)),
    )
    assert view.matrices is matrices
    assert view.histograms is histograms
    assert view.tables == {"t": table}
    assert view.claims == {"c": claim}
    assert list(view.series["growth"].y) == [2.0, 3.0]


SHOWN = {
    "tables": (events.TableChanged, {"columns": (), "rows": ()}),
    "grids": (events.GridChanged, {"rows": (), "columns": (), "values": ()}),
    "bars": (events.BarsChanged, {"labels": (), "groups": ()}),
    "pictures": (events.PicturesShown, {"items": ()}),
    "graphs": (events.GraphChanged, {"nodes": (), "edges": ()}),
}


@pytest.mark.parametrize("mapping", SHOWN)
def test_of_what_an_experiment_shows_whole_the_newest_of_each_name_stays(mapping: str) -> None:
    kind, content = SHOWN[mapping]
    name = mapping if mapping in kind.__struct_fields__ else mapping.removesuffix("s")
    first, other, newest = (
        kind(seq=seq, **{name: of}, **content)  # type: ignore[arg-type]
        for seq, of in enumerate(("a", "b", "a"))
    )
    view = _folded(_started(), first, other, newest)
    assert getattr(view, mapping) == {"a": newest, "b": other}


def _control(what: str, before: str, after: str, note: str = "", step: int = 4) -> events.Event:
    return events.ControlApplied(step=step, what=what, before=before, after=after, note=note)


def test_a_change_of_the_rate_is_marked_and_logged() -> None:
    view = _folded(_started(), _control("lr", "0.1", "0.01"))
    assert view.marks == (Mark(4, "lr 0.1 → 0.01"),)
    assert view.log[-1].text == "step 4: lr 0.1 → 0.01"


def test_a_request_that_changed_nothing_is_only_logged() -> None:
    view = _folded(_started(), _control("lr", "0.1", "0.1", "not a rate"))
    assert view.marks == ()
    assert view.log[-1].text == "step 4: lr (not a rate)"


def test_pausing_leaves_no_mark() -> None:
    view = _folded(_started(), _control("pause", "running", "paused"))
    assert (view.paused, view.marks) == (True, ())
    assert _folded(_control("step", "running", "paused"), view=view).paused
    assert not _folded(_control("resume", "paused", "running"), view=view).paused


def test_a_measurement_asked_for_leaves_neither_a_mark_nor_a_line() -> None:
    before = _folded(_started())
    view = _folded(_control("measure", "", "measured"), view=before)
    assert (view.marks, view.log) == ((), before.log)


def test_the_pace_is_known_and_leaves_no_mark() -> None:
    view = _folded(_started(), _control("pace", "full", "10 steps/s"))
    assert (view.pace, view.marks) == (10.0, ())


def test_more_epochs_lengthen_the_axis() -> None:
    view = _folded(_started(), _control("epochs", "2", "12"))
    assert (view.epochs, view.total_steps) == (12, 60)
    assert view.marks == (Mark(4, "epochs 2 → 12"),)


def test_notes_and_checkpoints_are_logged() -> None:
    view = _folded(
        events.Noted(text="float32 products by oneDNN", level="warning", time=1.0),
        events.CheckpointSaved(step=10, file="checkpoints/10", sha256="", time=2.0),
    )
    assert view.log == (
        LogLine(1.0, "warning", "float32 products by oneDNN"),
        LogLine(2.0, "info", "step 10: saved checkpoints/10"),
    )


def test_a_checkpoint_that_was_asked_for_is_no_mark_and_a_refusal_is_told() -> None:
    asked = events.ControlApplied(step=4, what="save", after="saving")
    assert (_folded(_started(), asked).log, _folded(_started(), asked).marks) == ((), ())
    refused = events.ControlApplied(step=4, what="save", note="no checkpoints are written here")
    (line,) = _folded(_started(), refused).log
    assert line.text == "step 4: save (no checkpoints are written here)"


def test_the_plan_is_what_the_run_says_however_many_epochs_were_asked_for() -> None:
    started = events.RunStarted(
        run_id="r", experiment="train", config={"epochs": 2}, steps_per_epoch=5, total_steps=60
    )
    assert _folded(started).epochs == 12


def test_the_log_is_bounded_and_keeps_the_newest() -> None:
    view = _folded(*(events.Noted(text=str(i)) for i in range(700)))
    assert (len(view.log), view.log[0].text, view.log[-1].text) == (500, "200", "699")


@pytest.mark.parametrize(("outcome", "level"), [("diverged", "error"), ("completed", "info")])
def test_the_end_is_logged_and_nothing_is_left_to_wait_for(outcome: str, level: str) -> None:
    end = events.RunFinished(outcome=outcome, detail="so it went", step=4)  # type: ignore[arg-type]
    view = _folded(_started(), _steps(1, [1.0, 1.0]), _control("pause", "running", "paused"), end)
    assert view.finished is end
    assert not view.paused
    assert view.log[-1].level == level
    assert view.seconds_left == 0.0


def _first_run(*more: events.Event) -> RunView:
    losses = [1.0, 0.9, 0.8, 0.7, 0.6]
    return _folded(
        _started(),
        _steps(1, losses, **_vitals((5,), 1.0)),
        _epoch(1, 5),
        _steps(6, losses, **_vitals((10,), 2.0)),
        *more,
        events.RunFinished(outcome="completed", detail="", step=10),
    )


def test_a_continued_run_keeps_its_past_and_counts_on() -> None:
    second = _started("b", continues="a", first_step=10, total_steps=20)
    view = _folded(second, _steps(11, [0.5]), view=_first_run(_epoch(2, 10)))
    assert (view.run_id, view.step, view.epoch, view.epochs, view.total_steps) == (
        "b",
        11,
        2,
        4,
        20,
    )
    assert list(view.loss.x) == list(range(1, 12))
    assert view.finished is None
    assert view.marks == (Mark(10, "continued"),)


def test_a_run_taken_up_earlier_drops_what_came_after() -> None:
    broken = _first_run(_control("lr", "0.1", "9", step=9), _steps(11, [math.nan]))
    second = _started("b", continues="a", first_step=7, total_steps=20)
    view = _folded(second, _steps(8, [0.3], **_vitals((8,), 3.0)), view=broken)
    assert (list(view.loss.x), view.loss.last) == ([1, 2, 3, 4, 5, 6, 7, 8], 0.3)
    assert list(view.vitals["hidden1"]["dead"].x) == [5, 8]
    assert view.loss.first_broken() is None
    assert view.broken is None
    assert (view.epoch, view.epochs) == (1, 4)
    assert view.marks == (Mark(7, "continued"),)
    assert len(broken.loss) == 11


def test_a_run_that_continues_one_not_seen_starts_where_it_says() -> None:
    view = _folded(_started("b", continues="elsewhere", first_step=7, total_steps=20))
    assert (view.step, len(view.loss)) == (7, 0)


def test_every_event_has_a_fold() -> None:
    for kind in events.Event.__subclasses__():
        assert fold.dispatch(kind) is not fold.dispatch(events.Event), kind


def test_an_unknown_event_is_an_error() -> None:
    with pytest.raises(TypeError, match="no fold for Event"):
        fold(events.Event(), RunView())


def test_the_fold_needs_neither_a_screen_nor_tensors() -> None:
    script = (
        "import sys, tui.run_view;"
        "print([m for m in ('textual', 'rich', 'plotext', 'torch', 'numpy') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def _saved(step: int) -> events.CheckpointSaved:
    return events.CheckpointSaved(step=step, file=f"step-{step}.safetensors", sha256="0")


def test_a_fault_stays_until_what_it_was_about_succeeds() -> None:
    unsaved = events.Noted(text="no checkpoint", level="error", about="checkpoint")
    unsynced = events.Noted(text="not durable", level="error", about="record")
    view = fold(unsaved, fold(_started(), RunView()))
    assert view.fault == "no checkpoint"
    assert fold(events.Noted(text="as an aside"), view).fault == "no checkpoint"
    assert fold(_saved(5), view).fault == ""
    both = fold(unsaved, fold(unsynced, view))
    assert both.fault == "no checkpoint"
    assert fold(_saved(5), both).fault == "not durable"


def test_a_run_that_goes_on_has_a_record_of_its_own() -> None:
    view = fold(events.Noted(text="not durable", level="error"), fold(_started(), RunView()))
    assert view.fault == "not durable"
    assert fold(_started("b", continues="a", first_step=5), view).fault == ""
