"""What an experiment asks, with which parameters, and how far it has come."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Unpack

from rich.cells import cell_len
from textual.geometry import Size
from textual.strip import Strip

from tui.charts.numbers import compact, duration
from tui.widgets.header import badge, progress_bar
from tui.widgets.strips import Run, StripView, ViewOptions


@dataclass(frozen=True, slots=True)
class Parameter:
    """A setting and its value; `keys` turn it, `pending` says that no run has it yet."""

    name: str
    value: str
    keys: str = ""
    pending: bool = False


@dataclass(frozen=True, slots=True)
class LabInfo:
    """An experiment in words and numbers; `done` of `total` is in its own units."""

    name: str = ""
    question: str = ""
    state: str = ""
    parameters: tuple[Parameter, ...] = ()
    done: float = 0.0
    total: float = 0.0
    seconds_left: float = math.nan
    place: str = ""


class LabHeader(StripView):
    """Title and question, the parameters with their keys, a bar. In `low` terminals no bar."""

    DEFAULT_CSS = "LabHeader { width: 1fr; height: auto; }"

    def __init__(self, **options: Unpack[ViewOptions]) -> None:
        super().__init__(**options)
        self._info = LabInfo()
        self._most, self._bar = 4, True

    def show_info(self, info: LabInfo) -> None:
        """Show this state of the experiment."""
        if info != self._info:
            words = _lengths(info) != _lengths(self._info)
            self._info = info
            self.redraw()
            if words:
                self.refresh(layout=True)

    def fold(self, most: int, *, bar: bool) -> None:
        """Give the parameters at most so many lines, and the progress a line or none."""
        if (most, bar) != (self._most, self._bar):
            self._most, self._bar = most, bar
            self.redraw()
            self.refresh(layout=True)

    def prepare(self, size: Size) -> Sequence[Strip]:
        """The lines for this width."""
        info = self._info
        lines = parameter_lines(info.parameters, size.width, self._most)
        rows = [self._title(size.width), *(self.strip(*line) for line in lines)]
        return [*rows, self._progress(size.width)] if self._bar else rows

    def _title(self, width: int) -> Strip:
        info = self._info
        runs: list[Run] = [(" ", "text"), badge(info.state, self._plain)]
        runs += [(f"  {info.name}", "strong")]
        if not self._bar and info.total > 0 and info.done < info.total:
            runs.append((f"  {info.done / info.total:.0%}", "muted"))
        left = width - sum(cell_len(text) for text, _ in runs)
        place = f"  {info.place} " if info.place else ""
        if cell_len(place) <= left:
            left -= cell_len(place)
        else:
            place = ""
        question = f"  {info.question}"
        if cell_len(question) > left:
            question = f"{question[: max(0, left - 1)]}…" if left > 12 else ""
        runs.append((question, "text"))
        runs.append((" " * (left - cell_len(question)) + place, "muted"))
        return self.strip(*runs)

    def _progress(self, width: int) -> Strip:
        info = self._info
        share = min(1.0, max(0.0, info.done / info.total)) if info.total > 0 else 0.0
        words = f" {compact(info.done)}/{compact(info.total)}" if info.total > 0 else ""
        if info.seconds_left > 0:
            words += f"  ETA {duration(info.seconds_left)}"
        words = words.ljust(24)[: max(0, width - 8)]
        bar = progress_bar(share, max(0, width - len(words) - 1), self._plain)
        return self.strip((" ", "text"), *bar, (words, "muted"))


def parameter_lines(parameters: Sequence[Parameter], width: int, most: int) -> list[list[Run]]:
    """The parameters, whole ones only, in at most `most` lines of `width` cells."""
    lines: list[list[Run]] = []
    used = width + 1
    for parameter in parameters:
        runs = _words(parameter)
        need = sum(cell_len(text) for text, _ in runs)
        if used + need > width:
            if len(lines) == most:
                break
            lines.append([(" ", "text")])
            used = 1
        lines[-1] += [*runs, ("   ", "text")]
        used += need + 3
    return lines


def _words(parameter: Parameter) -> list[Run]:
    value = (parameter.value, "warning" if parameter.pending else "strong")
    name: Run = (f"{parameter.name} ", "muted")
    if not parameter.keys:
        return [name, (parameter.value, "warning" if parameter.pending else "muted")]
    return [name, value, (f" {parameter.keys}", "loss")]


def _lengths(info: LabInfo) -> list[int]:
    return [len(p.name) + len(p.value) for p in info.parameters]
