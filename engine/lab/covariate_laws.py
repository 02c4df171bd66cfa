"""What theory says of the three fits, and from how many examples on it can be held to that."""

from __future__ import annotations

import math

from engine.lab.covariate import Plan
from engine.theory.importance import Shift, source_nodes
from engine.theory.importance_domain import DomainLaw, domain_law, estimated_law
from engine.theory.importance_fit import FitLaw, best_line, fit_law, limit_line

ROOM, UNEVEN = 25.0, 0.3
DOUBTFUL = 40.0  # examples that could be of either domain, from which on the law is close


def classifier_law(plan: Plan, shift: Shift) -> DomainLaw | None:
    """The classifier's law; None where it cannot express ln β, or the domains hardly overlap."""
    if not plan.specified(shift):
        return None
    law = domain_law(shift, plan.n, plan.m, plan.degree + 1)
    return law if law.doubtful >= DOUBTFUL else None


def fit_laws(plan: Plan, shift: Shift) -> dict[str, FitLaw]:
    """The laws of those fits that have one, by name."""
    task = plan.task(shift)
    plain, target = source_nodes(shift, 0), task.target()
    assert plain is not None
    laws = {
        "unweighted": fit_law(task, plain, plain, plan.n),
        "oracle": fit_law(task, target, target, plan.n),
    }
    law = _weighted(plan, shift)
    return {**laws, "weighted": law} if law else laws


def _weighted(plan: Plan, shift: Shift) -> FitLaw | None:
    """With true weights, clipped or not, or with the classifier's where it can express them."""
    task = plan.task(shift)
    if plan.weights == "classifier":
        if math.isfinite(plan.clip) or classifier_law(plan, shift) is None:
            return None
        return estimated_law(task, plan.n, plan.m, plan.degree + 1)
    power = plan.power
    once = source_nodes(shift, power, plan.clip)
    twice = source_nodes(shift, 2 * power, plan.clip)
    return fit_law(task, once, twice, plan.n) if once and twice else None


def limits(plan: Plan, shift: Shift) -> dict[str, float]:
    """The target MSE of the fits for n → ∞; none for weights that never become the true ones."""
    task, powers = plan.task(shift), {"unweighted": 0}
    if plan.weights != "classifier" or plan.specified(shift):
        powers["weighted"] = plan.power
    found = {}
    for name, power in powers.items():
        once = source_nodes(shift, power, plan.clip)
        assert once is not None  # E β = 1, if not clipped
        found[name] = task.risk(limit_line(task, once))
    best = best_line(plan.coefficients, shift.mean, shift.std**2)
    return {**found, "oracle": task.risk(best)}


def unevenness(plan: Plan, shift: Shift, name: str) -> float:
    """ρ = E w⁴/((E w²)²·n): what the law's next order in 1/n is a matter of; ∞ if not finite."""
    power = plan.power if name == "weighted" else 0
    twice = source_nodes(shift, 2 * power, plan.clip)
    fourth = source_nodes(shift, 4 * power, plan.clip)
    if twice is None or fourth is None:
        return math.inf
    fewest = min(plan.n, plan.m) if power and plan.weights == "classifier" else plan.n
    return fourth.mass / twice.mass**2 / fewest


def room(law: FitLaw, uneven: float) -> float:
    """What the next order may come to: 25·ρ of the first one, at most all of it."""
    return abs(law.mean - law.limit) * min(1.0, ROOM * uneven)
