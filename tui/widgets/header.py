"""What run this is and how far it has come."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Unpack

from rich.cells import cell_len
from textual.geometry import Size
from textual.strip import Strip

from tui.charts.fields import Field, fit
from tui.charts.numbers import compact, duration, fixed, nonfinite
from tui.widgets.strips import Run, StripView, ViewOptions

_STATES = {
    "running": ("▶", ">", "good"),
    "paused": ("‖", "=", "warning"),
    "completed": ("✓", "*", "good"),
    "stopped": ("■", "#", "warning"),
    "interrupted": ("■", "#", "warning"),
    "diverged": ("✗", "x", "alert"),
    "failed": ("✗", "x", "alert"),
    "crashed": ("✗", "x", "alert"),
}
_WAITING = ("…", ".", "muted")


@dataclass(frozen=True, slots=True)
class HeaderInfo:
    """A run in words and numbers; accuracies are fractions, NaN where nothing is known yet. `loss`
    is None before the first step, for it may itself be NaN.

    `state` is running, paused, an outcome (completed, stopped, diverged, …), or any word for what
    goes on before the first step.
    """

    run: str = ""
    data: str = ""
    model: str = ""
    init: str = ""
    activation: str = ""
    optimizer: str = ""
    device: str = ""
    state: str = "preparing"
    epoch: int = 0
    epochs: int = 0
    step: int = 0
    total_steps: int = 0
    loss: float | None = None
    accuracy: float = math.nan
    test_accuracy: float = math.nan
    samples_per_second: float = math.nan
    seconds_left: float = math.nan
    pace: str = ""


Item = tuple[int, str, str, str]
"""Priority, label, text, role."""


class RunHeader(StripView):
    """One to three lines: who, how far, and a thin bar; the less important gives way."""

    DEFAULT_CSS = "RunHeader { width: 1fr; height: 3; }"

    def __init__(self, **options: Unpack[ViewOptions]) -> None:
        super().__init__(**options)
        self._info = HeaderInfo()

    def show_info(self, info: HeaderInfo) -> None:
        """Show this state of the run."""
        if info != self._info:
            self._info = info
            self.redraw()

    def prepare(self, size: Size) -> Sequence[Strip]:
        """As many of the three lines as there is room for; in one, the numbers matter most."""
        badge = _badge(self._info, self._plain)
        numbers = _numbers(self._info)
        if size.height == 1:
            return [self.strip(*_line([badge, *numbers], size.width))]
        first = [badge, *_identity(self._info)]
        if not _kept(
            numbers, size.width, "epoch", "step"
        ):  # how far it is takes the room of what does not change
            first.insert(1, (95, *numbers[0][1:]))
        lines = [
            self.strip(*_line(first, size.width)),
            self.strip(*_line(numbers, size.width)),
        ]
        if size.height > 2:
            lines.append(self.strip(*progress_bar(_done(self._info), size.width, self._plain)))
        return lines


def _badge(info: HeaderInfo, plain: bool) -> Item:
    return (100, "", *badge(info.state, plain))


def badge(state: str, plain: bool = False) -> Run:
    """A state with its sign, in its colour."""
    sign, plain_sign, role = _STATES.get(state, _WAITING)
    return f"{plain_sign if plain else sign} {state}", role


def _identity(info: HeaderInfo) -> list[Item]:
    return [
        (80, "", info.run, "strong"),
        (90, "", info.data, "text"),
        (85, "", info.model, "train-accuracy"),
        (70, "", info.activation, "text"),
        (75, "init", info.init, "loss"),
        (60, "", info.optimizer, "text"),
        (40, "", info.device, "muted"),
    ]


def _numbers(info: HeaderInfo) -> list[Item]:
    done, total, rate = f"{info.step:,}", f"{info.total_steps:,}", info.samples_per_second
    return [
        (80, "epoch", f"{info.epoch}/{info.epochs}" if info.epochs else "", "text"),
        (70, "step", f"{done:>{len(total)}}/{total}" if info.total_steps else "", "text"),
        (95, "loss", *_loss(info.loss)),
        (85, "train", _share(info.accuracy), "train-accuracy"),
        (90, "test", _share(info.test_accuracy), "test-accuracy"),
        (50, "", f"{compact(rate):>5} samples/s" if rate > 0 else "", "muted"),
        (30, "pace", info.pace, "warning"),
        (60, "ETA", duration(info.seconds_left) if info.seconds_left > 0 else "", "muted"),
    ]


def _loss(value: float | None) -> Run:
    if value is None:
        return "", "loss"
    return (fixed(value, 5), "loss") if math.isfinite(value) else (nonfinite(value), "alert")


def _share(value: float) -> str:
    return f"{100 * value:4.1f} %" if math.isfinite(value) else ""


def _done(info: HeaderInfo) -> float:
    return min(1.0, max(0.0, info.step / info.total_steps)) if info.total_steps else 0.0


def _shown(items: Sequence[Item], width: int) -> list[Item]:
    """The items that fit, two blanks apart."""
    said = [item for item in items if item[2]]
    fields = [
        Field("", cell_len(label) + bool(label) + cell_len(text), priority)
        for priority, label, text, _ in said
    ]
    return [said[index] for index, _ in fit(fields, width - 1, gap=2)]


def _kept(items: Sequence[Item], width: int, *labels: str) -> bool:
    """Whether one of these items is among those that fit."""
    return any(label in labels for _, label, _, _ in _shown(items, width))


def _line(items: Sequence[Item], width: int) -> list[Run]:
    """The items that fit, two blanks apart, labels muted."""
    runs: list[Run] = [(" ", "muted")]
    for place, (_, label, text, role) in enumerate(_shown(items, width)):
        head = ("  " if place else "") + (f"{label} " if label else "")
        runs += [(head, "muted"), (text, role)]
    return runs


def progress_bar(done: float, width: int, plain: bool = False) -> list[Run]:
    """A thin bar over `width` cells, in half cells; `done` is in [0, 1]."""
    halves = round(done * width * 2)
    if plain:
        full = halves // 2
        return [("=" * full, "good"), ("-" * (width - full), "faint")]
    full, half = divmod(halves, 2)
    rest = width - full - half
    return [("━" * full + "╸" * half, "good"), ("─" * rest, "faint")]
