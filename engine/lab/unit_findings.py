"""What symmetry allows and forbids, held against units that were trained."""

from __future__ import annotations

from collections.abc import Iterator

from engine.lab.finding import Finding
from engine.lab.units import EQUAL, OneUnit, Units

LARGE = 10.0
EXACT_STEPS, EXACT_LR, EXACT_SUM, EXACT_DROP = 100, 0.1, 16.0, 0.5
"""Up to here rounding has neither time nor reason to grow: equality may be unstable, and then
steps that overshoot, large sums of weights or rare, enlarged inputs multiply any difference."""
SAME_LOSS = 1e-10
_SWAP = "units that are swapped leave the loss as it is, so equal ones have equal gradients"


def findings(units: Units, one: OneUnit) -> Iterator[Finding]:
    """All that the plan of these float64 units makes testable; call it after the last step."""
    plan = units.plan
    if plan.silent:
        yield from _silence(units)
    exact = _exact(units)
    if units.steps and (plan.silent or (plan.start != "normal" and exact)):
        yield Finding(
            text="softmax, all of W2 equal: largest |entry| of ∂W1 in step 1",
            measured=units.first_step,
            predicted=0.0,
            tolerance=EQUAL,
            source="Σ (p − onehot(y)) = 0 for each example",
        )
    if plan.tied and exact:
        yield from _equal(units)
        yield Finding(
            text=f"loss of {plan.width} equal units in step {units.steps}, beside one unit's",
            measured=units.loss,
            predicted=one.loss,
            tolerance=SAME_LOSS,
            source="equal units are one unit with its outgoing weights times their number",
        )
    if units.steps > 2 and (not plan.free or _surely_free(units)):
        yield from _parting(units, exact)


def _exact(units: Units) -> bool:
    """Whether what is equal in exact arithmetic must be so within `EQUAL`."""
    plan = units.plan
    return (
        plan.optimizer == "sgd"
        and units.steps <= EXACT_STEPS
        and plan.lr <= EXACT_LR
        and plan.constant * units.w1.shape[1] <= EXACT_SUM
        and (plan.dropout != "input" or plan.drop <= EXACT_DROP)
        and _moderate(units)
    )


def _moderate(units: Units) -> bool:
    """Whether the weights have stayed of a size at which rounding is far below `EQUAL`."""
    return max(float(units.w1.abs().max()), float(units.w2.abs().max())) <= LARGE


def _surely_free(units: Units) -> bool:
    """Whether random weights, or masks, have told all units apart but for one in a billion runs."""
    plan = units.plan
    if plan.start == "normal":
        return _moderate(units)
    alike = (plan.drop**2 + (1 - plan.drop) ** 2) ** (units.steps * units.batch)
    return plan.width * alike < 1e-9


def _silence(units: Units) -> Iterator[Finding]:
    yield Finding(
        text=f"φ(0) = 0, all weights 0: largest |∂W1| or |∂W2| of {units.steps} steps",
        measured=units.largest,
        predicted=0.0,
        tolerance=0.0,
        source="∂W2 needs h = φ(0), ∂W1 needs W2; only b2 learns",
    )
    yield Finding(
        text="the largest |weight| that came of it",
        measured=max(float(units.w1.abs().max()), float(units.w2.abs().max())),
        predicted=0.0,
        tolerance=0.0,
        source="weights whose gradients are 0 stay where they are",
    )


def _equal(units: Units) -> Iterator[Finding]:
    parts = {
        "rows of W1": units.of_w1(),
        "entries of b1": units.of_b1(),
        "columns of W2": units.of_w2(),
    }
    for what, apart in parts.items():
        yield Finding(
            text=f"{what}: largest distance from the first after {units.steps} steps",
            measured=float(apart.max()),
            predicted=0.0,
            tolerance=EQUAL,
            source=_SWAP,
        )


def _parting(units: Units, exact: bool) -> Iterator[Finding]:
    """How many units have left the first one's side, and the rank that this gives W1."""
    plan = units.plan
    if not (exact or plan.silent or plan.free):
        return
    yield Finding(
        text=f"units that have parted from the first after {units.steps} steps",
        measured=units.parted(),
        predicted=plan.leavers,
        tolerance=0.0,
        source="no two units were ever given the same" if plan.free else _SWAP,
    )
    rank = _rank(units)
    if rank is not None:
        yield Finding(
            text=f"rank of W1 after {units.steps} steps",
            measured=units.rank(),
            predicted=rank,
            tolerance=0.0,
            source="its number of different rows, where these are independent",
        )


def _rank(units: Units) -> int | None:
    """The rank of W1 by theory, None where masks decide it."""
    plan = units.plan
    if plan.silent:
        return 0
    if plan.free:
        return min(units.w1.shape) if plan.start == "normal" else None
    return 1 + plan.leavers
