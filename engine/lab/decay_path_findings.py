"""The curves over λ, each held against a second way to the same number."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from engine.lab.decay import Decay, Lines, losses
from engine.lab.decay_findings import SAME, tested
from engine.lab.decay_paths import FINE, Paths
from engine.lab.finding import Finding

TRACED = 10  # the hat matrix is traced at one λ of ten


def findings(decay: Decay, paths: Paths) -> Iterator[Finding]:
    """What is drawn of ridge and lasso; call it after the last path."""
    yield _degrees(decay, paths)
    ridge, lasso = int(paths.ridge_loss.mean(0).argmin()), int(paths.lasso_loss.mean(0).argmin())
    yield _best(decay, "ridge", paths.ridge_lines(ridge), paths.ridge_loss[:, ridge])
    yield _best(decay, "lasso", paths.lasso_lines(lasso), paths.lasso_loss[:, lasso])
    yield from _constant(decay, paths)


def _degrees(decay: Decay, paths: Paths) -> Finding:
    decays = FINE[::TRACED]
    x = decay.drawn.x[: paths.sets]
    told = paths.ridge.degrees(decays)
    off = max(float((told[:, i] - traced(x, float(d))).abs().max()) for i, d in enumerate(decays))
    return Finding(
        text=f"ridge: degrees of freedom off the hat matrix's trace, {len(decays)} λ",
        measured=off,
        predicted=0.0,
        tolerance=SAME * max(x.shape[1:]),
        source="tr X(XᵀX + nλI)⁻¹Xᵀ = Σ s²/(s² + nλ), X centred: Hastie et al. 2009, eq. 3.50",
    )


def traced(x: Tensor, decay: float) -> Tensor:
    """tr X(XᵀX + nλI)⁻¹Xᵀ, [sets], for x [sets, n, d], which is centred here; λ > 0."""
    n, d = x.shape[1:]
    centred = x - x.mean(1, keepdim=True)
    gram = centred @ centred.mT if n < d else centred.mT @ centred
    shifted = gram + n * decay * torch.eye(min(n, d), dtype=x.dtype)
    hat: Tensor = torch.linalg.solve(shifted, gram)
    return hat.diagonal(dim1=1, dim2=2).sum(1)


def _best(decay: Decay, name: str, lines: Lines, law: Tensor) -> Finding:
    """The loss that is drawn beside that of the test examples."""
    sets = len(law)
    found = losses(lines, decay.drawn.x_test[:sets], decay.drawn.y_test[:sets])[:, 0]
    return tested(f"{name}, best λ", found, law, lines[1][:, 0], decay.plan.truth)


def _constant(decay: Decay, paths: Paths) -> Iterator[Finding]:
    """Where the lasso is all 0, what is left is the mean of the labels."""
    truth = decay.plan.truth
    mean = decay.drawn.y[: paths.sets].mean(1)
    law = 0.5 * ((mean - truth.intercept).square() + truth.weight_square + truth.noise**2)
    first = torch.stack([path.knots[0] for path in paths.lasso])
    above = first.unsqueeze(1) <= FINE
    if above.any():
        yield Finding(
            text="lasso: test loss where all weights are 0, less that of ȳ",
            measured=float((paths.lasso_loss - law.unsqueeze(1))[above].abs().max()),
            predicted=0.0,
            tolerance=SAME * max(1.0, float(law.max())),
            source="½((ȳ − b*)² + ‖w*‖² + σ²) from λ = ‖Xᵀy‖∞/n on",
        )
