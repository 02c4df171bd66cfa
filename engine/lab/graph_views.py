"""A net with all that is known of its gradients, and its graph at any place of the walk."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

from torch import Tensor

from engine.events import GraphChanged, GraphNode
from engine.lab.computational_graph import PARAMETERS, Net, Plan, gradients, net, values
from engine.lab.gradient_checks import Checks, Gradients, apart, checks
from engine.lab.graph_rules import (
    BACKWARD,
    EDGES,
    FORWARD,
    PLACES,
    Sizes,
    backward_rule,
    formula_of,
    forward_rule,
    position,
    shape_of,
    steps_until,
)
from engine.lab.kept import Kept, bytes_at, kept

SHOWN = 4
"""Entries of a node that are shown."""


@dataclass(frozen=True)
class Study:
    """A net with all that is known of its gradients.

    `gradients` are those by hand; `batches` has the bytes kept, by hand and as autograd saves
    them, for several numbers of examples.
    """

    plan: Plan
    given: Net
    values: dict[str, Tensor]
    gradients: Gradients
    checks: Checks
    kept: list[Kept]
    batches: dict[int, tuple[int, int]]

    @property
    def sizes(self) -> Sizes:
        """What the rules depend on."""
        return Sizes(**{field.name: getattr(self.plan, field.name) for field in fields(Sizes)})

    def apart(self, found: Gradients, name: str, *, smooth: bool = False) -> float:
        """The largest difference from the gradient by hand, over the largest entry of both
        parameters' gradients; with `smooth` entries that straddle a kink are left out.
        """
        kinks = self.checks.straddles[name] if smooth else None
        return apart(found[name], self.gradients[name], self.largest, kinks)

    @property
    def largest(self) -> float:
        """The largest entry of the parameters' gradients."""
        return max(float(self.gradients[name].abs().max()) for name in PARAMETERS)

    @property
    def straddling(self) -> int:
        """Entries whose central difference has a kink between its ends."""
        return sum(int(mask.sum()) for mask in self.checks.straddles.values())


def study(plan: Plan, step: float = 0.0) -> Study:
    """Everything about the net of this plan; `step` is the central difference's, 0 the usual."""
    given = net(plan)
    v = values(given)
    batches = sorted({1, 16, 256, plan.batch})
    return Study(
        plan,
        given,
        v,
        gradients(given, v),
        checks(given, step),
        kept(given),
        {n: bytes_at(plan, n) for n in batches},
    )


def graph(of: Study, done: int) -> GraphChanged:
    """The graph after so many steps."""
    at, direction = position(done)
    nodes = tuple(_node(of, name, done, at) for name in PLACES)
    rule = (forward_rule if direction == "forward" else backward_rule)(at, of.sizes)
    shown = (of.values if direction == "forward" else of.gradients)[at]
    passing = f"{direction} pass {_place(done)}"
    return GraphChanged(
        graph="graph",
        nodes=nodes,
        edges=EDGES,
        notes=(passing, rule.formula, rule.shapes, _figures(shown)),
    )


def _place(done: int) -> str:
    if done < len(FORWARD):
        return f"{done + 1} of {len(FORWARD)}"
    return f"{done - len(FORWARD) + 1} of {len(BACKWARD)}"


def _node(of: Study, name: str, done: int, at: str) -> GraphNode:
    reached = done >= steps_until(name, "forward")
    returned = name in BACKWARD and done >= steps_until(name, "backward")
    shown = of.gradients[name] if returned else of.values[name]
    column, row = PLACES[name]
    return GraphNode(
        name=name,
        formula=formula_of(name, of.sizes),
        column=column,
        row=row,
        shape=shape_of(name, of.sizes),
        norm=norm(of.values[name]) if reached else math.nan,
        gradient_norm=norm(of.gradients[name]) if returned else math.nan,
        values=first(shown) if reached else (),
        state="backward" if returned else "forward" if reached else "waiting",
        at=name == at,
    )


def _figures(tensor: Tensor) -> str:
    if tensor.numel() == 1:
        return f"{float(tensor):.6g}"
    return f"‖·‖ {norm(tensor):.4g}   {entries(tensor)}"


def norm(tensor: Tensor) -> float:
    """The Euclidean norm of all entries."""
    return float(tensor.double().norm())


def first(tensor: Tensor) -> tuple[float, ...]:
    """The first few entries, row by row."""
    return tuple(tensor.flatten()[:SHOWN].tolist())


def entries(tensor: Tensor) -> str:
    """The first few entries as text."""
    more = " …" if tensor.numel() > SHOWN else ""
    return " ".join(f"{value:.3g}" for value in first(tensor)) + more
