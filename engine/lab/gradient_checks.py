"""The same gradients found in other ways: autograd, complex steps, central differences.

Complex step: Squire and Trapp 1998, ∂f/∂w = Im f(w + ih)/h, without subtraction and so without
loss of digits, for analytic f only. Central difference: (f(w + h) − f(w − h))/2h, off by
h²f‴/6 and by ε|f|/h.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from engine.lab.computational_graph import PARAMETERS, Net, Phi, objective, values, weights

COMPLEX_STEP = 1e-30
DIFFERENCE_STEP = {torch.float64: 1e-5, torch.float32: 1e-2}
"""Near the best: (3ε)^⅓ and above, where truncation and rounding are about equal."""
_AT_ONCE = 2**20  # numbers of the stacked matrices and hidden layers that are worked on at a time

ANALYTIC: Mapping[str, Phi] = {
    "identity": lambda z: z,
    "tanh": lambda z: z.tanh(),
    "sigmoid": lambda z: 1 / (1 + (-z).exp()),
    "silu": lambda z: z / (1 + (-z).exp()),
    "softplus": lambda z: (1 + z.exp()).log(),
}
"""φ of a complex argument. gelu is analytic as well, but there is no complex erf at hand."""
KINKED = frozenset({"relu", "leaky_relu"})
"""φ whose slope jumps at z = 0."""

Gradients = dict[str, Tensor]


@dataclass(frozen=True)
class Checks:
    """Gradients of W1 and W2 in every way; `complex_step` is None where φ does not allow it.

    `autograd` has ∂J/∂node of all other nodes as well. `straddles[name]` marks the entries whose
    difference has a kink of φ between its two ends. `usual` says that `step` is the dtype's own.
    """

    autograd: Gradients
    complex_step: Gradients | None
    difference: Gradients
    straddles: Gradients
    step: float
    usual: bool


def checks(given: Net, step: float = 0.0) -> Checks:
    """All of them; `step` is the central difference's h, 0 for the dtype's own."""
    chosen = step or DIFFERENCE_STEP[given.w1.dtype]
    phi = ANALYTIC.get(given.activation.name)
    return Checks(
        autograd=by_autograd(given),
        complex_step=None if phi is None else by_complex_step(given, phi),
        difference=by_difference(given, chosen),
        straddles=straddles(given, chosen),
        step=chosen,
        usual=not step,
    )


def by_autograd(given: Net, of: str = "J") -> Gradients:
    """∂of/∂node by reverse-mode differentiation, for every node that `of` depends on."""
    watched = replace(
        given, w1=given.w1.clone().requires_grad_(), w2=given.w2.clone().requires_grad_()
    )
    nodes = {name: v for name, v in values(watched).items() if v.requires_grad}
    found = torch.autograd.grad(nodes[of], list(nodes.values()), allow_unused=True)
    return {name: g for name, g in zip(nodes, found, strict=True) if g is not None}


def by_complex_step(given: Net, phi: Phi) -> Gradients:
    """Im J(W + ih)/h for each entry, h = 1e-30."""

    def derivative(at: Callable[[Tensor], Tensor], entries: Tensor) -> Tensor:
        return at(entries * (1j * COMPLEX_STEP)).imag / COMPLEX_STEP

    return _entry_by_entry(given, phi, derivative)


def by_difference(given: Net, step: float) -> Gradients:
    """(J(W + h) − J(W − h))/2h for each entry."""

    def derivative(at: Callable[[Tensor], Tensor], entries: Tensor) -> Tensor:
        return (at(entries * step) - at(entries * -step)) / (2 * step)

    return _entry_by_entry(given, given.activation.forward, derivative)


def straddles(given: Net, step: float) -> Gradients:
    """Which entries move some z across 0, where φ has a kink: z changes by ±h·x."""
    crossed = torch.zeros_like(given.w1, dtype=torch.bool)
    if given.activation.name in KINKED:
        reach = step * given.x.abs()
        crossed = ((given.w1 @ given.x).abs()[:, None, :] <= reach[None, :, :]).any(-1)
    return {"W1": crossed, "W2": torch.zeros_like(given.w2, dtype=torch.bool)}


def _entry_by_entry(
    given: Net, phi: Phi, derivative: Callable[[Callable[[Tensor], Tensor], Tensor], Tensor]
) -> Gradients:
    """A derivative for each entry of both parameters, many entries at once.

    `derivative(at, entries)` is given stacked matrices with a single 1 each, and J as a function
    of what is added to the parameter.
    """
    found = {}
    hidden, examples = given.w1.shape[0], given.x.shape[1]
    for place, (name, w) in enumerate(zip(PARAMETERS, weights(given), strict=True)):

        def at(added: Tensor, place: int = place) -> Tensor:
            moved = list(weights(given))
            moved[place] = moved[place] + added
            return objective(given, moved[0], moved[1], phi)

        units = torch.eye(w.numel(), dtype=w.dtype).reshape(-1, *w.shape)
        chunk = max(1, _AT_ONCE // (w.numel() + hidden * examples))
        parts = [derivative(at, units[i : i + chunk]) for i in range(0, len(units), chunk)]
        found[name] = torch.cat(parts).reshape(w.shape)
    return found


def apart(
    found: Tensor, reference: Tensor, largest: float, leave_out: Tensor | None = None
) -> float:
    """The largest difference of two gradients, relative to `largest`; 0 of nothing is 0."""
    difference = (found - reference).abs()
    if leave_out is not None:
        difference = difference[~leave_out]
    worst = float(difference.max()) if difference.numel() else 0.0
    return worst / largest if worst else 0.0
