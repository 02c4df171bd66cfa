"""Exact solutions of the linear model, held against the data sets of a run."""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from torch import Tensor

from engine.lab.decay import Decay, Drawn
from engine.lab.decay_findings import SAME
from engine.lab.decay_paths import Paths
from engine.lab.finding import Finding
from engine.lab.penalties import proximal
from engine.theory.linear_models import Descent, Truth, least_squares_error, penalized_gradient

DESCENTS = 10  # data sets on which gradient descent is followed
ENOUGH_GAP, ENOUGH = 10, 50
"""|d − n| and directions in all, from which on the mean of squared errors is about Gaussian."""


def findings(decay: Decay, paths: Paths) -> Iterator[Finding]:
    """All that the plan makes testable."""
    yield from _descents(decay)
    n, d = decay.plan.examples, decay.plan.truth.features
    if abs(d - n) >= ENOUGH_GAP and min(n, d) * decay.plan.seeds >= ENOUGH:
        yield _least_squares(decay)
    yield Finding(
        text="ridge in closed form: largest |∂J/∂(w, b)|, every λ",
        measured=paths.ridge_slack(),
        predicted=0.0,
        tolerance=SAME,
        source="w = V diag(s/(s² + nλ)) Uᵀy, Hoerl and Kennard 1970",
    )
    yield from _lasso(decay, paths)


def _descents(decay: Decay) -> Iterator[Finding]:
    """Gradient descent on all examples at once, from w₀ ~ N(0, I), step by step."""
    plan, drawn = decay.plan, decay.drawn
    x, y = drawn.x[:DESCENTS], drawn.y[:DESCENTS]
    start = torch.nn.functional.pad(drawn.w0[:DESCENTS], (0, 1))
    for strength in plan.shown if plan.penalty == "l2" else (0.0,):
        law = Descent(x, y, strength)
        if law.stable(plan.lr):
            ended = descend(drawn, strength, plan.lr, plan.updates)
            yield Finding(
                text=f"λ = {strength:g}: full-batch w after {plan.updates} updates, off its law",
                measured=float((ended - law.after(start, plan.lr, plan.updates)).abs().max()),
                predicted=0.0,
                tolerance=SAME * max(1.0, float(ended.abs().max())),
                source="θ_k = (I − ηA)^k θ₀ + [I − (I − ηA)^k] θ_ridge",
            )


def descend(drawn: Drawn, decay: float, lr: float, updates: int) -> Tensor:
    """(w, b) [sets, d + 1] after so many updates with all examples, from (w₀, 0)."""
    x, y, w0 = drawn.x[:DESCENTS], drawn.y[:DESCENTS], drawn.w0[:DESCENTS]
    weights, intercept = w0, torch.zeros_like(w0[:, 0])
    strength = torch.full_like(intercept, decay)
    for _ in range(updates):
        gradient = penalized_gradient(x, y, weights, intercept, strength)
        weights = weights - lr * gradient[:, :-1]
        intercept = intercept - lr * gradient[:, -1]
    return torch.cat((weights, intercept.unsqueeze(1)), 1)


def least_squares_errors(drawn: Drawn, truth: Truth) -> Tensor:
    """Squared test error, σ² included, of least squares without intercept on y − b*, [seeds]."""
    labels = (drawn.y - truth.intercept).unsqueeze(2)
    weights = (torch.linalg.pinv(drawn.x) @ labels).squeeze(2)
    off: Tensor = weights - truth.weight
    return off.square().sum(1) + truth.noise**2


def _least_squares(decay: Decay) -> Finding:
    plan, truth = decay.plan, decay.plan.truth
    law = least_squares_error(plan.examples, truth)
    small = plan.examples < truth.features
    return Finding(
        text=f"squared test error of least {'norm' if small else 'squares'}, {plan.seeds} sets",
        measured=float(least_squares_errors(decay.drawn, truth).mean()),
        predicted=law.mean,
        tolerance=5 * math.sqrt(law.variance / plan.seeds) + SAME,
        source="‖w*‖²(1 − n/d) + σ²n/(d − n − 1) + σ²" if small else "σ²d/(n − d − 1) + σ²",
    )


def _lasso(decay: Decay, paths: Paths) -> Iterator[Finding]:
    limit = min(decay.plan.examples - 1, decay.plan.truth.features)
    at_first, below = (_stepped(decay, share) for share in (1.0, 0.999))
    yield Finding(
        text="weights not 0 after 100 proximal steps from 0 at λ = ‖Xᵀy‖∞/n",
        measured=int((at_first != 0).sum()),
        predicted=0.0,
        tolerance=0.0,
        source="there 0 meets the conditions of the lasso's minimum",
    )
    yield Finding(
        text="data sets where that is so at .999 of this λ",
        measured=int((below == 0).all(1).sum()),
        predicted=0.0,
        tolerance=0.0,
        source="the input that is most correlated has entered",
    )
    yield Finding(
        text=f"lasso: weights not 0 beyond min(n − 1, d) = {limit}, any λ",
        measured=max(0, max(int((p.weights != 0).sum(1).max()) for p in paths.lasso) - limit),
        predicted=0.0,
        tolerance=0.0,
        source="n centred examples determine no more: Tibshirani 2013, lemma 14",
    )
    yield Finding(
        text=f"lasso: conditions of the minimum at {sum(len(p.knots) for p in paths.lasso)} knots",
        measured=paths.slack,
        predicted=0.0,
        tolerance=SAME,
        source="xⱼ·r/n = λ sign wⱼ, or at most λ where wⱼ = 0",
    )


def _stepped(decay: Decay, share: float) -> Tensor:
    """Weights [seeds, d] after 100 proximal steps on all centred examples, from 0.

    λ is this share of the one from which on the lasso's weights are all 0.
    """
    x = decay.drawn.x - decay.drawn.x.mean(1, keepdim=True)
    y = decay.drawn.y - decay.drawn.y.mean(1, keepdim=True)
    lr = 1 / float(torch.linalg.matrix_norm(x, 2).max().square() / x.shape[1])
    weights = torch.zeros_like(x[:, :1])
    strength = None
    for _ in range(100):
        gradient = (weights @ x.mT - y.unsqueeze(1)) @ x / x.shape[1]
        if strength is None:
            strength = share * gradient.abs().amax(2, keepdim=True)
        weights = proximal(weights, gradient, lr, strength)
    return weights[:, 0]
