"""What the experiment on weight decay draws."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from engine.events import Bars, BarsChanged, Event, SeriesExtended, TableChanged
from engine.lab.decay import GRID, STARTS, Decay
from engine.lab.decay_findings import WORDS
from engine.lab.decay_paths import FINE, Paths
from engine.theory.linear_models import constant_loss, shrinkage

COEFFICIENTS = 5  # weights of the lasso that are drawn, the first to enter
_EDGES = (-2.0, -1.5, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0)


def points(decay: Decay) -> Iterator[tuple[str, float, float]]:
    """What an epoch adds to the curves: (series, epoch, value)."""
    epoch, plan = decay.epochs, decay.plan
    for name, (train, test) in decay.losses().items():
        yield f"loss/{name} train", epoch, float(train.mean())
        yield f"loss/{name} test", epoch, float(test.mean())
    yield "loss/theory 0 predicted", epoch, constant_loss(0.0, plan.truth).mean
    for name, (weights, _) in decay.compared().items():
        yield f"norm/{name}", epoch, float(weights.norm(dim=2).mean())
    if plan.penalty == "l2" and plan.start == "normal" and plan.examples < plan.truth.features:
        start = float(decay.unseen_start.mean())
        for strength in plan.shown:
            law = shrinkage(plan.lr, strength, decay.updates) * start
            yield f"norm/theory null space, λ = {strength:g}", epoch, law


def sweep(decay: Decay) -> Iterator[Event]:
    """Test loss over λ as the nets stand now, from both starts, beside the null-space law."""
    plan = decay.plan
    loss = decay.expected().mean(0)
    over: dict[str, list[float]] = {
        start: [float(loss[decay.place(strength, start)]) for strength in GRID] for start in STARTS
    }
    for start, curve in over.items():
        yield _curve(f"sweep/w₀ {WORDS[start]}", curve)
    if plan.penalty == "l2" and plan.examples < plan.truth.features:
        square = float(decay.unseen_start.square().mean())
        kept = [shrinkage(plan.lr, strength, decay.updates) for strength in GRID]
        law = [0.5 * k * k * square + base for k, base in zip(kept, over["zero"], strict=True)]
        yield _curve("sweep/theory null space", law)
    yield _curve("sweep/theory 0 predicted", [constant_loss(0.0, plan.truth).mean] * len(GRID))


def _curve(series: str, values: list[float]) -> SeriesExtended:
    return SeriesExtended(series=series, x=tuple(_log10(GRID)), y=tuple(values), afresh=True)


def _log10(decays: tuple[float, ...]) -> list[float]:
    return torch.tensor(decays, dtype=torch.float64).log10().tolist()


def histogram(decay: Decay) -> BarsChanged:
    """Shares of all weights in bins of ½, and those that are exactly 0, at the start and now."""
    plan, start = decay.plan, decay.drawn.w0
    groups = {"start": start if plan.start == "normal" else 0 * start}
    groups |= {name: weights for name, (weights, _) in decay.compared().items()}
    return BarsChanged(
        bars="weights of all data sets",
        labels=("<-2", "-2", "-1.5", "-1", "-.5", "=0", "0", ".5", "1", "1.5", ">2"),
        groups=tuple(Bars(name, _shares(weights)) for name, weights in groups.items()),
        y="share",
    )


def _shares(weights: Tensor) -> tuple[float, ...]:
    flat = weights.flatten()
    edges = torch.tensor(_EDGES, dtype=flat.dtype)
    other = flat[(flat != 0) & flat.isfinite()]
    counts = torch.bincount(torch.bucketize(other, edges), minlength=len(_EDGES) + 1)
    shares = (counts / max(1, len(flat))).tolist()
    middle = len(shares) // 2
    return (*shares[:middle], float((flat == 0).double().mean()), *shares[middle:])


def paths(decay: Decay, found: Paths) -> Iterator[Event]:
    """The regularization paths over the data sets so far."""
    if not found.lasso:
        return
    x, sets, truth = tuple(FINE.log10().tolist()), len(found.lasso), decay.plan.truth
    places = [decay.place(strength, "zero") for strength in GRID]
    trained = decay.expected()[:sets, places].mean(0).tolist()
    yield SeriesExtended(
        series="paths/SGD, w₀ = 0", x=tuple(_log10(GRID)), y=tuple(trained), afresh=True
    )
    ridge, lasso = found.ridge_loss[:sets].mean(0), found.lasso_loss.mean(0)
    degrees = found.ridge.degrees(FINE)[:sets].mean(0)
    lines = {
        "paths/ridge": ridge,
        "paths/lasso": lasso,
        "paths/theory 0 predicted": torch.full_like(ridge, constant_loss(0.0, truth).mean),
        "paths/theory b* predicted": torch.full_like(
            ridge, constant_loss(truth.intercept, truth).mean
        ),
        "freedom/ridge: Σ s²/(s² + nλ)": degrees,
        "freedom/lasso: weights not 0": found.lasso_count.mean(0),
    }
    for series, y in lines.items():
        yield SeriesExtended(series=series, x=x, y=tuple(y.tolist()), afresh=True)


def coefficients(found: Paths) -> Iterator[Event]:
    """The first weights that enter the lasso of the first data set, over λ."""
    path = found.lasso[0]
    inside = path.knots[(path.knots >= FINE[0]) & (path.knots <= FINE[-1])]
    decays = torch.cat((FINE[FINE < 1], inside)).sort().values
    weights, _ = path.at(decays)
    x = tuple(decays.log10().tolist())
    for index in path.entered(COEFFICIENTS):
        y = tuple(weights[:, index].tolist())
        yield SeriesExtended(series=f"coefficients/w{index + 1}", x=x, y=y, afresh=True)


def conventions(decay: Decay) -> TableChanged:
    """The same steps where the loss is written another way.

    A sum over the minibatch needs a rate and a λ of its own for a last one that is smaller.
    """
    lr, strength = decay.plan.lr, decay.plan.decay
    rest = decay.plan.examples % decay.plan.batch_size
    sizes = [decay.plan.batch_size, *([rest] if rest else [])]
    sums = (
        ("½ sum (ŷ − y)² + λ/2·‖w‖²" + (f", {m} at once" if rest else ""), lr / m, strength * m)
        for m in sizes
    )
    return TableChanged(
        table="the same steps, written another way",
        columns=("loss of a minibatch", "rate", "λ"),
        rows=(
            ("½ mean (ŷ − y)² + λ/2·‖w‖² (here)", lr, strength),
            ("mean (ŷ − y)², SGD(weight_decay=λ)", lr / 2, 2 * strength),
            *sums,
        ),
    )
