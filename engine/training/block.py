"""The steps since the last handing over, and the books of the epoch they belong to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

from engine.events import LayerVitals, StepsMeasured

INTERVAL = 0.05  # seconds between two blocks


@dataclass
class Block:
    """Steps made but not yet handed over. `rates` and `sizes` have an entry for each."""

    first_step: int
    started: float
    rates: list[float] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.rates)

    def event(
        self,
        sums: Sequence[Sequence[float]],
        vitals: tuple[tuple[int, ...], tuple[LayerVitals, ...]],
        count: int,
    ) -> StepsMeasured:
        """The first `count` steps as an event; `sums` are each slot's loss and hits."""
        last = self.first_step + count - 1
        kept = sum(step <= last for step in vitals[0])
        pairs = [
            [value / size for value, size in zip(column, self.sizes, strict=False)][:count]
            for column in sums
        ]
        return StepsMeasured(
            first_step=self.first_step,
            loss=tuple(pairs[0]),
            accuracy=tuple(pairs[1]),
            lr=self.rates[count - 1],
            measured_steps=vitals[0][:kept],
            layers=tuple(_first(layer, kept) for layer in vitals[1]) if kept else (),
        )


class Tally(msgspec.Struct):
    """Sums over the examples an epoch has seen so far; part of the saved state."""

    loss: float = 0.0
    correct: float = 0.0
    examples: int = 0
    seconds: float = 0.0

    def add(self, sums: Sequence[Sequence[float]], sizes: Sequence[int]) -> None:
        """Count the steps whose losses and hits these are, one for each of `sizes`."""
        for loss, correct, size in zip(sums[0], sums[1], sizes, strict=False):
            self.loss += loss
            self.correct += correct
            self.examples += size


def _first(layer: LayerVitals, count: int) -> LayerVitals:
    values = [getattr(layer, name)[:count] for name in layer.__struct_fields__[1:]]
    return LayerVitals(layer.name, *values)
