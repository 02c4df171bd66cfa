"""The tables beside the graph: the node just reached, the gradients, what is kept in memory."""

from __future__ import annotations

from torch import Tensor

from engine.events import TableChanged
from engine.lab.computational_graph import PARAMETERS
from engine.lab.gradient_checks import COMPLEX_STEP, Gradients
from engine.lab.graph_rules import Rule, backward_rule, forward_rule, position, steps_until
from engine.lab.graph_views import Study, entries, norm
from engine.lab.kept import Kept, parameter_bytes, totals

NODE = "the node just reached"
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
        table=NODE,
        columns=("rule", "shapes", "‖·‖", "entries"),
        rows=(
            _told(forward_rule(at, of.sizes), of.values[at]),
            _told(backward_rule(at, of.sizes), gradient),
        ),
    )


def _told(rule: Rule, tensor: Tensor | None) -> Row:
    if tensor is None:
        return rule.formula, rule.shapes, _NONE, ""
    return rule.formula, rule.shapes, f"{norm(tensor):.4g}", entries(tensor)


def gradient_table(of: Study, done: int) -> TableChanged:
    """The parameters' gradients found in four ways, each once the backward pass has reached it.

    Off by: the largest difference from the gradient by hand, over its largest entry.
    """
    reached = [name for name in PARAMETERS if done >= steps_until(name, "backward")]
    rows = [_found(of, way, found, reached) for way, found in _ways(of).items()]
    if of.straddling:
        rows.append(_smooth(of, reached))
    return TableChanged(
        table="gradients",
        columns=("found by", "W1 off by", "W2 off by", "first of ∂J/∂W1", "first of ∂J/∂W2"),
        rows=tuple(rows),
    )


def _ways(of: Study) -> dict[str, Gradients | None]:
    return {
        "hand": of.gradients,
        "autograd": of.checks.autograd,
        f"complex step {COMPLEX_STEP:.0e}": of.checks.complex_step,
        f"difference ±{of.checks.step:.0e}": of.checks.difference,
    }


def _found(of: Study, way: str, found: Gradients | None, reached: list[str]) -> Row:
    if found is None:
        return way, "n/a", "n/a", f"{of.plan.activation}: no", "complex argument"
    known = [name in reached for name in PARAMETERS]
    off = [f"{of.apart(found, name):.1e}" for name in PARAMETERS]
    if found is of.gradients:
        off = [_NONE] * len(off)
    digits = 12 if of.plan.dtype == "float64" else 7
    firsts = [f"{float(found[name].flatten()[0]):.{digits}g}" for name in PARAMETERS]
    shown = zip([*off, *firsts], [*known, *known], strict=True)
    return way, *(text if there else _NONE for text, there in shown)


def _smooth(of: Study, reached: list[str]) -> Row:
    """The differences again, without those that have a kink between their two ends."""
    off = [f"{of.apart(of.checks.difference, name, smooth=True):.1e}" for name in PARAMETERS]
    shown = (text if n in reached else _NONE for text, n in zip(off, PARAMETERS, strict=True))
    return "… across no kink", *shown, f"all but {of.straddling}", ""


def kept_table(of: Study, done: int) -> TableChanged:
    """What stays in memory for the backward pass, and what of it does so at this place."""
    extra = [row for row in of.kept if not row.there]
    now = sum(row.by_hand for row in extra if _holds(row, done))
    by_hand, measured = totals(of.kept)
    size = parameter_bytes(of.given)
    rows: list[Row] = [
        (
            row.name,
            "×".join(map(str, row.shape)),
            row.by_hand,
            row.measured,
            _state(row, done),
            row.rule,
        )
        for row in of.kept
    ]
    rows.append(("in all", "", by_hand, measured, f"{now:,}", "besides the parameters"))
    rows.append(("W1, W2", "", size, size, "stays", "parameters; their gradients as much"))
    return TableChanged(
        table="kept for the backward pass, bytes",
        columns=("kept", "shape", "by hand", "autograd", "now", "for"),
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
