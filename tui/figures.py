"""From what is known of a run to charts and tables: plain values that the widgets show."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from engine.events import Layer
from engine.text import clean
from tui.charts.chart import Chart, Curve, CurveStyle, VerticalMark
from tui.charts.numbers import fixed, percent
from tui.run_view import RunView
from tui.series import Series
from tui.theme import ghost
from tui.widgets.histogram import Bars
from tui.widgets.layer_table import LayerRow
from tui.widgets.matrix_table import MatrixFigures

SMOOTHINGS = (0.9, 0.98, 0.0)
"""Weights of the moving average that the smoothing key goes through."""
_GHOST_SMOOTHING = 0.98
_PAST = 240
_SHOWN = (
    "weight_norm",
    "gradient_norm",
    "update_ratio",
    "activation_mean",
    "activation_std",
    "dead",
    "delta_norm",
)
_HISTORIES: tuple[tuple[str, tuple[tuple[str, str, str], ...]], ...] = (
    ("gradient", (("|g|", "gradient_norm", "loss"), ("|g| bias", "bias_gradient_norm", "ghost-1"))),
    ("weight", (("|W|", "weight_norm", "train-accuracy"),)),
    ("update ratio", (("|Δ|/|W|", "update_ratio", "test-accuracy"),)),
    (
        "activation",
        (("mean", "activation_mean", "train-accuracy"), ("std", "activation_std", "loss")),
    ),
    ("dead", (("dead", "dead", "alert"),)),
    ("delta", (("|δ|", "delta_norm", "mark"),)),
)
_SPREADS = (("weight", "train-accuracy"), ("gradient", "loss"), ("activation", "test-accuracy"))

_EVAL_MODE = "eval mode"
"""With dropout: the training set without masks. The name is short and comes last, so that there is
room in the legend for train and test."""

Named = Sequence[tuple[str, RunView]]


@dataclass(frozen=True, slots=True)
class Look:
    """How the charts are drawn."""

    log: bool = False
    smoothing: float = SMOOTHINGS[0]

    def smoother(self) -> Look:
        """The next degree of smoothing, round and round."""
        at = SMOOTHINGS.index(self.smoothing)
        return Look(self.log, SMOOTHINGS[(at + 1) % len(SMOOTHINGS)])

    def toggled(self) -> Look:
        """The other kind of loss axis."""
        return Look(not self.log, self.smoothing)


def loss_chart(view: RunView, ghosts: Named, look: Look, reach: int = 0) -> Chart:
    """Every step's loss, what each epoch was evaluated to, and the losses of earlier runs.

    The axis goes to the last step that is planned, or to `reach` where that is further.
    """
    curves = [
        Curve("", old.loss, "ghost", ghost(i), _GHOST_SMOOTHING)
        for i, (_, old) in enumerate(ghosts)
    ]
    if look.smoothing:
        curves.append(Curve("", view.loss, "dots", "loss-raw"))
    value = fixed(view.loss.last, 0) if len(view.loss) else ""
    curves.append(
        Curve(
            "train", view.loss, "line" if look.smoothing else "dots", "loss", look.smoothing, value
        )
    )
    if len(view.test_loss):
        value = fixed(view.test_loss.last, 0)
        curves.append(Curve("test", view.test_loss, "marks", "test-loss", value=value))
    if len(view.train_loss_eval):
        value = fixed(view.train_loss_eval.last, 0)
        curves.append(Curve(_EVAL_MODE, view.train_loss_eval, "marks", "mark", value=value))
    return Chart(
        title="loss (log)" if look.log else "loss",
        curves=tuple(curves),
        x_range=_steps(view, reach),
        log=look.log,
        robust=True,
        marks=_marks(view),
    )


def accuracy_chart(view: RunView, ghosts: Named, look: Look, reach: int = 0) -> Chart:
    """Accuracy on minibatches and what each epoch was evaluated to; the axis as with the loss."""
    curves = [Curve("", old.test_accuracy, "ghost", ghost(i)) for i, (_, old) in enumerate(ghosts)]
    if look.smoothing:
        curves.append(Curve("", view.accuracy, "dots", "train-accuracy-raw"))
    value = percent(view.accuracy.last, 0) if len(view.accuracy) else ""
    style: CurveStyle = "line" if look.smoothing else "dots"
    curves.append(Curve("train", view.accuracy, style, "train-accuracy", look.smoothing, value))
    if len(view.test_accuracy):
        value = percent(view.test_accuracy.last, 0)
        curves.append(Curve("test", view.test_accuracy, "marks", "test-accuracy", value=value))
    if len(view.train_accuracy_eval):
        value = percent(view.train_accuracy_eval.last, 0)
        curves.append(Curve(_EVAL_MODE, view.train_accuracy_eval, "marks", "mark", value=value))
    low = _lowest_accuracy(view)
    return Chart(
        title="accuracy",
        curves=tuple(curves),
        x_range=_steps(view, reach),
        y_range=(low, 1.0),
        percent=True,
        note=_out_of_sight(ghosts, low),
        marks=_marks(view),
    )


def _steps(view: RunView, reach: int = 0) -> tuple[float, float]:
    """From the first step to the last one planned, so that the axis stands still."""
    return 0.0, float(max(view.total_steps, view.step, reach, 1))


def _lowest_accuracy(view: RunView) -> float:
    """A round figure below every epoch of the run, so that good runs can be told apart."""
    worst = view.test_accuracy.extremes()[0] if len(view.test_accuracy) else 0.0
    return max(0.0, math.floor(10 * (worst - 0.05)) / 10) if math.isfinite(worst) else 0.0


def _out_of_sight(ghosts: Named, low: float) -> str:
    """Which earlier runs end below the axis."""
    below = [name for name, old in ghosts if old.test_accuracy.last < low]
    return f"{', '.join(below)} below {low:.0%}" if below else ""


def _marks(view: RunView) -> tuple[VerticalMark, ...]:
    return tuple(VerticalMark(mark.step, mark.text) for mark in view.marks)


def ghost_line(ghosts: Named, change: str, sign: str) -> list[tuple[str, str]]:
    """What the last switch changed, and the ghosts' names with their colours, newest first."""
    runs = [(f" {change}", "strong")] if change else []
    for i, (name, old) in reversed(list(enumerate(ghosts))):
        runs.append((f"  {sign} {clean(name, 40)}", ghost(i)))
        if len(old.test_accuracy):
            runs.append((f" {percent(old.test_accuracy.last, 0)}", "muted"))
    return runs


