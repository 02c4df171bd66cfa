"""What theory says of each entrant before the start, and what came of it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from engine.lab.entrants import Entrant
from engine.lab.finding import Finding
from engine.lab.race import Gauged, Race
from engine.rules.activations import ACTIVATIONS
from engine.rules.initializers import INITIALIZERS, Draw
from engine.theory.known_accuracies import known_accuracy
from engine.theory.propagation import predict
from engine.theory.trainability import Call, call, log_chi

LEARNED = 0.25  # of the way from a guess to all right: what no net that stands still comes to
RULE_RIGHT, RULE_TRIED = 99, 115  # cells that the rule called rightly when it was made
_RULE = "−1.5 < Σ ½log₁₀χ < 3 called 99 of 115 cells on Fashion-MNIST"
_CHI = "variance map, Schoenholz et al. 2017; fluctuations of Hanin and Nica 2020"


@dataclass(frozen=True)
class Verdict:
    """`log_chi` is the predicted Σ ½log₁₀χ; NaN, and no `call`, where theory says nothing."""

    entrant: Entrant
    log_chi: float
    call: Call | None

    @property
    def word(self) -> str:
        """The call as a cell shows it."""
        return self.call or "no call"


def verdicts(race: Race) -> list[Verdict]:
    """The rule's call on every entrant."""
    return [_verdict(race, place) for place in range(len(race.entrants))]


def _verdict(race: Race, place: int) -> Verdict:
    entrant = race.entrants[place]
    rule = INITIALIZERS[entrant.init]
    if rule.uses == "init_constant":
        return Verdict(entrant, math.nan, None)
    config = race.rules.config(entrant)
    layers = predict(
        rule,
        ACTIVATIONS[entrant.activation],
        race.widths(place),
        Draw(config.init_std[0], config.init_constant),
        race.inputs.second_moment,
    )
    decades = log_chi(layers)
    return Verdict(entrant, decades, call(decades))


def learned(accuracy: float, classes: int) -> bool:
    """Whether a test accuracy is beyond anything that guessing comes to; NaN is not.

    With ten classes from .325 on.
    """
    guess = 1 / classes
    return accuracy >= guess + LEARNED * (1 - guess)


def agreement(
    judged: Sequence[Verdict], accuracies: Sequence[float], classes: int
) -> tuple[int, int]:
    """How many calls came true, of how many."""
    called = [(v, a) for v, a in zip(judged, accuracies, strict=True) if v.call]
    right = sum((v.call == "trains") == learned(a, classes) for v, a in called)
    return right, len(called)


def rule_findings(
    judged: Sequence[Verdict], accuracies: Sequence[float], classes: int
) -> Iterator[Finding]:
    """The rule's share of right calls, beside the share it had when it was made."""
    right, called = agreement(judged, accuracies, classes)
    share = RULE_RIGHT / RULE_TRIED
    if called:
        yield Finding(
            text=f"share of {called} calls (trains or not) that came true",
            measured=right / called,
            predicted=share,
            tolerance=5 * math.sqrt(share * (1 - share) / called),
            source=_RULE,
        )


def chi_tolerance(depth: int, width: int) -> float:
    """Five sigma of log₁₀ ‖δ₁‖/‖δ_L‖ between the draws of a network, in decades.

    Var ln ‖δ‖² grows by about 5/width a layer for relu with He (Hanin and Nica 2020), the most of
    all activations here but for those whose slopes part like its own.
    """
    return 5 * math.sqrt(5 * (depth - 1) / width) / (2 * math.log(10))


def chi_findings(judged: Sequence[Verdict], gauged: Gauged, width: int) -> Iterator[Finding]:
    """Each net's measured gradient ratio at initialization beside Σ ½log₁₀χ."""
    for verdict, measured in zip(judged, gauged.log_chi, strict=True):
        if verdict.entrant.depth > 1 and math.isfinite(verdict.log_chi):
            yield Finding(
                text=f"log10 of ‖δ₁‖/‖δ_L‖ at the start, {verdict.entrant.label}",
                measured=measured,
                predicted=verdict.log_chi,
                tolerance=chi_tolerance(verdict.entrant.depth, width),
                source=_CHI,
            )


def chi_worst(judged: Sequence[Verdict], gauged: Gauged, width: int) -> Iterator[Finding]:
    """The same of many nets: the farthest from theory, in sigma."""
    each = list(chi_findings(judged, gauged, width))
    if each:
        yield Finding(
            text=f"log10 of ‖δ₁‖/‖δ_L‖ at the start: farthest of {len(each)} nets, in sigma",
            measured=max(5 * abs(f["measured"] - f["predicted"]) / f["tolerance"] for f in each),
            predicted=0.0,
            tolerance=math.sqrt(25 + 2 * math.log(len(each))),
            source=_CHI,
        )


def known_findings(
    race: Race, train_examples: int, accuracies: Sequence[float]
) -> Iterator[Finding]:
    """Accuracies of entrants that were measured before at these very settings."""
    rules = race.rules
    same = (
        race.info.name == "fashion-mnist"
        and train_examples == 10_000
        and (rules.width, rules.batch_size, rules.epochs, rules.lr) == (256, 64, 1, 0.1)
    )
    for entrant, accuracy in zip(race.entrants, accuracies, strict=True):
        known = known_accuracy(entrant.activation, entrant.init, entrant.depth)
        if same and known:
            yield Finding(
                text=f"test accuracy of {entrant.label}",
                measured=accuracy,
                predicted=known.accuracy,
                tolerance=known.tolerance(race.tests),
                source="measured before: Fashion-MNIST, one epoch of 10,000, batch 64, lr .1",
            )
