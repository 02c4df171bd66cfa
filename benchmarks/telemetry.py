"""What looking costs: a run with telemetry over one without, and telling its predictions."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.contest import contest, pairs
from benchmarks.figures import Figure, Spread, at_most, ratios
from benchmarks.plan import Plan

_OURS, _TEST = "benchmarks.ours", "benchmarks.testing"
_CONTESTS = (
    ("default telemetry ÷ none", f"{_OURS}:default", f"{_OURS}:silent", at_most(1.02), 30),
    ("vitals every 5 steps ÷ none", f"{_OURS}:every_five", f"{_OURS}:silent", None, 10),
    ("vitals every step ÷ none", f"{_OURS}:every_step", f"{_OURS}:silent", None, 10),
    ("predictions told ÷ an epoch", f"{_TEST}:predictions", f"{_OURS}:silent", at_most(0.1), 10),
    ("predictions told ÷ an evaluation", f"{_TEST}:predictions", f"{_TEST}:evaluation", None, 30),
)


def run(plan: Plan) -> Iterator[Figure]:
    """One figure for each contest: what is measured over what goes on without."""
    for what, telling, silent, goal, count in _CONTESTS:
        with contest(plan, telling, silent) as (one, other):
            times = pairs(one, other, plan.pairs(count))
        above, below = (Spread.of(seconds).median for seconds in times)
        yield Figure(what, ratios(*times), absolute=f"{above:.3f} s ÷ {below:.3f} s", goal=goal)
