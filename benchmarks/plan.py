"""How thoroughly to measure, and on what."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Plan:
    """`quick` shrinks every measurement to a check that the benchmark works.

    `data_dir` is where torchvision's FashionMNIST directory is looked for; without it the drawn
    garments of the engine's synthetic set stand in, for every contestant alike.
    """

    quick: bool = False
    data_dir: str = field(default_factory=lambda: os.environ.get("MLP_TUI_DATA", ""))

    @property
    def real(self) -> bool:
        """Whether the real Fashion-MNIST is there."""
        return bool(self.data_dir) and (Path(self.data_dir) / "FashionMNIST").is_dir()

    @property
    def data(self) -> str:
        """The name of the data set, as the engine knows it."""
        return "fashion-mnist" if self.real else "synthetic"

    @property
    def examples(self) -> int:
        """Training examples in what is timed as an epoch."""
        return 6_000 if self.quick else 60_000

    def pairs(self, full: int) -> int:
        """How many pairs to measure, given how many a full measurement takes."""
        return 2 if self.quick else full

    def seconds(self, full: float) -> float:
        """How long to watch, given the seconds of a full measurement."""
        return min(full, 2.0) if self.quick else full
