"""What weight decay does to nets that were trained, held against what it must do."""

from __future__ import annotations

import math
from collections.abc import Iterator

from torch import Tensor

from engine.lab.decay import TEST_EXAMPLES, Decay, Plan, residuals
from engine.lab.finding import Finding
from engine.theory.interpolation import Interpolation
from engine.theory.linear_models import (
    Moments,
    Truth,
    constant_loss,
    expected_loss,
    null_square,
    shrinkage,
)

SAME = 1e-10  # what rounding may leave of a law that is exact
MODERATE = 1e3  # weights up to here leave rounding far below `SAME`
HELD = 1e-20  # of ‖w‖²: far less outside the inputs' span is rounding of what is inside
CONVERGED = 1e-3  # of the test loss may still change until all examples are fitted
CROSSED = 0.3  # ηλt: a quarter of the weights of N(0, 1) lie nearer to 0 than that
MANY = 50  # weights, or numbers in a sum that is about Gaussian

KNOWN = {
    ("normal", 0.0): (Moments(13.3769, 0.495), Moments(89.77, 88.95)),
    ("normal", 3.0): (Moments(0.36412, 3.662e-4), Moments(0.09176, 7.193e-4)),
    ("zero", 0.0): (Moments(0.046657, 4.852e-5), Moments(0.0101807, 1.117e-7)),
    ("zero", 3.0): (Moments(0.034773, 2.739e-5), Moments(0.0098253, 1.978e-7)),
}
"""At the chapter's settings, for a start and a λ: ‖w‖ and test loss on infinitely many examples,
mean and variance over `KNOWN_SETS` data sets."""
KNOWN_SETS = 4000
_CHAPTER = {"penalty": "l2", "examples": 20, "batch_size": 5, "lr": 0.003, "epochs": 100}


def findings(decay: Decay) -> Iterator[Finding]:
    """All that the plan makes testable; call it after the last epoch."""
    plan = decay.plan
    moderate = decay.largest <= MODERATE
    if plan.penalty == "l2" and plan.examples < plan.truth.features and moderate:
        yield from _unseen(decay)
    if moderate:
        yield from _tested(decay)
    yield _constant(decay)
    if plan.penalty == "l2":
        yield from _chapter(decay)
    elif plan.decay and moderate:
        yield from _zeros(decay)


def _unseen(decay: Decay) -> Iterator[Finding]:
    plan = decay.plan
    yield Finding(
        text=f"‖P₀w − (1 − ηλ)ᵗP₀w₀‖, worst of {plan.seeds} sets, {plan.epochs} epochs",
        measured=decay.null_error,
        predicted=0.0,
        tolerance=SAME,
        source="gradients are combinations of training inputs: outside there is decay alone",
    )
    if plan.start != "normal" or _few(plan):
        return
    chi_square = null_square(plan.examples, plan.truth.features)
    for strength in plan.shown:
        kept = shrinkage(plan.lr, strength, plan.updates) ** 2
        lines = decay.nets.taken(decay.place(strength))[0]
        if kept * chi_square.mean <= HELD * float(lines.square().sum(2).mean()):
            continue
        yield Finding(
            text=f"λ = {strength:g}: mean ‖P₀w‖² after {plan.updates} updates",
            measured=float(decay.unseen(lines).square().sum(2).mean()),
            predicted=kept * chi_square.mean,
            tolerance=5 * kept * math.sqrt(chi_square.variance / plan.seeds),
            source="(1 − ηλ)²ᵗ(d − n), χ² with d − n degrees of freedom",
        )


def _few(plan: Plan) -> bool:
    """Whether the squares of w₀ outside the inputs' span are too few for their sum to be tame."""
    return (plan.truth.features - plan.examples) * plan.seeds < MANY


def _tested(decay: Decay) -> Iterator[Finding]:
    """The test examples' loss beside that of infinitely many, which the weights determine."""
    truth = decay.plan.truth
    measured = decay.losses()
    for name, (weights, intercepts) in decay.compared().items():
        law = expected_loss(weights, intercepts, truth)[:, 0]
        yield tested(name, measured[name][1], law, intercepts[:, 0], truth)
    if decay.plan.start == "normal" and decay.plan.examples < truth.features:
        yield from _unlearned(decay, measured["λ = 0"][1])


def tested(name: str, measured: Tensor, law: Tensor, intercepts: Tensor, truth: Truth) -> Finding:
    """The loss on `TEST_EXAMPLES` beside that on infinitely many, [sets], of given weights."""
    off = (intercepts - truth.intercept).square()
    spread = 2 * law - off
    variance = (2 * spread.square() + 4 * spread * off) / (4 * TEST_EXAMPLES)
    return Finding(
        text=f"{name}: mean test loss",
        measured=float(measured.mean()),
        predicted=float(law.mean()),
        tolerance=5 * float(variance.sum().sqrt()) / len(law) + SAME,
        source="½(‖w − w*‖² + (b − b*)² + σ²) of these weights",
    )


