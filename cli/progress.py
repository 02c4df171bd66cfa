"""How far a run without a screen has come, on standard error."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn
from rich.table import Column
from rich.text import Text

from engine.events import Advanced, EpochFinished, Event, Noted
from engine.text import clean
from tui.lab.pace import Speed
from tui.run_view import RunView

REDRAW_SECONDS = 0.25


class Watcher(Protocol):
    """Shows news of the preparation, and then the run after each event."""

    def prepare(self, text: str, done: float, total: float) -> None: ...

    def hold(self, text: str) -> None: ...

    def show(self, event: Event, view: RunView) -> None: ...

    def close(self) -> None: ...


class Nothing:
    """Shows nothing."""

    def prepare(self, text: str, done: float, total: float) -> None:
        """Ignore it."""

    def hold(self, text: str) -> None:
        """Say it: a run that stands still without a word looks like one that hangs."""
        sys.stderr.write(f"{held_words(text)}\n")

    def show(self, event: Event, view: RunView) -> None:
        """Ignore it."""

    def close(self) -> None:
        """There is nothing to end."""


class Lines:
    """One plain line for each epoch, or tenth of an experiment, for logs and pipes."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._preparing = ""
        self._tenths = 0

    def prepare(self, text: str, done: float, total: float) -> None:
        """Say what is being prepared, once."""
        if text != self._preparing:
            self._preparing = text
            self._say(clean(text))

    def hold(self, text: str) -> None:
        """Say that the run cannot go on for now, and that it does again."""
        self._say(held_words(text))

    def show(self, event: Event, view: RunView) -> None:
        """Say how an epoch went, how far an experiment is, and what the run wants said."""
        if isinstance(event, EpochFinished):
            self._say(epoch_line(event, view))
        elif isinstance(event, Advanced) and event.total > 0:
            tenths = math.floor(10 * event.done / event.total)
            if tenths > self._tenths:
                self._tenths = tenths
                self._say(standing(view)[0])
        elif isinstance(event, Noted) and event.level != "info":
            self._say(f"{event.level}: {clean(event.text, 500)}")

    def close(self) -> None:
        """There is nothing to end."""

    def _say(self, line: str) -> None:
        self._console.print(Text(line), soft_wrap=True)


class Bar:
    """A progress bar, redrawn by the training thread itself a few times a second.

    A second thread that draws would take the interpreter from the trainer at its own moments.
    A `transient` bar is wiped at its end.
    """

    def __init__(
        self,
        console: Console,
        clock: Callable[[], float] = time.monotonic,
        *,
        transient: bool = False,
    ) -> None:
        self._clock = clock
        self._drawn = -math.inf
        self._speed = Speed()
        self._lines = Lines(console)
        self._bar = Progress(
            TextColumn("{task.description}", markup=False, table_column=Column(no_wrap=True)),
            BarColumn(bar_width=None),
            _Figures(Column(no_wrap=True)),
            console=console,
            auto_refresh=False,
            transient=transient,
            expand=True,
        )
        self._task = self._bar.add_task("preparing", total=None, figures="")
        self._bar.start()

    def prepare(self, text: str, done: float, total: float) -> None:
        """Draw how far the preparation (a download, say) has come."""
        figures = f"{done / 1e6:.1f} MB" if done else ""
        self._draw(clean(text, 50), done, total, figures, urgent=done >= total > 0)

    def hold(self, text: str) -> None:
        """A line above the bar."""
        self._lines.hold(text)

    def show(self, event: Event, view: RunView) -> None:
        """Draw the step, its epoch, the loss, the test accuracy, the speed and the time left."""
        if isinstance(event, Noted):
            self._lines.show(event, view)
        if isinstance(event, Advanced):
            self._speed = self._speed.after(event)
        what, done, total = standing(view)
        left = self._speed.seconds_left(total) if view.advanced else view.seconds_left
        self._draw(what, done, total, figures_of(view, left), urgent=view.finished is not None)

    def close(self) -> None:
        """Leave the bar as it stands and show the cursor again."""
        self._bar.stop()

    def _draw(self, what: str, done: float, total: float, figures: str, *, urgent: bool) -> None:
        now = self._clock()
        if now - self._drawn < REDRAW_SECONDS and not urgent:
            return
        self._drawn = now
        self._bar.update(
            self._task, description=what, completed=done, total=total or None, figures=figures
        )
        self._bar.refresh()


class _Figures(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(str(task.fields["figures"]))


def held_words(text: str) -> str:
    """What is said of a run that cannot go on because of `text`, or ("") can again."""
    return f"the run is held: {clean(text, 500)}" if text else "the run goes on"


def standing(view: RunView) -> tuple[str, float, float]:
    """Where the run is in words, and how much of how much it has done."""
    if view.started and view.advanced:
        done, total = view.advanced.done, view.advanced.total
        return f"{clean(view.started.experiment)} step {done:,.0f}/{total:,.0f}", done, total
    what = f"epoch {view.current_epoch}/{view.epochs} step {view.step}"
    return what, view.step, view.total_steps


def figures_of(view: RunView, seconds_left: float) -> str:
    """The numbers beside the bar."""
    figures = [f"loss {view.loss.last:.4f}"] if len(view.loss) else []
    if len(view.test_accuracy):
        figures.append(f"test {view.test_accuracy.last:.1%}")
    if math.isfinite(view.samples_per_second):
        figures.append(f"{view.samples_per_second:,.0f}/s")
    if math.isfinite(seconds_left) and not view.finished:
        figures.append(f"{seconds_left:.0f} s left")
    return " ".join(figures)


def epoch_line(event: EpochFinished, view: RunView) -> str:
    """One epoch in a line of plain text."""
    without_masks = (
        f"in eval mode {event.train_loss_eval:.4f} {event.train_accuracy_eval:.4f}  "
        if math.isfinite(event.train_accuracy_eval)
        else ""
    )
    return (
        f"epoch {event.epoch}/{view.epochs}  step {event.step}  "
        f"train loss {event.train_loss:.4f}  train acc {event.train_accuracy:.4f}  "
        f"{without_masks}"
        f"test loss {event.test_loss:.4f}  test acc {event.test_accuracy:.4f}  "
        f"{event.samples_per_second:,.0f} samples/s"
    )
