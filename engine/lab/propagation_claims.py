"""What propagation claims, each with the tolerance of its law."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TypedDict

from engine.lab.known_starts import Factor
from engine.lab.outlook import Outlook
from engine.lab.phases import Place
from engine.lab.propagation import Propagation, gradient_factors, typical
from engine.theory.fluctuations import factor_tolerance

FEW = 20  # nets below which a measured spread is no yardstick
BLURRED = 0.15  # a tolerance of ln factor beyond which theory of wide layers says little
SIGMAS = 5.0
_FACTOR = "Schoenholz et al. 2017, eq. 8; width n: Hanin and Nica 2020"


class Finding(TypedDict):
    """The arguments of a claim."""

    text: str
    measured: float
    predicted: float
    tolerance: float
    source: str


def of_nets(seen: Propagation, theory: Outlook) -> Iterator[Finding]:
    """Claims about the run's own networks that these are enough to test."""
    start = seen.start
    depth = start.layers - 1
    spread = factor_tolerance(start.activation, theory.layers, seen.nets)
    if depth > 1 and spread < BLURRED and not start.rule.calibrated:
        yield Finding(
            text="‖δ‖ per layer towards the input",
            measured=typical(gradient_factors(seen.delta, depth)),
            predicted=theory.factor,
            tolerance=theory.factor * math.expm1(spread),
            source=_FACTOR,
        )
    if theory.law:
        yield from _exact(seen, theory)
    if depth > 1 and seen.nets >= FEW and not start.rule.calibrated:
        yield from _correlation(seen, theory)


def _exact(seen: Propagation, theory: Outlook) -> Iterator[Finding]:
    """The exact law of ReLU at finite width, over the nets whose signal lived."""
    law = theory.law
    grown = seen.log_growth()
    grown = grown[grown.isfinite()]
    if law is None or len(grown) < 2:
        return
    yield Finding(
        text=f"mean of ln(‖h‖²/‖x‖²) after {seen.start.layers - 1} relu layers",
        measured=float(grown.mean()),
        predicted=law.mean,
        tolerance=law.tolerance(len(grown)),
        source="exact at any width; Hanin and Nica 2020, arXiv 1812.05994",
    )
    if len(grown) >= FEW:
        yield Finding(
            text="its variance over nets",
            measured=float(grown.var()),
            predicted=law.variance,
            tolerance=SIGMAS * law.variance * math.sqrt(2 / (len(grown) - 1)),
            source="exact at any width; Hanin and Nica 2020, arXiv 1812.05994",
        )


def _correlation(seen: Propagation, theory: Outlook) -> Iterator[Finding]:
    """One step of the correlation map; deeper, every net goes its own way."""
    measured = seen.correlation[1]
    if not bool(measured.isfinite().all()):
        return
    error = float(measured.std()) / math.sqrt(seen.nets)
    yield Finding(
        text="correlation of two inputs in layer 2",
        measured=float(measured.mean()),
        predicted=theory.correlations[1],
        tolerance=SIGMAS * error + 1 / seen.start.widths[1],
        source="Poole et al. 2016, eq. 6; 1/n for finite width",
    )


def of_known_starts(factors: Sequence[Factor], depth: int) -> Iterator[Finding]:
    """The factors of starts that have a name."""
    for factor in factors:
        if depth < 2 or factor.tolerance > BLURRED * factor.predicted:
            continue
        yield Finding(
            text=f"‖δ‖ per layer, {factor.name}",
            measured=factor.measured,
            predicted=factor.predicted,
            tolerance=factor.tolerance,
            source=_FACTOR,
        )


def of_places(places: Sequence[Place]) -> Iterator[Finding]:
    """Order and chaos where theory says them, away from the line between."""
    clear = [place for place in places if place.clear]
    if clear:
        yield Finding(
            text=f"places of the plane in the phase predicted, of {len(clear)} off the line",
            measured=float(sum(place.agrees for place in clear)),
            predicted=float(len(clear)),
            tolerance=0.0,
            source="Poole et al. 2016, figure 1; Schoenholz et al. 2017",
        )
