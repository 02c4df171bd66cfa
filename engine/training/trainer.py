"""The training loop: steps, blocks, epochs, and what is asked between two steps."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator

import torch
from torch import Tensor

from engine.config import RunConfig
from engine.controls import Controls
from engine.events import EpochFinished, Event, Noted, Outcome, RunFinished
from engine.store.checkpoint import save
from engine.telemetry.measurement import measured
from engine.training import microscope, summary
from engine.training.block import INTERVAL, Block, Tally
from engine.training.evaluation import evaluate
from engine.training.schedules import learning_rate
from engine.training.state import Progress, saved, to_meta
from engine.training.steering import Pacer, Steering
from engine.training.stepper import Snapshot, Stepper

Clock = Callable[[], float]
TestBatches = Callable[[], Iterable[tuple[Tensor, Tensor]]]


class Trainer:
    """Runs a stepper from where `progress` stands to the end of epoch `last_epoch`.

    `events` yields everything after `RunStarted`. Steps count from 1; between two steps the run
    takes what `controls` holds. `clock` gives seconds.
    """

    def __init__(
        self,
        config: RunConfig,
        stepper: Stepper,
        test_batches: TestBatches,
        controls: Controls,
        progress: Progress,
        last_epoch: int,
        digest: str,
        clock: Clock = time.perf_counter,
    ) -> None:
        self._config = config
        self._stepper = stepper
        self._test_batches = test_batches
        self._controls = controls
        self._digest = digest
        self._clock = clock
        self._steps_per_epoch = stepper.batches.steps_per_epoch
        self._first_step = self._step = progress.step
        self._tally = progress.tally
        self._steering = Steering(config.lr, config.pace, last_epoch)
        self._pacer = Pacer()
        self._last_epoch: EpochFinished | None = None
        self._diverged: microscope.Finding | None = None
        self._measured_at = -1
        self._idle = 0.0  # seconds spent paused or evaluating since the epoch began
        self._idle_before = 0.0
        self._begin = self._epoch_begin = clock()
        self._start = Snapshot(stepper)
        self._block = Block(self._step + 1, self._begin)

    def events(self) -> Iterator[Event]:
        """Train; the last event is the only `RunFinished`."""
        if self._config.matrices_every:
            yield from self._measure()
        yield from self._boundary()
        while not self._over():
            yield from self._advance()
            yield from self._boundary()
        yield from self._hand_over()
        if self._config.matrices_every and not self._diverged and self._measured_at != self._step:
            yield from self._measure()
        yield from self._save()
        yield self._finished()

    @property
    def _total_steps(self) -> int:
        return self._steering.epochs * self._steps_per_epoch

    def _over(self) -> bool:
        if self._diverged or self._steering.stop:
            return True
        return self._step >= self._total_steps and not self._steering.holding

    def _advance(self) -> Iterator[Event]:
        """One step, and whatever is due right after it."""
        config, block = self._config, self._block
        step = self._step = self._step + 1
        rate = learning_rate(
            self._steering.lr, step, config, self._steps_per_epoch, self._total_steps
        )
        every = config.measure_every
        now = self._clock()
        self._pacer.stepped(now)
        block.sizes.append(
            self._stepper.advance(
                step, rate, len(block.rates), measure=every > 0 and step % every == 0
            )
        )
        block.rates.append(rate)
        self._steering.stepped()
        if step % self._steps_per_epoch == 0:
            yield from self._hand_over()
            yield from self._finish_epoch()
        elif len(block) == self._stepper.meter.slots or now - block.started >= INTERVAL:
            yield from self._hand_over()
        if config.matrices_every and step % config.matrices_every == 0 and not self._diverged:
            yield from self._hand_over()
            yield from self._measure()

    def _boundary(self) -> Iterator[Event]:
        """Between two steps: do what was asked, hold while paused, keep the pace."""
        while not self._over():
            if self._controls.waiting:
                yield from self._obey(0.0)
            elif self._steering.holding:
                yield from self._hold()
            elif wait := self._pacer.wait(self._clock(), self._steering.pace):
                if self._clock() + wait >= self._block.started + INTERVAL:
                    yield from self._hand_over()
                yield from self._obey(wait)
            else:
                return
        if not self._diverged and not self._steering.stop and self._controls.waiting:
            yield from self._obey(0.0)  # the last chance to ask for more epochs

    def _hold(self) -> Iterator[Event]:
        yield from self._hand_over()
        if self._measured_at != self._step:
            yield from self._measure()
        begin = self._clock()
        taken = self._controls.take(None)
        self._idle += self._clock() - begin
        for control in taken:
            yield self._steering.apply(control, self._step)
        yield from self._measure_if_asked()

    def _obey(self, timeout: float) -> Iterator[Event]:
        """Apply what is asked within `timeout` seconds."""
        taken = self._controls.take(timeout)
        if not taken:
            return
        yield from self._hand_over()
        if self._diverged:
            return
        for control in taken:
            yield self._steering.apply(control, self._step)
        yield from self._measure_if_asked()

    def _measure_if_asked(self) -> Iterator[Event]:
        if self._steering.measure:
            self._steering.measure = False
            yield from self._measure()

    def _measure(self) -> Iterator[Event]:
        passed = self._stepper.probe()
        yield from measured(
            self._step, self._stepper.network, self._stepper.gradients.buffers.weights, passed.post
        )
        self._measured_at = self._step

    def _hand_over(self) -> Iterator[Event]:
        """Give away the block under way: one transfer of its numbers, one of its vitals."""
        block = self._block
        if len(block):
            count = len(block)
            sums, finite = self._read(count)
            vitals = self._stepper.vitals.take()
            if not finite:
                self._diverged = microscope.replay(
                    self._stepper, self._start, block.first_step, block.rates
                )
            good = count
            if self._diverged:
                self._step = self._diverged.step
                count = self._step - block.first_step + 1
                good = count - 1
            self._tally.add(sums, block.sizes[:good])
            yield block.event(sums, vitals, count)
        if not self._diverged:
            if len(block):
                self._start.take()
            self._block = Block(self._step + 1, self._clock())

    def _read(self, count: int) -> tuple[list[list[float]], bool]:
        """Each step's loss and hits, and whether they and the parameters are finite."""
        meter = self._stepper.meter.read()
        extremes = [torch.stack(p.aminmax()) for p in self._stepper.parameters.values()]
        values = torch.cat([meter.flatten(), *extremes])
        slots = meter.shape[1]
        numbers = values.tolist()
        sums = [numbers[:count], numbers[slots : slots + count]]
        finite = all(abs(v) < float("inf") for v in [*sums[0], *numbers[2 * slots :]])
        return sums, finite

    def _finish_epoch(self) -> Iterator[Event]:
        if self._diverged:
            return
        begin = self._clock()
        tally = self._tally
        seconds = tally.seconds + (begin - self._epoch_begin) - self._idle
        loss, accuracy = evaluate(self._stepper.network, self._test_batches())
        self._last_epoch = EpochFinished(
            epoch=self._step // self._steps_per_epoch,
            step=self._step,
            train_loss=tally.loss / tally.examples,
            train_accuracy=tally.correct / tally.examples,
            test_loss=loss,
            test_accuracy=accuracy,
            seconds=seconds,
            samples_per_second=tally.examples / seconds if seconds > 0 else 0.0,
        )
        yield self._last_epoch
        self._idle_before += self._idle
        self._idle = 0.0
        self._tally = Tally()
        self._epoch_begin = self._clock()

    def _save(self) -> Iterator[Event]:
        directory = self._controls.directory
        if directory is None:
            return
        step = self._step - 1 if self._diverged else self._step
        self._tally.seconds += self._clock() - self._epoch_begin - self._idle
        meta = to_meta(self._config, self._digest, Progress(step, self._tally))
        try:
            yield save(directory, step, saved(self._stepper), meta)
        except OSError as error:
            text = f"the checkpoint could not be written to {directory}: {error.strerror}"
            yield Noted(text=text, level="error")

    def _finished(self) -> RunFinished:
        seconds = self._clock() - self._begin - self._idle - self._idle_before
        stop = self._steering.stop
        if self._diverged:
            detail = summary.diverged(self._diverged)
            return RunFinished(outcome="diverged", detail=detail, step=self._step)
        if stop:
            outcome: Outcome = "interrupted" if stop.interrupted else "stopped"
            detail = stop.reason or summary.stopped(self._step, stop.interrupted)
            return RunFinished(outcome=outcome, detail=detail, step=self._step)
        detail = summary.completed(
            self._step - self._first_step, self._steps_per_epoch, seconds, self._last_epoch
        )
        return RunFinished(outcome="completed", detail=detail, step=self._step)
