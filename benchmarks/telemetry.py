"""What looking costs: the same run with telemetry over the run without."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.contest import contest, pairs
from benchmarks.figures import Figure, Spread, at_most, ratios
from benchmarks.plan import Plan

_CADENCES = (
    ("default telemetry ÷ none", "benchmarks.ours:default", at_most(1.02), 30),
    ("vitals every 5 steps ÷ none", "benchmarks.ours:every_five", None, 10),
    ("vitals every step ÷ none", "benchmarks.ours:every_step", None, 10),
)


def run(plan: Plan) -> Iterator[Figure]:
    """One figure for each cadence."""
    for what, where, goal, count in _CADENCES:
        with contest(plan, where, "benchmarks.ours:silent") as (telling, silent):
            times = pairs(telling, silent, plan.pairs(count))
        above, below = (Spread.of(seconds).median for seconds in times)
        yield Figure(what, ratios(*times), absolute=f"{above:.3f} s ÷ {below:.3f} s", goal=goal)
