"""What weight decay came to in the end: the table of losses and the last sentence."""

from __future__ import annotations

import torch
from torch import Tensor

from engine.events import TableChanged
from engine.lab.decay import GRID, STARTS, Decay, Plan
from engine.lab.decay_findings import WORDS
from engine.lab.decay_paths import FINE, Paths
from engine.theory.linear_models import constant_loss, expected_loss

GROWN = 1e6
"""Times the loss of the first weights: what no fit of noise comes to, and what grows soon does."""
NONE = "–"
Row = tuple[str | float, ...]


def outcome(decay: Decay, found: Paths) -> TableChanged:
    """What each choice of λ comes to, beside what predicts no more than a constant."""
    rows: list[Row] = [row for start in STARTS for row in _trained(decay, start)]
    rows += _exact(found)
    for constant in (0.0, decay.plan.truth.intercept):
        told = constant_loss(constant, decay.plan.truth).mean
        rows.append((f"{constant:g} predicted", "", told, 0.0, 0.0, "100 %"))
    return TableChanged(
        table="what it comes to",
        columns=("from", "λ", "test loss", "± sets", "‖w‖", "w = 0"),
        rows=tuple(rows),
    )


def _trained(decay: Decay, start: str) -> list[Row]:
    """The λ shown, the first of the grid at which the nets diverge, and the best of all."""
    named = [(f"{each:g}", each) for each in decay.plan.shown]
    lost = diverged(decay, start)
    if beyond := [each for each in GRID if each in lost]:
        named.append((f"lost from: {min(beyond):.3g}", min(beyond)))
    loss = decay.expected()
    kept = [each for each in decay.decays if each not in lost]
    if kept:
        best = min(kept, key=lambda each: float(loss[:, decay.place(each, start)].mean()))
        named.append((f"best: {best:.3g}", best))
    rows: list[Row] = []
    for name, strength in named:
        place = decay.place(strength, start)
        told: Row = (why_diverged(decay.plan, strength), "", "", "")
        if strength not in lost:
            told = (*_spread(loss[:, place]), *_facts(decay.nets.taken(place)[0]))
        rows.append((f"w₀ {WORDS[start]}", name, *told))
    return rows


def diverged(decay: Decay, start: str) -> set[float]:
    """The λ at which the nets of some data set have left all bounds, from this start."""
    loss = decay.expected().mean(0)
    return {each for each in decay.decays if _grown(decay, loss[decay.place(each, start)])}


def _grown(decay: Decay, loss: Tensor) -> bool:
    zero = torch.zeros_like(decay.drawn.w0[:, 0])
    first = expected_loss(decay.drawn.w0, zero, decay.plan.truth).mean()
    return not float(loss) <= GROWN * float(first)  # NaN is not


def why_diverged(plan: Plan, strength: float) -> str:
    """|1 − ηλ| > 1 lets the weights grow at every update, whatever the data."""
    if plan.penalty == "l2" and plan.lr * strength > 2:
        return f"diverged: ηλ = {plan.lr * strength:.3g} > 2"
    return "diverged"


def _exact(found: Paths) -> list[tuple[str | float, ...]]:
    """The best of the exact solutions."""
    rows: list[tuple[str | float, ...]] = []
    at = int(found.ridge_loss.mean(0).argmin())
    rows.append(_row("ridge, exact", at, found.ridge_lines(at)[0], found.ridge_loss))
    if found.lasso:
        at = int(found.lasso_loss.mean(0).argmin())
        rows.append(_row("lasso, exact", at, found.lasso_lines(at)[0], found.lasso_loss))
    return rows


def _row(name: str, at: int, weights: Tensor, loss: Tensor) -> tuple[str | float, ...]:
    return name, f"best: {float(FINE[at]):.3g}", *_spread(loss[:, at]), *_facts(weights)


def _facts(weights: Tensor) -> tuple[float, str]:
    zeros = float((weights == 0).double().mean())
    return float(weights.norm(dim=2).mean()), f"{100 * zeros:.3g} %"


def _spread(values: Tensor) -> tuple[float, str | float]:
    """Mean and standard deviation over data sets; of one alone there is no deviation."""
    return float(values.mean()), float(values.std()) if len(values) > 1 else NONE


def summary(decay: Decay) -> str:
    """What came out beside theory, in a sentence."""
    plan = decay.plan
    if not decay.epochs:
        return "nothing was trained"
    return (
        f"after {decay.updates} updates from w₀ {WORDS[plan.start]}, {_shown(decay)}; "
        f"predicting 0 scores {constant_loss(0.0, plan.truth).mean:.3g}"
        f"{_from_zero(decay)}{_lost(decay)}"
    )


def _shown(decay: Decay) -> str:
    """Norm and test loss of each net shown, or that it has none."""
    tested, parts = decay.losses(), []
    for name, (weights, _) in decay.compared().items():
        mean, deviation = _spread(tested[name][1])
        told = f"‖w‖ {float(weights.norm(dim=2).mean()):.3g}, test loss {mean:.3g}"
        if isinstance(deviation, float):
            told += f" ± {deviation:.2g}"
        if _grown(decay, tested[name][1].mean()):
            told = why_diverged(decay.plan, 0.0 if name == "λ = 0" else decay.plan.decay)
        parts.append(f"{name}: {told}")
    return "; ".join(parts)


def _from_zero(decay: Decay) -> str:
    """What λ is worth where there are no first weights to unlearn."""
    lost = diverged(decay, "zero")
    if lost.intersection(decay.plan.shown):
        return ""
    expected = decay.expected().mean(0)
    zero = [f"{float(expected[decay.place(each, 'zero')]):.3g}" for each in decay.plan.shown]
    what = f"λ brings {zero[0]} to {zero[1]}" if len(zero) > 1 else f"it is {zero[0]}"
    return f", and from w₀ = 0 {what}"


def _lost(decay: Decay) -> str:
    """How many λ of the table's and the sweep's diverged, and of how many that was certain."""
    plan = decay.plan
    lost = diverged(decay, plan.start)
    if not lost:
        return ""
    certain = sum(why_diverged(plan, each) != why_diverged(plan, 0.0) for each in lost)
    why = {0: "", len(lost): ", as ηλ > 2"}.get(certain, f", {certain} of them as ηλ > 2")
    return f"; {len(lost)} of {len(set(decay.decays))} λ diverged{why}"
