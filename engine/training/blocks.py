"""Steps are made one by one and handed over in blocks: one transfer for dozens of steps."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch

from engine.events import LayerVitals, StepsMeasured
from engine.training.epochs import Tally
from engine.training.microscope import Finding, replay
from engine.training.stepper import Snapshot, Stepper
from engine.training.stopwatch import Clock

INTERVAL = 0.05  # seconds between two blocks at full speed
Columns = tuple[tuple[int, ...], tuple[LayerVitals, ...]]


class Blocks:
    """Makes steps and keeps those that were not yet handed over.

    `step` is the last update made. A block that holds a loss or a parameter that is not finite is
    replayed from a snapshot of its start: then `finding` says what went wrong, `step` is the step
    in which it did, and the stepper is in the state right before that step.
    """

    def __init__(self, stepper: Stepper, step: int, clock: Clock) -> None:
        self.step = step
        self.finding: Finding | None = None
        self._stepper = stepper
        self._clock = clock
        self._start = Snapshot(stepper)
        self._rates: list[float] = []
        self._sizes: list[int] = []
        self._deadline = clock() + INTERVAL

    def make(self, lr: float, measure: bool) -> None:
        """Make the next step with rate `lr`, measuring its vitals if asked to."""
        self.step += 1
        slot = len(self._rates)
        self._sizes.append(self._stepper.advance(self.step, lr, slot, measure=measure))
        self._rates.append(lr)

    def due(self, ahead: float = 0.0) -> bool:
        """Whether the block is full, or will have waited long enough in `ahead` seconds."""
        full = len(self._rates) == self._stepper.meter.slots
        return full or self._clock() + ahead >= self._deadline

    def hand_over(self, tally: Tally) -> StepsMeasured | None:
        """The steps since the last call, counted in `tally`; None when there are none."""
        if not self._rates or self.finding:
            return None
        losses, hits, finite = self._read()
        vitals = self._stepper.vitals.take()
        first, count = self.step - len(self._rates) + 1, len(self._rates)
        if not finite:
            self.finding = replay(self._stepper, self._start, first, self._rates)
        if self.finding:
            self.step = self.finding.step
            count = self.step - first + 1
        good = count - 1 if self.finding else count
        tally.add(losses[:good], hits[:good], self._sizes[:good])
        event = _event(first, self._rates[:count], (losses, hits), self._sizes[:count], vitals)
        self._rates.clear()
        self._sizes.clear()
        self._start.take()
        self._deadline = self._clock() + INTERVAL
        return event

    def _read(self) -> tuple[list[float], list[float], bool]:
        """Sums of each step's losses and hits; whether the losses and parameters are finite."""
        count = len(self._rates)
        sums = self._stepper.meter.read(count)
        # A sum is not finite where an entry is not; should it overflow by itself, the replay
        # finds nothing and the run goes on.
        totals = torch.stack([p.sum() for p in self._stepper.parameters.values()])
        numbers = torch.cat([sums.flatten(), totals]).tolist()
        slots = sums.shape[1]
        losses, hits = numbers[:count], numbers[slots : slots + count]
        finite = all(map(math.isfinite, losses + numbers[2 * slots :]))
        return losses, hits, finite


def _event(
    first: int,
    rates: Sequence[float],
    sums: tuple[Sequence[float], Sequence[float]],
    sizes: Sequence[int],
    vitals: Columns,
) -> StepsMeasured:
    """The event of as many steps as `sizes` has; later vitals are left out."""
    last = first + len(sizes) - 1
    kept = sum(step <= last for step in vitals[0])
    loss, accuracy = (
        tuple(value / size for value, size in zip(column, sizes, strict=False)) for column in sums
    )
    return StepsMeasured(
        first_step=first,
        loss=loss,
        accuracy=accuracy,
        lr=rates[-1],
        measured_steps=vitals[0][:kept],
        layers=tuple(_first_of(layer, kept) for layer in vitals[1]) if kept else (),
    )


def _first_of(layer: LayerVitals, count: int) -> LayerVitals:
    columns = [getattr(layer, name)[:count] for name in layer.__struct_fields__[1:]]
    return LayerVitals(layer.name, *columns)
