"""The graph in words: the walk through it, the rule of every node forward and backward, its place.

No tensors: names, formulas and shapes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

FORWARD = ("x", "W1", "z", "h", "W2", "o", "y", "L", "s", "J")
BACKWARD = ("J", "L", "s", "o", "W2", "h", "z", "W1")
STEPS = len(FORWARD) + len(BACKWARD) - 1
"""Steps from the first node of the forward pass to the last of the backward pass."""
EDGES = (
    ("x", "z"),
    ("W1", "z"),
    ("z", "h"),
    ("h", "o"),
    ("W2", "o"),
    ("o", "L"),
    ("y", "L"),
    ("W1", "s"),
    ("W2", "s"),
    ("L", "J"),
    ("s", "J"),
)
PLACES = {
    "W1": (0, 0),
    "W2": (2, 0),
    "s": (4, 0),
    "x": (0, 1),
    "z": (1, 1),
    "h": (2, 1),
    "o": (3, 1),
    "L": (4, 1),
    "J": (5, 1),
    "y": (3, 2),
}
"""Column and row of each node's box."""
SLOPES = {
    "identity": "1",
    "tanh": "1 − h²",
    "sigmoid": "h(1 − h)",
    "silu": "σ(z) + h(1 − σ(z))",
    "softplus": "σ(z)",
    "gelu": "Φ(z) + z Φ′(z)",
    "relu": "[h > 0]",
    "leaky_relu": "1 if z > 0 else 0.01",
}
"""φ′ of the activations that the graph is offered with."""

Direction = Literal["forward", "backward"]


@dataclass(frozen=True)
class Sizes:
    """The net's numbers of inputs, hidden units, outputs and examples, its φ and its loss."""

    inputs: int
    hidden: int
    outputs: int
    batch: int
    activation: str
    loss: str


@dataclass(frozen=True)
class Rule:
    """How a node's value (or ∂J/∂node) comes from others: the formula, and it in shapes."""

    formula: str
    shapes: str


def position(done: int) -> tuple[str, Direction]:
    """The node that is reached after so many steps, and on which pass."""
    if done < len(FORWARD):
        return FORWARD[done], "forward"
    return BACKWARD[done - len(FORWARD)], "backward"


def steps_until(name: str, direction: Direction) -> int:
    """The steps after which that node is reached on that pass."""
    if direction == "forward":
        return FORWARD.index(name)
    return len(FORWARD) + BACKWARD.index(name)


def shape_of(name: str, sizes: Sizes) -> str:
    """A node's shape as text, [5×1]; no brackets for a number."""
    d, m, q, n = sizes.inputs, sizes.hidden, sizes.outputs, sizes.batch
    shapes = {"x": (d, n), "W1": (m, d), "z": (m, n), "h": (m, n), "W2": (q, m)}
    shapes |= {"o": (q, n), "y": (q, n)}
    return f"[{shapes[name][0]}×{shapes[name][1]}]" if name in shapes else "1"


def formula_of(name: str, sizes: Sizes) -> str:
    """What stands in a node's box."""
    mean = "" if sizes.batch == 1 else f"/{sizes.batch}"
    squared = sizes.loss == "squared"
    phi = "z" if sizes.activation == "identity" else f"{sizes.activation}(z)"
    return {
        "x": "inputs",
        "W1": "weights",
        "z": "W1 x",
        "h": phi,
        "W2": "weights",
        "o": "W2 h",
        "y": "targets" if squared else "classes",
        "L": f"½‖o−y‖²{mean}" if squared else f"−y·ln p{mean}",
        "s": "½λ Σ‖W‖²",
        "J": "L + s",
    }[name]


def forward_rule(name: str, sizes: Sizes) -> Rule:
    """How the node's value is computed."""

    def of(*names: str) -> str:
        return "".join(shape_of(n, sizes) for n in names)

    count = sizes.batch
    sum_over = "" if count == 1 else f"1/{count} Σ "
    loss = "½‖o − y‖²" if sizes.loss == "squared" else "−yᵀ ln p, p = softmax(o)"
    right = {
        "z": ("z = W1 x", of("W1", "x")),
        "h": (f"h = {formula_of('h', sizes)}", of("z")),
        "o": ("o = W2 h", of("W2", "h")),
        "L": (f"L = {sum_over}{loss}", f"from {of('o')} and {of('y')}"),
        "s": ("s = λ/2 (‖W1‖² + ‖W2‖²)", f"from {of('W1')} and {of('W2')}"),
        "J": ("J = L + s", "1 + 1"),
    }.get(name)
    if right is None:
        return Rule(f"{name} is given", of(name))
    return Rule(right[0], f"{of(name)} = {right[1]}")


def backward_rule(name: str, sizes: Sizes) -> Rule:
    """How ∂J/∂node is computed from the gradients of the nodes that it goes into.

    ∂J/∂node has the node's own shape, which tells the order and the transposes.
    """

    def of(*names: str) -> str:
        return "".join(shape_of(n, sizes) for n in names)

    def turned(*names: str) -> str:
        swapped = ("[{2}×{1}]".format(*_pair(shape_of(n, sizes))) for n in names)
        return "".join(swapped)

    o, mean = of("o"), "" if sizes.batch == 1 else f"/{sizes.batch}"
    error = "(o − y)" if sizes.loss == "squared" else "(softmax(o) − y)"
    right = {
        "J": ("1", "1"),
        "L": ("∂J/∂J · 1", "1 · 1"),
        "s": ("∂J/∂J · 1", "1 · 1"),
        "o": (f"∂J/∂L · {error}{mean}", f"1 · {o}"),
        "W2": ("∂J/∂o hᵀ + λ W2", f"{o}{turned('h')} + {of('W2')}"),
        "h": ("W2ᵀ ∂J/∂o", f"{turned('W2')}{o}"),
        "z": (f"∂J/∂h ⊙ φ′, φ′ = {SLOPES[sizes.activation]}", f"{of('h')} ⊙ {of('z')}"),
        "W1": ("∂J/∂z xᵀ + λ W1", f"{of('z')}{turned('x')} + {of('W1')}"),
    }.get(name)
    if right is None:
        return Rule("not asked for: nothing learns here", "")
    return Rule(f"∂J/∂{name} = {right[0]}", f"{of(name)} = {right[1]}")


def _pair(shape: str) -> tuple[str, str, str]:
    rows, _, columns = shape.strip("[]").partition("×")
    return shape, rows, columns