def layer_rows(view: RunView) -> list[LayerRow]:
    """Every layer's newest vitals and the past of its gradient norm."""
    layers = view.started.layers if view.started else ()
    return [_layer_row(view, layer) for layer in layers]


def _layer_row(view: RunView, layer: Layer) -> LayerRow:
    shape = (layer.fan_out, layer.fan_in)
    columns = view.vitals.get(layer.name)
    if not columns:
        return LayerRow(clean(layer.name, 20), shape, measured=False)
    newest = {name: columns[name].last for name in _SHOWN}
    if layer is view.started.layers[-1]:  # type: ignore[union-attr]
        newest["dead"] = math.nan  # logits do not die
    past = columns["gradient_norm"].tail(_PAST)
    return LayerRow(clean(layer.name, 20), shape, **newest, gradient_history=past, measured=True)


def matrix_rows(view: RunView, room: int, chosen: int) -> list[MatrixFigures]:
    """The newest magnitudes of every weight and gradient, as many as there is room for.

    Where there is too little, weights come before gradients and the chosen layer stays in sight.
    """
    measured = list(view.matrices.rows) if view.matrices else []
    if len(measured) > room:
        measured.sort(key=lambda row: row.kind == "gradient")
        first = max(0, min(chosen - room + 1, len(measured) - room))
        measured = measured[first : first + room]
    return [
        MatrixFigures(**{**msgspec.structs.asdict(row), "name": clean(row.name, 20)})
        for row in measured
    ]


def histories(view: RunView, layer: str) -> list[Chart]:
    """One layer's vitals over the steps."""
    columns = view.vitals.get(layer, {})
    return [
        Chart(
            title=title,
            curves=tuple(
                Curve(name, columns.get(of, Series()), "line", role) for name, of, role in curves
            ),
            x_range=_steps(view),
            percent=title == "dead",
        )
        for title, curves in _HISTORIES
    ]


def layer_bars(view: RunView, layer: str) -> list[Bars]:
    """How one layer's weights, gradients and activations are spread."""
    known = (
        {h.of: h for h in view.histograms.histograms if h.layer == layer} if view.histograms else {}
    )
    return [
        Bars(of, known[of].low, known[of].high, known[of].counts, role) if of in known else Bars(of)
        for of, role in _SPREADS
    ]
