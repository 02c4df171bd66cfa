"""What the chain rule promises, held against the net's own numbers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from torch import Tensor

from engine.lab.computational_graph import PARAMETERS, gradients, one_by_one, values
from engine.lab.finding import Finding
from engine.lab.gradient_checks import by_autograd
from engine.lab.graph_views import Study

ROUNDING = {"float64": 1e-12, "float32": 1e-5}
COMPLEX = {"float64": 1e-14, "float32": 1e-5}
DIFFERENCE = {"float64": 1e-7, "float32": 5e-3}
"""Relative tolerances at the usual steps: for a difference fifty times h² and more."""
_BOOK = "Dive into Deep Learning 5.3"


def findings(of: Study) -> Iterator[Finding]:
    """All claims that the settings allow."""
    yield from _ways(of)
    yield from _laws(of)
    yield from _memory(of)


def _ways(of: Study) -> Iterator[Finding]:
    dtype, found = of.plan.dtype, of.checks
    room = 1 + float(of.values["J"]) / of.largest if of.largest else 1.0
    yield Finding(
        text="all gradients by hand against autograd: largest relative difference",
        measured=max(of.apart(found.autograd, name) for name in of.gradients),
        predicted=0.0,
        tolerance=ROUNDING[dtype] * room,
        source=f"{_BOOK}, chain rule",
    )
    if found.complex_step is not None:
        yield Finding(
            text="∂J/∂W1 and ∂J/∂W2 by hand against a complex step",
            measured=max(of.apart(found.complex_step, name) for name in PARAMETERS),
            predicted=0.0,
            tolerance=COMPLEX[dtype] * room,
            source="Squire and Trapp 1998",
        )
    if found.usual:
        besides = f", {of.straddling} entries across a kink left out" if of.straddling else ""
        yield Finding(
            text=f"∂J/∂W1 and ∂J/∂W2 by hand against central differences{besides}",
            measured=max(of.apart(found.difference, n, smooth=True) for n in PARAMETERS),
            predicted=0.0,
            tolerance=DIFFERENCE[dtype] * room,
            source="h²f‴/6 + ε|J|/h",
        )


def _laws(of: Study) -> Iterator[Finding]:
    given, room = of.given, ROUNDING[of.plan.dtype]
    of_s = by_autograd(given, "s")
    decayed = {"W1": given.decay * given.w1, "W2": given.decay * given.w2}
    yield Finding(
        text="gradient of s alone against λW",
        measured=max(_off(of_s[name], decayed[name]) for name in PARAMETERS),
        predicted=0.0,
        tolerance=room,
        source=f"{_BOOK}, equation of ∂s/∂W",
    )
    free = replace(given, decay=0.0)
    bare = values(free)
    yield Finding(
        text="J − L without decay",
        measured=float(bare["J"] - bare["L"]),
        predicted=0.0,
        tolerance=0.0,
        source="J = L + s, s = 0",
    )
    of_loss = gradients(free, bare)
    yield Finding(
        text="∂L/∂W of the batch against the mean over its examples",
        measured=max(_off(of_loss[n], g) for n, g in one_by_one(given).items()),
        predicted=0.0,
        tolerance=room,
        source="L is a mean over examples",
    )
    pairs = (("W1", "z"), ("W2", "o"))
    yield Finding(
        text="Σ W ∂L/∂W of each layer against Σ z ∂L/∂z of what it computes",
        measured=max(_inner_off(bare, of_loss, weight, node) for weight, node in pairs),
        predicted=0.0,
        tolerance=room,
        source="Euler: z = W1 x and o = W2 h are linear in W",
    )


def _off(found: Tensor, reference: Tensor) -> float:
    difference = float((found - reference).abs().max())
    return difference / float(reference.abs().max()) if difference else 0.0


def _inner_off(v: dict[str, Tensor], gradient: dict[str, Tensor], weight: str, node: str) -> float:
    """How far the two sums are apart, relative to the sum of their terms' sizes."""
    one, other = v[weight] * gradient[weight], v[node] * gradient[node]
    difference = float((one.sum() - other.sum()).abs())
    return difference / float(one.abs().sum() + other.abs().sum()) if difference else 0.0


def _memory(of: Study) -> Iterator[Finding]:
    for n, (by_hand, measured) in of.batches.items():
        count = f"{n} example{'s' * (n != 1)}"
        yield Finding(
            text=f"bytes that autograd saves for {count}, besides the parameters",
            measured=measured,
            predicted=by_hand,
            tolerance=0.0,
            source="sizes of x, h or z, and o − y or ln p",
        )
