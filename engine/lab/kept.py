"""What the backward pass needs of the forward pass: counted by hand, and as autograd saves it."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from engine.lab.computational_graph import PARAMETERS, Net, Plan, net, values

FROM_H = frozenset({"relu", "sigmoid", "tanh"})
"""φ whose slope can be told from h alone, which is kept for ∂J/∂W2 anyway."""
FROM_NOTHING = frozenset({"identity"})


@dataclass(frozen=True)
class Kept:
    """A tensor that stays in memory until the gradient `used_by` has been computed.

    `node` names the node that is computed right when it is kept; `there` says that it is in
    memory anyway, as a parameter. Bytes: `by_hand` counted, `measured` saved by autograd.
    """

    name: str
    node: str
    used_by: str
    rule: str
    shape: tuple[int, ...]
    by_hand: int
    measured: int
    there: bool = False


def kept(given: Net) -> list[Kept]:
    """Every tensor that is kept, in the order in which the forward pass keeps it."""
    size = given.w1.element_size()
    found = saved(given)
    rows = []
    for name, (node, used_by, rule) in _needs(given).items():
        shape = _shapes(given)[name]
        measured = found.pop(name, 0)
        rows.append(
            Kept(
                name,
                node,
                used_by,
                rule,
                shape,
                math.prod(shape) * size,
                measured,
                name in PARAMETERS,
            )
        )
    rows += [Kept(name, "L", "o", "not foreseen", (), 0, got) for name, got in found.items()]
    return rows


def totals(rows: list[Kept]) -> tuple[int, int]:
    """Bytes kept besides the parameters, by hand and as autograd saves them."""
    extra = [row for row in rows if not row.there]
    return sum(row.by_hand for row in extra), sum(row.measured for row in extra)


def bytes_at(plan: Plan, batch: int) -> tuple[int, int]:
    """The same totals for another number of examples."""
    return totals(kept(net(replace(plan, batch=batch))))


def parameter_bytes(given: Net) -> int:
    """Of W1 and W2; their gradients take as much again."""
    return given.w1.nbytes + given.w2.nbytes


def saved(given: Net) -> dict[str, int]:
    """Bytes of what autograd saves in a forward pass, each memory once, by name.

    What the loss saves for itself has the name of `_residue`; a tensor of no known node is "?".
    """
    watched = replace(
        given, w1=given.w1.clone().requires_grad_(), w2=given.w2.clone().requires_grad_()
    )
    packed: dict[int, Tensor] = {}

    def keep(tensor: Tensor) -> Tensor:
        packed[tensor.data_ptr()] = tensor
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        nodes = values(watched)
    return _named(packed, nodes, given)


def _named(packed: Mapping[int, Tensor], nodes: Mapping[str, Tensor], given: Net) -> dict[str, int]:
    # h comes after z, so that it names the memory that identity lets both have
    known = {tensor.data_ptr(): name for name, tensor in nodes.items()}
    residue, found = _residue(given), defaultdict[str, int](int)
    for pointer, tensor in packed.items():
        other = residue if tensor.shape == given.y.shape else "?"
        found[known.get(pointer, other)] += tensor.nbytes
    return dict(found)


def _residue(given: Net) -> str:
    return "o − y" if given.loss == "squared" else "ln p"


def _needs(given: Net) -> dict[str, tuple[str, str, str]]:
    """What is kept: (when this node is computed, until that gradient is, for this rule)."""
    needs = {"x": ("z", "W1", "∂J/∂z xᵀ")}
    if given.activation.name not in FROM_H | FROM_NOTHING:
        needs["z"] = ("h", "z", "∂J/∂h ⊙ φ′(z)")
    slope = ", φ′ from h" if given.activation.name in FROM_H else ""
    last = "z" if given.activation.name in FROM_H else "W2"
    needs["h"] = ("o" if last == "W2" else "h", last, f"∂J/∂o hᵀ{slope}")
    needs["W2"] = ("o", "h", "W2ᵀ ∂J/∂o, λ W2")
    needs[_residue(given)] = ("L", "o", "∂J/∂o")
    if given.loss != "squared":
        needs["y"] = ("L", "o", "∂J/∂o")
    needs["W1"] = ("s", "W1", "λ W1")
    return needs


def _shapes(given: Net) -> dict[str, tuple[int, ...]]:
    hidden, examples = given.w1.shape[0], given.x.shape[1]
    return {
        "x": tuple(given.x.shape),
        "z": (hidden, examples),
        "h": (hidden, examples),
        "W1": tuple(given.w1.shape),
        "W2": tuple(given.w2.shape),
        "y": tuple(given.y.shape),
        _residue(given): tuple(given.y.shape),
    }
