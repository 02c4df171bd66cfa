"""The tables beside the graph: the node just reached, the gradients, what is kept in memory."""

from __future__ import annotations

from torch import Tensor

from engine.events import TableChanged
from engine.lab.computational_graph import PARAMETERS
from engine.lab.gradient_checks import COMPLEX_STEP, Gradients
from engine.lab.graph_rules import Rule, backward_rule, forward_rule, position, steps_until
from engine.lab.graph_views import Study, entries, norm
from engine.lab.kept import Kept, parameter_bytes, totals

_NONE = "–"
Row = tuple[str | float, ...]


def tables(of: Study, done: int) -> list[TableChanged]:
    """All of them, after so many steps."""
    return [node_table(of, done), gradient_table(of, done), kept_table(of, done), batch_table(of)]


def node_table(of: Study, done: int) -> TableChanged:
    """The node just reached: its value and its gradient, each with the rule it comes by."""
    at, direction = position(done)
    gradient = of.gradients[at] if direction == "backward" else None
    return TableChanged(
        table="node",
        columns=("node", "rule", "shapes", "‖·‖", "entries"),
        rows=(
            (at, *_told(forward_rule(at, of.sizes), of.values[at])),
            (f"∂J/∂{at}", *_told(backward_rule(at, of.sizes), gradient)),
        ),
    )


def _told(rule: Rule, tensor: Tensor | None) -> Row:
    if tensor is None:
        return rule.formula, rule.shapes, _NONE, ""
    return rule.formula, rule.shapes, f"{norm(tensor):.4g}", entries(tensor)


def gradient_table(of: Study, done: int) -> TableChanged:
    """Each parameter's gradient found in four ways, once the backward pass has reached it."""
    rows: list[Row] = []
    for name in PARAMETERS:
        reached = done >= steps_until(name, "backward")
        for way, found in _ways(of).items():
            rows.append((f"∂J/∂{name}", way, *_found(of, name, found, reached)))
    return TableChanged(
        table="gradients",
        columns=("gradient", "found by", "off by", "‖·‖", "entries"),
        rows=tuple(rows),
    )


def _ways(of: Study) -> dict[str, Gradients | None]:
    return {
        "hand": of.gradients,
        "autograd": of.checks.autograd,
        f"complex step {COMPLEX_STEP:.0e}": of.checks.complex_step,
        f"difference ±{of.checks.step:.0e}": of.checks.difference,
    }


def _found(of: Study, name: str, found: Gradients | None, reached: bool) -> Row:
    if found is None:
        return "n/a", _NONE, f"{of.plan.activation} takes no complex numbers"
    if not reached:
        return _NONE, _NONE, ""
    off = _NONE if found is of.gradients else f"{of.apart(found, name):.1e}"
    if found is of.checks.difference and of.checks.straddles[name].any():
        off += f" ({int(of.checks.straddles[name].sum())} across a kink)"
    return off, f"{norm(found[name]):.4g}", entries(found[name])


def kept_table(of: Study, done: int) -> TableChanged:
    """What stays in memory for the backward pass, and what of it does so at this place."""
    extra = [row for row in of.kept if not row.there]
    now = sum(row.by_hand for row in extra if _holds(row, done))
    by_hand, measured = totals(of.kept)
    size = parameter_bytes(of.given)
    rows: list[Row] = [
        (
            row.name,
            row.rule,
            "×".join(map(str, row.shape)),
            row.by_hand,
            row.measured,
            _state(row, done),
        )
        for row in of.kept
    ]
    rows.append(("in all", "besides the parameters", "", by_hand, measured, f"{now} now"))
    rows.append(("W1, W2", "parameters; their gradients as much", "", size, size, "stays"))
    return TableChanged(
        table="kept for the backward pass, bytes",
        columns=("kept", "for", "shape", "by hand", "autograd", "now"),
        rows=tuple(rows),
    )


def _holds(row: Kept, done: int) -> bool:
    return steps_until(row.node, "forward") <= done < steps_until(row.used_by, "backward")


def _state(row: Kept, done: int) -> str:
    if row.there:
        return "a parameter"
    if _holds(row, done):
        return "kept"
    return "freed" if done >= steps_until(row.used_by, "backward") else "not yet"


def batch_table(of: Study) -> TableChanged:
    """Bytes against the number of examples: what is kept grows with it, parameters do not."""
    size = parameter_bytes(of.given)
    return TableChanged(
        table="bytes at other batch sizes",
        columns=("examples", "kept by hand", "autograd", "parameters", "gradients"),
        rows=tuple((n, *found, size, size) for n, found in of.batches.items()),
    )
