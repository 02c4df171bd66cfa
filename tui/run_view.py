"""What is known of a run, folded from its events: live, attached and replayed runs alike.

Pure: no screen, no tensors, no clock.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import singledispatch
from typing import Any

from engine import events
from tui.known import LogLine, Mark, RunView
from tui.rate import Rate, told_pace
from tui.series import Series

__all__ = ["VITALS", "LogLine", "Mark", "RunView", "fold"]

VITALS = tuple(name for name in events.LayerVitals.__struct_fields__ if name != "name")
_LOG_LINES = 500


@singledispatch
def fold(event: events.Event, view: RunView) -> RunView:
    """`view` after `event`."""
    raise TypeError(f"no fold for {type(event).__name__}")


@fold.register(events.RunStarted)
def _(event: events.RunStarted, view: RunView) -> RunView:
    fresh = RunView(
        started=event,
        step=event.first_step,
        total_steps=event.total_steps,
        last_time=event.time,
    )
    fresh = replace(
        fresh,
        epochs=_planned(event) or _whole(fresh.number("epochs", 0.0)),
        lr=fresh.number("lr", math.nan),
        base_lr=fresh.number("lr", math.nan),
        pace=fresh.number("pace", 0.0),
    )
    if not event.continues or event.continues != view.run_id:
        return fresh
    return _continued(event, view)


@fold.register(events.StepsMeasured)
def _(event: events.StepsMeasured, view: RunView) -> RunView:
    count = len(event.loss)
    steps = array("d", range(event.first_step, event.first_step + count))
    broken = view.broken
    if broken is None and not math.isfinite(sum(event.loss)):
        bad = next((i for i, loss in enumerate(event.loss) if not math.isfinite(loss)), None)
        broken = None if bad is None else Mark(int(steps[bad]), f"loss {event.loss[bad]}")
    return replace(
        view,
        step=event.first_step + count - 1,
        lr=event.lr,
        loss=_grown(view.loss, steps, event.loss),
        accuracy=_grown(view.accuracy, steps, event.accuracy),
        vitals=_with_vitals(view.vitals, event),
        rate=_rate(view, event),
        last_time=event.time,
        broken=broken,
    )


@fold.register(events.EpochFinished)
def _(event: events.EpochFinished, view: RunView) -> RunView:
    def longer(series: Series, value: float) -> Series:
        return _grown(series, (event.step,), (value,))

    if not math.isnan(event.train_accuracy_eval):
        view = replace(
            view,
            train_loss_eval=longer(view.train_loss_eval, event.train_loss_eval),
            train_accuracy_eval=longer(view.train_accuracy_eval, event.train_accuracy_eval),
        )
    return replace(
        view,
        epoch=event.epoch,
        train_loss=longer(view.train_loss, event.train_loss),
        train_accuracy=longer(view.train_accuracy, event.train_accuracy),
        test_loss=longer(view.test_loss, event.test_loss),
        test_accuracy=longer(view.test_accuracy, event.test_accuracy),
        rate=_rate_or(view, Rate(event.samples_per_second, event.seconds)),
        last_time=event.time,
    )


@fold.register(events.MatricesMeasured)
def _(event: events.MatricesMeasured, view: RunView) -> RunView:
    return replace(view, matrices=event)


@fold.register(events.HistogramsMeasured)
def _(event: events.HistogramsMeasured, view: RunView) -> RunView:
    return replace(view, histograms=event)


@fold.register(events.ControlApplied)
def _(event: events.ControlApplied, view: RunView) -> RunView:
    if event.what in ("measure", "save") and not event.note:  # what was measured or saved says it
        return replace(view, last_time=event.time)
    changed = event.before != event.after
    text = f"{event.what} {event.before} → {event.after}" if changed else event.what
    line = f"{text} ({event.note})" if event.note else text
    view = _logged(view, LogLine(event.time, "info", f"step {event.step:,}: {line}"))
    view = replace(view, last_time=event.time)
    if event.what == "learning rate":
        view = _with_base_lr(view, event.after)
    if not changed:
        return view
    if event.what in ("pace", "resume", "step"):
        view = replace(view, rate=Rate())  # the speed before says nothing now
    if event.what in ("pause", "resume"):
        return replace(view, paused=event.after == "paused")
    if event.what == "step":
        return view  # after so many steps it holds again by itself
    if event.what == "pace":
        return replace(view, pace=told_pace(event.after))
    if event.what == "epochs":
        added = int(event.after) - int(event.before)
        total = view.total_steps + added * view.steps_per_epoch
        view = replace(view, epochs=int(event.after), total_steps=total)
    return replace(view, marks=(*view.marks, Mark(event.step, text)))


@fold.register(events.SeriesExtended)
def _(event: events.SeriesExtended, view: RunView) -> RunView:
    known = Series() if event.afresh else view.series.get(event.series, Series())
    grown = _grown(known, event.x, event.y)
    return replace(view, series={**view.series, event.series: grown})


def _keep_newest(event_type: type[events.Event], mapping: str, name: str) -> None:
    """`fold` keeps the newest event of each `name` in the view's `mapping`."""

    @fold.register(event_type)
    def _(event: events.Event, view: RunView) -> RunView:
        newest: dict[str, Any] = {mapping: {**getattr(view, mapping), getattr(event, name): event}}
        return replace(view, **newest)


