"""The registry: one benchmark per file, one line each here."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.figures import Figure
from benchmarks.plan import Plan


@dataclass(frozen=True)
class Benchmark:
    """A name for the command line, the module whose `run(plan)` measures, and what it measures."""

    name: str
    title: str

    def run(self, plan: Plan) -> Iterator[Figure]:
        """Measure; a figure is handed over as soon as it stands."""
        figures: Iterator[Figure] = importlib.import_module(f"benchmarks.{self.name}").run(plan)
        return figures


SUITE = (
    Benchmark("epoch", "One epoch of 784-256-10, batch 256, one thread"),
    Benchmark("telemetry", "Telemetry"),
    Benchmark("screen", "Throughput with the screen drawing, over the same screen at rest"),
    Benchmark("keys", "From key to echo while training at full speed"),
    Benchmark("traffic", "Bytes to the terminal while training, 4 draws a second"),
    Benchmark("first_frame", "First frame"),
    Benchmark("record", "The run's record"),
    Benchmark("reading", "Opening a long record"),
    Benchmark("following", "Viewers of a run under way"),
    Benchmark("lab_explosion", "The lab: random products of all seeds at once"),
    Benchmark("lab_propagation", "The lab: signals through 100 networks at once"),
    Benchmark("lab_race", "The lab: many networks trained as one"),
)
