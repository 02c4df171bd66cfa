"""Widgets on a stage, with figures that never change."""

from __future__ import annotations

import math
from random import Random

from textual.app import App, ComposeResult
from textual.widget import Widget

from tui.charts.chart import Chart, Curve, VerticalMark
from tui.series import Series
from tui.theme import THEMES
from tui.widgets.header import HeaderInfo
from tui.widgets.layer_table import LayerRow
from tui.widgets.matrix_table import MatrixFigures


class Stage(App[None]):
    """An app with nothing but these widgets, under one of our themes."""

    def __init__(self, *widgets: Widget, theme: str = "mlp-dark") -> None:
        super().__init__()
        self.widgets = widgets
        self._chosen = theme
        self.heard: list[str] = []

    def compose(self) -> ComposeResult:
        yield from self.widgets

    def on_mount(self) -> None:
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = self._chosen

    def on_layer_table_chosen(self, message: object) -> None:
        self.heard.append(message.layer)  # type: ignore[attr-defined]

    def rows(self) -> list[str]:
        """What stands on the screen."""
        return [strip.text for strip in self.screen._compositor.render_strips()]


def series(count: int, low: float, high: float, fall: float, noise: float = 0.0) -> Series:
    """A curve that falls (or rises) exponentially, with noise and one spike."""
    random = Random(1)
    ys = [low + (high - low) * math.exp(-i / fall) + random.gauss(0, noise) for i in range(count)]
    if noise and count > 700:
        ys[700] += 10 * noise
    return Series().extended(range(1, count + 1), ys)


def loss_chart(*, log: bool = False) -> Chart:
    """A run in its seventh epoch among two older ones, steered once, broken once."""
    loss = series(1500, 0.4, 2.3, 300, 0.06).extended([1501], [math.nan])
    return Chart(
        title="loss",
        curves=(
            Curve("init he", series(2350, 0.35, 2.3, 200), "ghost", "ghost-1", 0.98, "0.353"),
            Curve("[b]Xavier", series(2350, 0.6, 2.0, 500), "ghost", "ghost-2", 0.98),
            Curve("", loss, "dots", "loss-raw"),
            Curve("train", loss, "line", "loss", 0.98, "0.401"),
        ),
        x_range=(0, 2350),
        log=log,
        marks=(VerticalMark(900, "lr 0.1 → 0.01"),),
    )


def accuracy_chart() -> Chart:
    """Minibatch and test accuracy of the same run."""
    test = Series().extended([235 * i for i in range(1, 7)], [0.71, 0.79, 0.81, 0.8, 0.83, 0.846])
    batches = series(1500, 0.87, 0.1, 150, 0.02)
    return Chart(
        title="accuracy",
        curves=(
            Curve("", batches, "dots", "train-accuracy-raw"),
            Curve("train", batches, "line", "train-accuracy", 0.98, "86.4%"),
            Curve("test", test, "marks", "test-accuracy", value="84.6%"),
        ),
        x_range=(0, 2350),
        percent=True,
    )


def layer_rows() -> list[LayerRow]:
    """A healthy layer, a dying one, an output layer, and one that broke."""
    past = [math.exp(-i / 30) * (1 + 0.3 * math.sin(i)) for i in range(80)]
    nan, inf = math.nan, math.inf
    dying = (2.59, 2.1e-12, 7e-6, 1.2e-3, 3.4e-3, 0.97, 1e-5)
    return [
        LayerRow("hidden1", (256, 784), 4.53, 0.0831, 1.2e-3, 0.312, 0.544, 0.384, 0.0123, past),
        LayerRow("hidden2", (256, 256), *dying, gradient_history=past[::-1]),
        LayerRow("output", (10, 256), 0.524, 0.511, 0.02, -0.3, 2.45, nan, 0.911, past),
        LayerRow("broken", (1, 1), nan, inf, nan, nan, inf, 0, nan, [1.0, nan]),
    ]


def matrices() -> list[MatrixFigures]:
    """Weights and gradients of two layers, the last of them broken."""
    weight = (-0.0431, 0.0442, 7.98e-3, 0.01, 4.53, 0.44, 187.31)
    gradient = (-1.1e-3, 1.2e-3, 8e-5, 1.1e-4, 0.083, 0.06, 3.2)
    broken = (*[math.nan] * 4, math.inf, math.inf, math.nan)
    return [
        MatrixFigures("hidden1", "weight", (256, 784), *weight),
        MatrixFigures("hidden1", "gradient", (256, 784), *gradient),
        MatrixFigures("output", "weight", (10, 256), -0.3, 0.31, 0.05, 0.07, 3.6, 1.2, 8.9),
        MatrixFigures("output", "gradient", (10, 256), *broken),
    ]


INFO = HeaderInfo(
    run="20251009-085320-3f9a1c",
    data="fashion-mnist",
    model="784-256-10",
    init="normal 0.01",
    activation="relu",
    optimizer="sgd lr 0.1",
    device="cpu",
    state="running",
    epoch=6,
    epochs=10,
    step=1501,
    total_steps=2350,
    loss=0.4012,
    accuracy=0.864,
    test_accuracy=0.8461,
    samples_per_second=223_456,
    seconds_left=7.3,
)
