"""What batching brings: random products of 400 seeds at once, over a loop over the seeds."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from torch import Generator

from benchmarks.figures import Figure, Spread, at_least, ratios
from benchmarks.plan import Plan
from engine.lab.products import Products, draw
from engine.lab.threads import one_thread

SIZE, FACTORS, SEEDS = 4, 100, 400


def run(plan: Plan) -> Iterator[Figure]:
    """One figure; both ways draw and multiply as many factors, with the scale carried apart."""
    seeds = 20 if plan.quick else SEEDS
    times: tuple[list[float], list[float]] = ([], [])
    with one_thread():
        for turn in range(plan.pairs(5) + 1):
            pair = (_seconds(lambda: _one_by_one(seeds)), _seconds(lambda: _multiplied(seeds, 0)))
            if turn:  # the first one warms up
                for column, seconds in zip(times, pair, strict=True):
                    column.append(seconds)
    above, below = (Spread.of(seconds).median for seconds in times)
    yield Figure(
        f"{seeds} seeds of {FACTORS} factors, a loop over seeds ÷ batched",
        ratios(*times),
        absolute=f"{above:.3f} s ÷ {below:.4f} s",
        goal=None if plan.quick else at_least(20),
    )


def _seconds(work: Callable[[], None]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def _one_by_one(seeds: int) -> None:
    for seed in range(seeds):
        _multiplied(1, seed)


def _multiplied(batch: int, seed: int) -> None:
    generator = Generator().manual_seed(seed)
    products = Products(batch, SIZE)
    for _ in range(FACTORS):
        products.multiply(draw("gaussian", batch, SIZE, 1.0, generator))
    products.log_largest()
