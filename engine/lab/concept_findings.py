"""What relabelling must come to, held against a target that was relabelled."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from engine.lab.concept import Adapted, Concept, Relabelled
from engine.lab.detector import Detected, of_nothing
from engine.lab.finding import Finding
from engine.theory import concept_shift as theory

LABELS = (5, 10, 20, 50, 100, 200, 500, 1000, 2000)
"""Labels that a monitor may have: where nearly all notice, or none, the law would say little."""


def of_line(concept: Concept, found: Sequence[Relabelled]) -> Iterator[Finding]:
    """The accuracy at every fraction, and at both ends."""
    off = [
        abs(each.accuracy - concept.law(each.fraction)) / concept.sigma(each.fraction)
        for each in found
        if concept.sigma(each.fraction) > 0
    ]
    if off:
        yield Finding(
            text=f"accuracy line: the farthest of {len(off)} fractions, in sigma",
            measured=max(off),
            predicted=0.0,
            tolerance=math.sqrt(25 + 2 * math.log(len(off))),
            source="(1 − f)·a + f·b from the clean confusion; both sides are counted on samples",
        )
    for each in found:
        if each.fraction in (0.5, 1.0):
            yield Finding(
                text=f"accuracy with {each.fraction:.0%} relabelled",
                measured=each.accuracy,
                predicted=concept.law(each.fraction),
                tolerance=5 * concept.sigma(each.fraction) + 1e-12,
                source="(1 − f)·a + f·b from the clean confusion; five sigma",
            )


def of_inputs(detected: Sequence[Detected]) -> Iterator[Finding]:
    """No look at inputs tells of a change of labels."""
    text = "detectors that see inputs alone, at all fractions: accuracy"
    yield of_nothing(detected, text, "p(x) has not changed")


def of_monitors(concept: Concept, found: Relabelled, repeats: int) -> Iterator[Finding]:
    """How often labels tell of it: a count of errors has an exact law."""
    powers = {n: theory.Monitor(n, concept.clean).power(found.accuracy) for n in LABELS}
    labels = min(LABELS, key=lambda n: abs(powers[n] - 0.5))
    power, (_, rate) = powers[labels], concept.monitors(found, labels, repeats)
    yield Finding(
        text=f"share of monitors with {labels} labels that notice {found.fraction:.0%}",
        measured=rate,
        predicted=power,
        tolerance=5 * math.sqrt(max(power * (1 - power), 1 / repeats) / repeats),
        source="binomial, exact; five sigma",
    )


def of_adapting(concept: Concept, found: Relabelled, tried: Sequence[Adapted]) -> Iterator[Finding]:
    """With labels enough, renaming predictions comes to what the confusion allows.

    Only where every predicted class has a clear favourite among the new labels: with few labels
    a near tie may be called wrongly, which costs little but is no matter of chance alone.
    """
    joint = theory.relabelled(concept.joint, concept.renamed, found.fraction)
    best = joint.sort(1, descending=True).values
    last = next((a for a in reversed(tried) if a.way == "renamed"), None)
    if last is None or not bool((best[:, 0] > 0).all()):
        return
    margin = float(((best[:, 0] - best[:, 1]) / best.sum(1).sqrt()).min()) * math.sqrt(last.labels)
    ceiling = theory.ceiling(joint)
    if margin > 4:
        noise = ceiling * (1 - ceiling) * (1 / len(concept.y) + 1 / concept.held)
        yield Finding(
            text=f"accuracy with predictions renamed by {last.labels:,} labels",
            measured=last.shifted,
            predicted=ceiling,
            tolerance=5 * math.sqrt(noise),
            source="Σ maxₗ P(ŷ, l) of the clean confusion, relabelled; five sigma",
        )
