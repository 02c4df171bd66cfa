"""A computational graph at three places of its walk."""

from __future__ import annotations

import math
from dataclasses import replace

from tui.charts.graph import Graph, Node

_GIVEN = (
    Node("W1", "weights", 0, 0, "[5×4]", 2.41, 0.859),
    Node("W2", "weights", 2, 0, "[3×5]", 1.78, 2.97),
    Node("s", "½λ Σ‖W‖²", 4, 0, "1", 0.449, 1.0),
    Node("x", "inputs", 0, 1, "[4×1]", 1.67),
    Node("z", "W1 x", 1, 1, "[5×1]", 2.72, 0.469),
    Node("h", "tanh(z)", 2, 1, "[5×1]", 1.74, 1.71),
    Node("o", "W2 h", 3, 1, "[3×1]", 0.784, 1.69),
    Node("L", "½‖o−y‖²", 4, 1, "1", 1.43, 1.0),
    Node("J", "L + s", 5, 1, "1", 1.87, 1.0),
    Node("y", "targets", 3, 2, "[3×1]", 1.15),
)
_EDGES = ("xz", "zh", "ho", "oL", "yL", "LJ", "sJ")
EDGES = (*((a, b) for a, b in _EDGES), ("W1", "z"), ("W2", "o"), ("W1", "s"), ("W2", "s"))
_VALUES = (0.92, 0.905, 0.206, -0.776)


def _scene(at: str, reached: str, returned: str, notes: tuple[str, ...]) -> Graph:
    def seen(node: Node) -> Node:
        back = node.name in returned.split()
        there = node.name in reached.split() or back
        return replace(
            node,
            norm=node.norm if there else math.nan,
            gradient_norm=node.gradient_norm if back else math.nan,
            values=_VALUES if there else (),
            state="backward" if back else "forward" if there else "waiting",
            at=node.name == at,
        )

    return Graph("graph", tuple(map(seen, _GIVEN)), EDGES, notes)


def waiting() -> Graph:
    """Nothing but x is known, and the pass has not got on from there."""
    return _scene("x", "", "", ("forward pass 1 of 10", "x is given", "[4×1]", ""))


def forward() -> Graph:
    """On the way there: h has just been computed."""
    notes = ("forward pass 4 of 10", "h = tanh(z)", "[5×1] = [5×1]", "‖·‖ 1.74   0.921 0.905 …")
    return _scene("h", "x W1 z h", "", notes)


def backprop() -> Graph:
    """On the way back: ∂J/∂h has just been computed."""
    rule = ("backward pass 6 of 8", "∂J/∂h = W2ᵀ ∂J/∂o", "[5×1] = [5×3][3×1]")
    notes = (*rule, "‖·‖ 1.707   1.41 -0.66 -0.328 -0.622 …")
    return _scene("h", "x W1 W2 z h o y L s J", "J L s o W2 h", notes)
