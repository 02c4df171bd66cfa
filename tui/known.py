"""What is known of a run: plain values, whichever way they came to be known."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine import events
from tui.rate import Rate
from tui.series import Series


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened at a step and belongs on the chart, e.g. "lr 0.1 → 0.01"."""

    step: int
    text: str


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of the run's log."""

    time: float
    level: events.Level
    text: str


@dataclass(frozen=True, slots=True)
class RunView:
    """A run as it stands. Every curve's x is the step; accuracies are fractions.

    `lr` is the learning rate of the newest step, `base_lr` the one that a schedule is laid over:
    it is what a person steers. `pace` is in steps per second, 0 for full speed.
    """

    started: events.RunStarted | None = None
    step: int = 0
    epoch: int = 0
    epochs: int = 0
    total_steps: int = 0
    lr: float = math.nan
    base_lr: float = math.nan
    pace: float = 0.0
    paused: bool = False
    rate: Rate = field(default_factory=Rate)
    loss: Series = field(default_factory=Series)
    accuracy: Series = field(default_factory=Series)
    train_loss: Series = field(default_factory=Series)
    train_accuracy: Series = field(default_factory=Series)
    train_loss_eval: Series = field(default_factory=Series)
    train_accuracy_eval: Series = field(default_factory=Series)
    test_loss: Series = field(default_factory=Series)
    test_accuracy: Series = field(default_factory=Series)
    vitals: Mapping[str, Mapping[str, Series]] = field(default_factory=dict)
    matrices: events.MatricesMeasured | None = None
    histograms: events.HistogramsMeasured | None = None
    series: Mapping[str, Series] = field(default_factory=dict)
    tables: Mapping[str, events.TableChanged] = field(default_factory=dict)
    grids: Mapping[str, events.GridChanged] = field(default_factory=dict)
    bars: Mapping[str, events.BarsChanged] = field(default_factory=dict)
    pictures: Mapping[str, events.PicturesShown] = field(default_factory=dict)
    graphs: Mapping[str, events.GraphChanged] = field(default_factory=dict)
    predictions: events.PredictionsMeasured | None = None
    claims: Mapping[str, events.ClaimChecked] = field(default_factory=dict)
    advanced: events.Advanced | None = None
    marks: tuple[Mark, ...] = ()
    log: tuple[LogLine, ...] = ()
    faults: dict[str, str] = field(default_factory=dict)
    broken: Mark | None = None
    last_time: float = math.nan
    finished: events.RunFinished | None = None

    @property
    def run_id(self) -> str:
        """The run's id; "" before it has started."""
        return self.started.run_id if self.started else ""

    @property
    def fault(self) -> str:
        """The newest thing that is wrong with the run and has not been put right; "" for none."""
        return next(reversed(self.faults.values()), "")

    @property
    def config(self) -> dict[str, Any]:
        """The run's settings; empty before it has started."""
        return self.started.config if self.started else {}

    def number(self, setting: str, default: float) -> float:
        """A setting that is a number; `default` where another version recorded something else."""
        value = self.config.get(setting)
        return float(value) if isinstance(value, int | float) else default

    @property
    def steps_per_epoch(self) -> int:
        """Updates in one pass over the training set."""
        return self.started.steps_per_epoch if self.started else 0

    @property
    def current_epoch(self) -> int:
        """The epoch that the newest step belongs to, counted from 1; 0 where nothing is known."""
        if not self.steps_per_epoch:
            return self.epoch
        return max(1, -(-self.step // self.steps_per_epoch))

    @property
    def samples_per_second(self) -> float:
        """The present speed, smoothed; NaN where nothing was measured."""
        return self.rate.per_second

    @property
    def seconds_left(self) -> float:
        """The time to the end at the present speed, which is no higher than the pace; NaN where
        nobody can tell.
        """
        if self.finished:
            return 0.0
        steps = self.total_steps - self.step
        batch = self.number("batch_size", 0.0)
        if steps <= 0 or not batch or self.paused:
            return math.nan
        left = self.rate.seconds_for(steps * batch)
        return max(left, steps / self.pace) if self.pace else left
