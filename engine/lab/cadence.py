"""When a race of so many steps is told of, measured and tested: decided by its length alone."""

from __future__ import annotations

from dataclasses import dataclass

POINTS, COLUMNS, TESTS = 300, 48, 12
AT_LEAST = 4  # steps whose losses are read together


@dataclass(frozen=True)
class Cadence:
    """Steps count from 1. Losses are told every `tell` steps, as means over these."""

    total: int

    @property
    def tell(self) -> int:
        """Steps between two tellings."""
        return max(AT_LEAST, -(-self.total // POINTS))

    @property
    def measured(self) -> range:
        """The steps whose gradients are measured: the first, and then evenly."""
        return range(1, self.total + 1, -(-self.total // COLUMNS))

    def told(self, step: int) -> bool:
        """Whether losses are read after this step."""
        return step % self.tell == 0 or step == self.total

    def tested(self, step: int) -> bool:
        """Whether all nets are tested after this step."""
        return step % -(-self.total // TESTS) == 0 or step == self.total