def _unlearned(decay: Decay, test: Tensor) -> Iterator[Finding]:
    """All that SGD without decay can learn beside what it then scores, given the inputs."""
    plan, truth, drawn = decay.plan, decay.plan.truth, decay.drawn
    law = Interpolation(drawn.x, truth)
    mean, variance = law.moments()
    predicted = 0.5 * float(mean.mean() + truth.noise**2)
    residual = residuals(decay.nets.taken(decay.place(0.0)), drawn.x, drawn.y)[:, 0]
    left = law.to_go(residual)
    unlearned = float((left * law.fitted() + 0.5 * left.square()).mean())
    few = 2 * mean.sum().square() < MANY * variance.sum()  # degrees of freedom, Satterthwaite
    if few or not unlearned <= CONVERGED * predicted:
        return
    of_examples = 0.5 * ((mean + truth.noise**2).square() + variance) / TEST_EXAMPLES
    spread = float((0.25 * variance + of_examples).sum().sqrt()) / plan.seeds
    yield Finding(
        text="λ = 0: mean test loss, from w₀ ~ N(0, I)",
        measured=float(test.mean()),
        predicted=predicted,
        tolerance=5 * spread + CONVERGED * predicted,
        source="½(d − n)(1 + .01²): w₀ where no example looks; ½σ²(1 + tr (XXᵀ)⁻¹): noise",
    )


def _constant(decay: Decay) -> Finding:
    plan = decay.plan
    law = constant_loss(0.0, plan.truth)
    return Finding(
        text="test loss where 0 is predicted for all",
        measured=float(0.5 * decay.drawn.y_test.square().mean()),
        predicted=law.mean,
        tolerance=5 * math.sqrt(law.variance / (plan.seeds * TEST_EXAMPLES)),
        source="½(b*² + ‖w*‖² + σ²)",
    )


def _chapter(decay: Decay) -> Iterator[Finding]:
    """The chapter's figures, at the chapter's settings."""
    plan = decay.plan
    if not of_the_chapter(plan):
        return
    for (start, strength), (norm, loss) in KNOWN.items():
        if strength not in plan.shown:
            continue
        place = decay.place(strength, start)
        measured = (
            ("‖w‖", norm, decay.nets.taken(place)[0].norm(dim=2).mean()),
            ("test loss", loss, decay.expected()[:, place].mean()),
        )
        for what, law, mean in measured:
            yield Finding(
                text=f"λ = {strength:g}, w₀ {WORDS[start]}: mean {what}",
                measured=float(mean),
                predicted=law.mean,
                tolerance=5 * math.sqrt(law.variance * (1 / plan.seeds + 1 / KNOWN_SETS)),
                source=f"the chapter's settings, measured over {KNOWN_SETS:,} data sets",
            )


WORDS = {"normal": "~ N(0, I)", "zero": "= 0"}


def of_the_chapter(plan: Plan) -> bool:
    """Whether the settings are the chapter's, whatever λ and start."""
    same = all(getattr(plan, name) == value for name, value in _CHAPTER.items())
    return same and plan.truth == Truth(200)


def _zeros(decay: Decay) -> Iterator[Finding]:
    plan = decay.plan
    exact = (decay.nets.taken(decay.place(plan.decay))[0] == 0).sum(2)
    plain = decay.compared()["subgradient"][0]
    yield Finding(
        text="weights that are exactly 0 by the plain subgradient",
        measured=int((plain == 0).sum()),
        predicted=0.0,
        tolerance=0.0,
        source="its steps lead over 0, not onto it",
    )
    if plan.start == "zero" and plan.decay >= _pull_at_most(decay):
        yield Finding(
            text="proximal step from 0, λ above any minibatch's |∂loss|: weights not 0",
            measured=int(exact.numel() * plan.truth.features - exact.sum()),
            predicted=0.0,
            tolerance=0.0,
            source="ηλ takes back more than any step adds",
        )
    travel = plan.lr * plan.decay * plan.updates
    many = plan.truth.features >= MANY and plan.examples < plan.truth.features
    residual = math.sqrt(2 * float(decay.losses()[f"λ = {plan.decay:g}"][0].max()))
    if plan.start == "normal" and travel >= CROSSED and many and residual <= plan.decay:
        yield Finding(
            text="nets without an exact 0 after proximal steps",
            measured=int((exact == 0).sum()),
            predicted=0.0,
            tolerance=0.0,
            source=f"|w₀| < ηλt = {travel:.3g} holds for many of {plan.truth.features} weights",
        )


def _pull_at_most(decay: Decay) -> float:
    """No minibatch's gradient of a weight is larger, while all weights are 0 and b is between 0
    and the labels.
    """
    drawn = decay.drawn
    return float(drawn.x.abs().max() * 2 * drawn.y.abs().max())
