"""What batching brings: signals through 100 networks at once, over a loop over the networks."""

from __future__ import annotations

import time
from collections.abc import Iterator

from torch import Generator

from benchmarks.figures import Figure, Spread, ratios
from benchmarks.plan import Plan
from engine.lab.nets import Start, hidden_widths
from engine.lab.propagation import Propagation
from engine.lab.signals import pair_of_inputs
from engine.lab.threads import one_thread
from engine.rules.activations import ACTIVATIONS
from engine.rules.initializers import INITIALIZERS, Draw

DEPTH, NETS, WIDTHS = 20, 100, (16, 64, 256)


def run(plan: Plan) -> Iterator[Figure]:
    """A figure for each width; both ways draw as many weights and measure every layer."""
    nets = 10 if plan.quick else NETS
    with one_thread():
        for width in WIDTHS[:1] if plan.quick else WIDTHS:
            times: tuple[list[float], list[float]] = ([], [])
            for turn in range(plan.pairs(5) + 1):
                pair = sum(_seconds(1, width) for _ in range(nets)), _seconds(nets, width)
                if turn:  # the first one warms up
                    for column, seconds in zip(times, pair, strict=True):
                        column.append(seconds)
            above, below = (Spread.of(seconds).median for seconds in times)
            yield Figure(
                f"{nets} nets of {DEPTH} × {width} there and back, a loop over nets ÷ batched",
                ratios(*times),
                absolute=f"{above:.3f} s ÷ {below:.4f} s",
            )


def _seconds(nets: int, width: int) -> float:
    generator = Generator().manual_seed(0)
    start = Start(
        INITIALIZERS["kaiming_normal"],
        ACTIVATIONS["relu"],
        hidden_widths(width, width, DEPTH, 10),
        Draw(0.0, 0.0),
    )
    begun = time.perf_counter()
    inputs = pair_of_inputs(nets, width, 1.0, 0.5, generator)
    seen = Propagation(start, nets, inputs, generator)
    for _ in (*seen.forward(), *seen.backward()):
        pass
    return time.perf_counter() - begun