_keep_newest(events.TableChanged, "tables", "table")
_keep_newest(events.GridChanged, "grids", "grid")
_keep_newest(events.BarsChanged, "bars", "bars")
_keep_newest(events.PicturesShown, "pictures", "pictures")
_keep_newest(events.GraphChanged, "graphs", "graph")
_keep_newest(events.ClaimChecked, "claims", "claim")


@fold.register(events.PredictionsMeasured)
def _(event: events.PredictionsMeasured, view: RunView) -> RunView:
    return replace(view, predictions=event)


@fold.register(events.Advanced)
def _(event: events.Advanced, view: RunView) -> RunView:
    return replace(view, advanced=event, last_time=event.time)


@fold.register(events.CheckpointSaved)
def _(event: events.CheckpointSaved, view: RunView) -> RunView:
    view = replace(view, faults=_without(view.faults, "checkpoint"))
    return _logged(view, LogLine(event.time, "info", f"step {event.step:,}: saved {event.file}"))


@fold.register(events.Noted)
def _(event: events.Noted, view: RunView) -> RunView:
    if event.level == "error":
        known = _without(view.faults, event.about)
        view = replace(view, faults={**known, event.about: event.text})  # the newest is the last
    return _logged(view, LogLine(event.time, event.level, event.text))


@fold.register(events.RunFinished)
def _(event: events.RunFinished, view: RunView) -> RunView:
    level: events.Level = "error" if event.outcome in ("failed", "diverged") else "info"
    line = LogLine(event.time, level, f"{event.outcome}: {event.detail}")
    return replace(_logged(view, line), finished=event, paused=False, last_time=event.time)


def _planned(event: events.RunStarted) -> int:
    """The number of the last epoch; 0 where the run does not tell."""
    return event.total_steps // event.steps_per_epoch if event.steps_per_epoch else 0


def _continued(event: events.RunStarted, view: RunView) -> RunView:
    """The run goes on from a state of `view`'s: what that had done up to there is its past."""
    step = event.first_step

    def past(known: Mapping[str, Series]) -> Mapping[str, Series]:
        return {name: series.until(step) for name, series in known.items()}

    per_epoch = event.steps_per_epoch
    added = _whole(RunView(started=event).number("epochs", 0.0))
    return replace(
        view,
        started=event,
        step=step,
        epoch=step // per_epoch if per_epoch else view.epoch,
        epochs=_planned(event) or view.epoch + added,
        total_steps=event.total_steps,
        paused=False,
        base_lr=RunView(started=event).number("lr", math.nan),
        pace=RunView(started=event).number("pace", 0.0),
        rate=Rate(),
        finished=None,
        faults={},
        broken=None,
        last_time=event.time,
        loss=view.loss.until(step),
        accuracy=view.accuracy.until(step),
        train_loss=view.train_loss.until(step),
        train_accuracy=view.train_accuracy.until(step),
        train_loss_eval=view.train_loss_eval.until(step),
        train_accuracy_eval=view.train_accuracy_eval.until(step),
        test_loss=view.test_loss.until(step),
        test_accuracy=view.test_accuracy.until(step),
        vitals={layer: past(columns) for layer, columns in view.vitals.items()},
        marks=(*(m for m in view.marks if m.step <= step), Mark(step, "continued")),
    )


def _with_base_lr(view: RunView, told: str) -> RunView:
    """What a schedule makes of the rate moves with it, though a run that holds makes no step."""
    base = _number(told)
    if not base > 0:
        return view
    share = view.lr / view.base_lr if view.base_lr > 0 and math.isfinite(view.lr) else 1.0
    return replace(view, base_lr=base, lr=base * share)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:  # of another version
        return math.nan


def _grown(series: Series, x: Sequence[float], y: Sequence[float]) -> Series:
    """With these points; where a lost line makes them go back, they take the old ones' place."""
    if x and len(series) and x[0] < series.x_extent[1]:
        series = series.until(math.nextafter(x[0], -math.inf))
    return series.extended(x, y)


def _without(faults: dict[str, str], about: str) -> dict[str, str]:
    return {name: text for name, text in faults.items() if name != about}


def _whole(value: float) -> int:
    return int(value) if math.isfinite(value) else 0


def _logged(view: RunView, line: LogLine) -> RunView:
    return replace(view, log=(*view.log[-_LOG_LINES + 1 :], line))


def _with_vitals(
    known: Mapping[str, Mapping[str, Series]], event: events.StepsMeasured
) -> Mapping[str, Mapping[str, Series]]:
    if not event.measured_steps:
        return known
    grown = dict(known)
    for layer in event.layers:
        columns = grown.get(layer.name, {})
        grown[layer.name] = {
            name: _grown(columns.get(name, Series()), event.measured_steps, getattr(layer, name))
            for name in VITALS
        }
    return grown


def _rate(view: RunView, event: events.StepsMeasured) -> Rate:
    """The speed with this block; steps out of a pause, one by one, are no speed."""
    if view.paused:
        return Rate()
    return view.rate.after(
        len(event.loss) * view.number("batch_size", 0.0), event.time - view.last_time
    )


def _rate_or(view: RunView, of_epoch: Rate) -> Rate:
    """The speed of the blocks, or where there is none that of the epoch."""
    return of_epoch if math.isnan(view.samples_per_second) and not view.paused else view.rate
