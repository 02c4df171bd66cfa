"""The training loop: steps, epochs, and what is asked between two steps."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import msgspec

from engine.config import RunConfig
from engine.controls import AnyControl, Controls, Pause
from engine.events import Event, Outcome, RunFinished
from engine.store.writer import State
from engine.telemetry.measurement import measured
from engine.telemetry.predictions import Predictions
from engine.training import summary
from engine.training.blocks import Blocks
from engine.training.epochs import Epochs, EvaluationBatches
from engine.training.keeping import Keeper
from engine.training.schedules import learning_rate
from engine.training.state import FORM, Best, Meta, Progress, Steered, copied
from engine.training.steering import Pacer, Steering
from engine.training.stepper import Stepper
from engine.training.stopwatch import Clock, Stopwatch


@dataclass(frozen=True)
class Plan:
    """What is to be trained: from where `progress` stands to the end of `steered.epochs`.

    `train_batches`, where given, are evaluated without dropout. `predictions` are asked of the
    same test set as `test_batches`; `digest` is that of the data, for checkpoints, and
    `circumstances` are what else can change a bit.
    """

    config: RunConfig
    stepper: Stepper
    test_batches: EvaluationBatches
    train_batches: EvaluationBatches | None
    predictions: Predictions
    progress: Progress
    steered: Steered
    digest: str
    circumstances: Mapping[str, str]


class Trainer:
    """Carries out a plan. `clock` gives seconds."""

    def __init__(self, plan: Plan, controls: Controls, clock: Clock = time.perf_counter) -> None:
        self._plan = plan
        self._controls = controls
        self._clock = clock
        self._stopwatch = Stopwatch(clock)
        begin, where = plan.steered, controls.directory
        self._steering = Steering(begin.lr, begin.pace, begin.epochs, recorded=where is not None)
        self._keeper = Keeper(where, plan.config.checkpoint_every, self._copy, clock)
        self._best = plan.progress.best
        self._pacer = Pacer()
        self._blocks = Blocks(plan.stepper, plan.progress.step, clock)
        self._epochs = Epochs(
            plan.stepper.network,
            plan.test_batches,
            plan.train_batches,
            plan.progress.tally,
            self._stopwatch,
        )
        self._steps_per_epoch = plan.stepper.batches.steps_per_epoch
        self._measured_at = self._predicted_at = -1
        self._paused = False

    def events(self) -> Iterator[Event]:
        """Train, yielding everything after `RunStarted`; the last event is `RunFinished`."""
        try:
            for event in self._train():
                with self._stopwatch.held():  # its record may wait for room, as long as it takes
                    yield event
        finally:
            self._keeper.close()

    def _train(self) -> Iterator[Event]:
        config = self._plan.config
        yield from self._steering.inherited(config.lr, config.pace, self._blocks.step)
        if self._plan.config.matrices_every:
            yield from self._measure()
        yield from self._boundary()
        while not (self._ended() or self._done()):
            yield from self._advance()
            yield from self._boundary()
        yield from self._hand_over()
        yield from self._keeper.flush(self._good_step())
        if self._plan.config.matrices_every and self._measured_at != self._blocks.step:
            yield from self._measure()
        yield from self._predict()
        yield from self._keeper.finish()
        yield self._finished()

    def _ended(self) -> bool:
        return bool(self._blocks.finding or self._steering.stop)

    def _done(self) -> bool:
        return self._blocks.step >= self._total_steps()

    def _total_steps(self) -> int:
        return self._steering.epochs * self._steps_per_epoch

    def _advance(self) -> Iterator[Event]:
        """One step, and what is due right after it."""
        config, blocks = self._plan.config, self._blocks
        step = blocks.step + 1
        total = self._total_steps()
        rate = learning_rate(self._steering.lr, step, config, self._steps_per_epoch, total)
        blocks.make(rate, _every(config.measure_every, step))
        self._steering.stepped()
        if step % self._steps_per_epoch == 0:
            yield from self._hand_over()
            yield from self._finish_epoch()
        elif blocks.due():
            yield from self._hand_over()
            if not blocks.finding:
                self._keeper.look()
        if _every(config.matrices_every, step):
            yield from self._hand_over()
            yield from self._measure()

    def _boundary(self) -> Iterator[Event]:
        """Between two steps: do what was asked, hold while paused, keep the pace."""
        yield from self._keeper.news()
        while not self._ended():
            if self._controls.waiting:
                yield from self._apply(self._controls.take())
            elif self._steering.holding:
                yield from self._hold()
            elif self._done():
                return
            elif wait := self._pacer.wait(self._clock, self._steering.pace):
                if self._blocks.due(ahead=wait):
                    yield from self._hand_over()
                yield from self._apply(self._controls.take(wait))
            else:
                return

    def _hold(self) -> Iterator[Event]:
        """Wait, paused, until something is asked."""
        yield from self._hand_over()
        if self._measured_at != self._blocks.step:
            yield from self._measure()
        if not self._blocks.finding:
            if self._blocks.step > self._plan.progress.step:
                # A pause may last, and its machine may not; steps made in it come by the dozen.
                if self._paused:
                    yield from self._keeper.pause()
                self._keeper.offer()
            self._paused = False
            yield from self._keeper.settle()
            with self._stopwatch.held():
                taken = self._controls.take(None)
            yield from self._apply(taken)

    def _apply(self, taken: list[AnyControl]) -> Iterator[Event]:
        """Do what was asked; everything made before is said first."""
        if taken:
            yield from self._hand_over()
        if self._blocks.finding:
            return
        for control in taken:
            told = self._steering.apply(control, self._blocks.step)
            self._paused |= isinstance(control, Pause) and told.before != told.after
            yield told
        if self._steering.take_save():
            yield from self._keeper.save()
        asked = self._steering.take_measure()
        if asked in ("all", "layers"):
            yield from self._measure()
        if asked in ("all", "predictions"):
            yield from self._predict()

    def _hand_over(self) -> Iterator[Event]:
        block = self._blocks.hand_over(self._epochs.tally)
        if block:
            yield block

    def _finish_epoch(self) -> Iterator[Event]:
        if self._blocks.finding:
            return
        step = self._blocks.step
        finished = self._epochs.finish(step // self._steps_per_epoch, step)
        yield finished
        best = finished.test_loss < (self._best.loss if self._best else math.inf)
        if best:
            self._best = Best(finished.test_loss, finished.epoch, step)
        self._keeper.offer(best=best, last=self._done())

    def _measure(self) -> Iterator[Event]:
        """Matrices and histograms, unless the state is that of before a divergence."""
        if self._blocks.finding:
            return
        stepper = self._plan.stepper
        passed = stepper.probe()
        self._measured_at = self._blocks.step
        gradients = stepper.gradients.buffers.weights
        yield from measured(self._measured_at, stepper.network, gradients, passed.post)

    def _predict(self) -> Iterator[Event]:
        """What is said of the test set, unless it was told; after a divergence as `_save`."""
        step = self._good_step()
        if step != self._predicted_at:
            self._predicted_at = step
            with self._stopwatch.held():
                told = self._plan.predictions.measure(step)
            yield told

    def _good_step(self) -> int:
        """The step of the state at hand: after a divergence that is the last good one."""
        return self._blocks.step - bool(self._blocks.finding)

    def _copy(self) -> State:
        """The complete state; after a divergence the last good one, a step earlier."""
        plan, steering, step = self._plan, self._steering, self._good_step()
        tally = self._epochs.tally
        tally.seconds = self._epochs.seconds()
        meta = Meta(
            config=msgspec.to_builtins(plan.config),
            digest=plan.digest,
            progress=Progress(step, tally, self._best),
            steered=Steered(steering.lr, steering.pace, steering.epochs),
            circumstances=dict(plan.circumstances),
            form=FORM,
        )
        best = self._best is not None and self._best.step == step
        return State(step, copied(plan.stepper), meta.encoded(), meta.canonical(), best)

    def _finished(self) -> RunFinished:
        step, stop = self._blocks.step, self._steering.stop
        if self._blocks.finding:
            detail = summary.diverged(self._blocks.finding)
            return RunFinished(outcome="diverged", detail=detail, step=step)
        if stop:
            detail = stop.reason or summary.stopped(step, stop.interrupted)
            outcome: Outcome = "interrupted" if stop.interrupted else "stopped"
            return RunFinished(outcome=outcome, detail=detail, step=step)
        steps = step - self._plan.progress.step
        seconds = self._stopwatch.seconds()
        detail = summary.completed(steps, self._steps_per_epoch, seconds, self._epochs.last)
        return RunFinished(outcome="completed", detail=detail, step=step)


def _every(cadence: int, step: int) -> bool:
    return cadence > 0 and step % cadence == 0
