"""What is left of a run when it has ended without a screen."""

from __future__ import annotations

import math
from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from cli.predictions import predictions
from cli.tables import titled_table
from engine.text import clean
from tui.run_view import RunView

_VITALS = {
    "weight_norm": "|W|",
    "gradient_norm": "|g|",
    "bias_gradient_norm": "|g_b|",
    "update_ratio": "|Δ|/|W|",
    "activation_mean": "act mean",
    "activation_std": "act std",
    "dead": "dead",
    "delta_norm": "|δ|",
}
_MAGNITUDES = {
    "min": "min",
    "max": "max",
    "mean_abs": "mean|w|",
    "rms": "rms",
    "frobenius": "‖·‖F",
    "spectral": "‖·‖2",
    "effective_rank": "erank",
}


def summary(view: RunView, record: str) -> RenderableType:
    """The outcome, what was trained, each epoch, each layer, each matrix, what the network says of
    the test set, where the record lies."""
    return Group(*_parts(view), Text(f"record: {record}"))


def _parts(view: RunView) -> Iterator[RenderableType]:
    yield Text(outcome(view))
    yield Text(_subject(view))
    if len(view.test_loss):
        yield _epochs(view)
    if view.vitals:
        yield _layers(view)
    if view.matrices:
        yield _matrices(view)
    if view.predictions:
        yield from predictions(view, view.predictions)


def outcome(view: RunView) -> str:
    """How it ended, in a sentence."""
    if view.finished is None:
        return "the run did not end in order"
    return f"{view.finished.outcome}: {clean(view.finished.detail, 500)}"


def _subject(view: RunView) -> str:
    started = view.started
    if started is None:
        return "the run did not start"
    parts = [f"run {clean(started.run_id)}"]
    if started.dataset:
        data = started.dataset
        parts.append(
            f"{clean(data.name)} ({data.train_examples:,} train, {data.test_examples:,} test)"
        )
    if started.layers:
        widths = [started.layers[0].fan_in, *(layer.fan_out for layer in started.layers)]
        parts.append("-".join(map(str, widths)))
    parts += [
        f"{key} {view.config[key]}" for key in ("activation", "init", "optimizer", "lr", "seed")
    ]
    return " · ".join([*parts, clean(started.device)])


def _epochs(view: RunView) -> Table:
    names = ["train_loss", "train_accuracy", "test_loss", "test_accuracy"]
    heads = [name.replace("_", " ") for name in names]
    if len(view.train_loss_eval) == len(view.test_loss):  # the network has dropout
        names[2:2] = ["train_loss_eval", "train_accuracy_eval"]
        heads[2:2] = ["in eval mode", "in eval mode"]
    table = _table("epochs", "epoch", *heads)
    first = view.epoch - len(view.test_loss) + 1
    for epoch, row in enumerate(
        zip(*(getattr(view, name).y for name in names), strict=True), first
    ):
        table.add_row(str(epoch), *(number(value, 4) for value in row))
    return table


def _layers(view: RunView) -> Table:
    steps = next(iter(view.vitals.values()))["weight_norm"].x
    at = f"layers at step {steps[-1]:.0f}" if steps else "layers"
    table = _table(at, "layer", "shape", *_VITALS.values())
    shapes = (
        {la.name: f"{la.fan_out}×{la.fan_in}" for la in view.started.layers} if view.started else {}
    )
    for name, columns in view.vitals.items():
        last = (number(columns[vital].last) for vital in _VITALS)
        table.add_row(clean(name), shapes.get(name, ""), *last)
    return table


def _matrices(view: RunView) -> Table:
    assert view.matrices is not None
    table = _table(
        f"matrices at step {view.matrices.step}", "matrix", "shape", *_MAGNITUDES.values()
    )
    for row in view.matrices.rows:
        values = (number(getattr(row, magnitude)) for magnitude in _MAGNITUDES)
        table.add_row(f"{clean(row.name)} {row.kind}", "×".join(map(str, row.shape)), *values)
    return table


def _table(title: str, *columns: str) -> Table:
    return titled_table(title, columns, [False, *[True] * (len(columns) - 1)])


def number(value: float, digits: int = 3) -> str:
    """So many significant figures; what is not finite is spelled out."""
    return f"{value:.{digits}g}" if math.isfinite(value) else str(value)
