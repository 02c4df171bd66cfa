"""What black-box shift estimation must come to, held against many targets."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from engine.lab.finding import Finding
from engine.lab.label_shift_cases import EXPECTED, RETRIED, Outcome, expected
from engine.lab.label_shift_views import joint_reading
from engine.theory import label_shift as theory

ENOUGH = 500  # target and held-out examples from which first-order laws are close
FIRST_ORDER = 0.15  # E‖C⁻¹δC‖² up to which they are
FIVE_SIGMA = 12.5  # 5²/2: chance goes beyond it once in e^12.5
_LAW = "Lipton et al. 2018, arXiv 1802.03916; delta method"


def findings(found: Outcome, random: np.random.Generator) -> Iterator[Finding]:
    """All that the settings of this case make testable."""
    yield from _sums(found)
    yield from _linear(found)
    case = found.case
    held = case.pool.held.double()
    enough = min(case.m, float(held.sum())) >= ENOUGH
    if enough and theory.matrix_noise(case.pool.matrix, held) < FIRST_ORDER:
        yield from _estimates(found)
        yield from _bars(found)
        yield _corrected(found, random)


def _sums(found: Outcome) -> Iterator[Finding]:
    solved = found.trials.estimate.isfinite().all(1)
    if not bool(solved.any()):
        return
    held = found.case.pool.held.double()
    joint = joint_reading(found)[solved]
    shares = found.trials.estimate[solved]
    yield Finding(
        text="Σ of the estimated shares, the farthest from 1 of all targets",
        measured=float(1 + (shares.sum(1) - 1).abs().max()),
        predicted=1.0,
        tolerance=1e-9,
        source="columns of C sum to 1, so 1ᵀp̂ = 1ᵀC p̂ = 1ᵀμ",
    )
    yield Finding(
        text="the same with C read as a joint share: it gives weights p/q",
        measured=float(joint[0].sum()),
        predicted=float((shares[0] * held.sum() / held).sum()),
        tolerance=1e-6,
        source="P(ŷ, y) = P(ŷ | y)·q(y): Σ p̂/q; for balanced classes their number",
    )


def _linear(found: Outcome) -> Iterator[Finding]:
    """Laws of the mean that are exact for any classifier."""
    case, trials = found.case, found.trials
    matrix, p = case.pool.matrix, case.p
    root = math.sqrt(len(trials.naive))
    worst = int((matrix @ p - p).abs().argmax())
    expected = float((matrix @ p)[worst])
    yield Finding(
        text=f"mean naive share of class {worst}, the worst one (true {float(p[worst]):.3f})",
        measured=float(trials.naive[:, worst].mean()),
        predicted=expected,
        tolerance=5 * math.sqrt(expected * (1 - expected) / case.m) / root + 1e-12,
        source="E μ̂ = C p; five sigma binomial",
    )
    accuracy = theory.accuracy(matrix, p)
    yield Finding(
        text="accuracy on the target before any correction",
        measured=float(trials.correct.mean()),
        predicted=accuracy,
        tolerance=5 * math.sqrt(accuracy * (1 - accuracy) / case.m) / root + 1e-12,
        source="Σ p(y)·recall(y); five sigma binomial",
    )


def _estimates(found: Outcome) -> Iterator[Finding]:
    case, trials = found.case, found.trials
    matrix, held, repeats = case.pool.matrix, case.pool.held.double(), len(trials.naive)
    spread = theory.covariance(matrix, case.p, case.m, held)
    std = theory.deviations(spread)
    off = (trials.estimate.mean(0) - case.p) * math.sqrt(repeats) / std
    yield Finding(
        text="mean estimated share: farthest class from its true one, in standard errors",
        measured=float(off.abs().max()),
        predicted=0.0,
        tolerance=math.sqrt(25 + 2 * math.log(len(std))),
        source=_LAW,
    )
    trace = float(spread.trace())
    # a sum of squares of nearly normal numbers has variance 2 tr Σ²
    scatter = math.sqrt(2 * float(spread.square().sum()) / repeats)
    yield Finding(
        text=f"E‖p̂ − p‖² over {repeats} targets of {case.m:,} examples",
        measured=float((trials.estimate - case.p).square().sum(1).mean()),
        predicted=trace,
        tolerance=5 * scatter + 3 * theory.matrix_noise(matrix, held) * trace,
        source=f"{_LAW}; five sigma, 3 E‖C⁻¹δC‖² of it for higher orders",
    )


def _bars(found: Outcome) -> Iterator[Finding]:
    """How often bars hold, where what is expected below 95 % is a correction and no more."""
    short = found.shortfall
    if not found.rough:
        yield Finding(
            text="share of the 95 % bars that hold the true share",
            measured=found.held,
            predicted=0.95 - short,
            tolerance=5 * math.sqrt(0.95 * 0.05 / len(found.trials.naive)) + abs(short),
            source="normal, and Edgeworth's second term (Hall 1988), as much again for later ones; "
            "five sigma binomial, classes taken as one",
        )


def _corrected(found: Outcome, random: np.random.Generator) -> Finding:
    """The accuracy lost by errors of p̂ is a quadratic form of them: a weighted sum of χ²."""
    tried = min(RETRIED, len(found.trials.naive))
    mean, deviation = expected(found.case, random)
    share = FIVE_SIGMA / tried
    noise = theory.matrix_noise(found.case.pool.matrix, found.case.pool.held.double())
    tolerance = deviation * (math.sqrt(2) * (math.sqrt(share) + share) + 5 / math.sqrt(EXPECTED))
    return Finding(
        text=f"accuracy corrected by the estimate, mean of {tried} targets",
        measured=found.after,
        predicted=mean,
        tolerance=tolerance + 3 * noise * abs(found.oracle - mean) + 1e-12,
        source="Bayes' rule with p̂/q (Saerens et al. 2002), p̂ as the delta method has it; five "
        "sigma of χ² (Laurent and Massart 2000), 3 E‖C⁻¹δC‖² for higher orders",
    )
