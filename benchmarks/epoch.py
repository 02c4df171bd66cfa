"""One epoch: ours over the bare matrix products, and the peers over ours."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from benchmarks.contest import Contestant, MissingPackageError, contest, pairs
from benchmarks.figures import Figure, Goal, Spread, at_least, at_most, ratios
from benchmarks.plan import Plan

LIMIT = "benchmarks.limit:fastest"
OURS = "benchmarks.ours:default"
_AGAINST_LIMIT = (
    ("ours, telemetry off ÷ bare matrix products", "benchmarks.ours:silent", at_most(1.25)),
    ("ours, default telemetry ÷ bare matrix products", OURS, at_most(1.30)),
    ("ours, autograd path ÷ bare matrix products", "benchmarks.ours:autograd", None),
)
_PEERS = (
    ("d2l's loop, 4 workers ÷ ours", "benchmarks.peers.d2l_loop:with_workers", at_least(5)),
    ("d2l's loop, no workers ÷ ours", "benchmarks.peers.d2l_loop:alone", None),
    ("PyTorch tutorial's loop ÷ ours", "benchmarks.peers.tutorial:prepared", None),
    ("Lightning, ToTensor ÷ ours", "benchmarks.peers.lightning_loop:prepared", at_least(7)),
    ("skorch, arrays in memory ÷ ours", "benchmarks.peers.skorch_loop:prepared", None),
)


def run(plan: Plan) -> Iterator[Figure]:
    """One figure for each contestant; a peer that is not installed says so."""
    for what, where, goal in _AGAINST_LIMIT:
        with contest(plan, where, LIMIT) as (ours, limit):
            figure = _ratio(what, (ours, limit), plan.pairs(15), goal)
            yield replace(figure, absolute=f"{figure.absolute}, {limit.note}")
    for what, where, goal in _PEERS:
        try:
            with contest(plan, where, OURS) as (peer, ours):
                yield _ratio(what, (peer, ours), plan.pairs(5), goal)
        except MissingPackageError as missing:
            yield Figure(what, None, absolute=str(missing), goal=goal)


def _ratio(what: str, who: tuple[Contestant, Contestant], count: int, goal: Goal | None) -> Figure:
    times = pairs(*who, count)
    above, below = (Spread.of(seconds).median for seconds in times)
    return Figure(what, ratios(*times), absolute=f"{above:.3f} s ÷ {below:.3f} s", goal=goal)
