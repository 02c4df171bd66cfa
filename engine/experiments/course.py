"""The course of an experiment that is not a training run: requests, pace, progress, claims."""

from __future__ import annotations

import math
import platform
import time
from collections.abc import Callable, Iterator

import msgspec

from engine.controls import Controls, Extend, Measure, Pause, SetLearningRate
from engine.errors import BadInput
from engine.events import (
    Advanced,
    ClaimChecked,
    ControlApplied,
    Event,
    RunFinished,
    RunStarted,
    SeriesExtended,
)
from engine.store.checkpoint import Start
from engine.training.steering import Pacer, Steering

_BETWEEN_NEWS = 0.05  # seconds: what a viewer can follow


def begun(experiment: str, config: msgspec.Struct, device: str = "cpu") -> RunStarted:
    """The first event of an experiment."""
    return RunStarted(
        run_id="",
        experiment=experiment,
        config=msgspec.to_builtins(config),
        device=device,
        versions={"python": platform.python_version()},
    )


def refuse_start(start: Start | None) -> None:
    """An experiment that has no state to go on from says so.

    Raises:
        BadInput: when one was given.
    """
    if start is not None:
        raise BadInput("only a training run can be continued; start the experiment afresh")


def claim(
    text: str, *, measured: float, predicted: float, tolerance: float, source: str
) -> ClaimChecked:
    """A claim and whether it holds; what is not finite does not hold."""
    return ClaimChecked(
        claim=text,
        measured=measured,
        predicted=predicted,
        tolerance=tolerance,
        holds=math.isfinite(measured) and abs(measured - predicted) <= tolerance,
        source=source,
    )


class Course:
    """Steps of work, `total` of them, at most `pace` a second (0: as fast as they go).

    After each step of work call `step`; when `ended` is set, make an end. Points are gathered by
    `point` and handed over a few times a second, which changes what is sent, never the numbers.

    A `reversible` course can also be gone through backwards: call `walk` in place of `step`, show
    what stands at `done`, and make an end when `over` is set.
    """

    def __init__(
        self,
        controls: Controls,
        total: int,
        *,
        pace: float = 0.0,
        reversible: bool = False,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self.done = 0
        self.total = total
        self.over = False
        self._controls = controls
        self._clock = clock
        self._reversible = reversible
        self._steering = Steering(math.nan, pace, 0, total if reversible else None)
        self._pacer = Pacer()
        self._points: dict[str, tuple[list[float], list[float]]] = {}
        self._told_at = -math.inf

    @property
    def ended(self) -> bool:
        """Whether somebody asked for the end."""
        return self._steering.stop is not None

    def point(self, series: str, x: float, y: float) -> None:
        """A new point of a curve."""
        xs, ys = self._points.setdefault(series, ([], []))
        xs.append(x)
        ys.append(y)

    def step(self) -> Iterator[Event]:
        """One unit of work is done: tell of it, and wait here while paused or ahead of the pace."""
        self.done += 1
        self._steering.stepped()
        if self._clock() - self._told_at >= _BETWEEN_NEWS or self._steering.pace:
            yield from self.news()
        yield from self._wait()

    def walk(self, *, hold: bool) -> Iterator[Event]:
        """Wait as `step` does, then go a step on or back: `done` changes by one.

        From the last step it only goes back; with `hold` the course waits there for that, or for
        the end, which going on means there.
        """
        if not self.done:
            self._pacer.wait(self._clock, self._steering.pace)  # the first step is to be seen too
        yield from self.news()
        if self.done == self.total and self._steering.allowed is None:
            if hold:
                paused = self._steering.apply(Pause(), self.done)
                yield msgspec.structs.replace(paused, note="the last step; the way back is open")
            else:
                self.over = True
                return
        yield from self._wait()
        allowed = self._steering.allowed
        self.over = self.ended or (allowed is None and self.done == self.total)
        if not self.over:
            self.done += -1 if allowed is not None and allowed < 0 else 1
            self._steering.stepped()

    def _wait(self) -> Iterator[Event]:
        """Take requests; come back when the next step may begin."""
        yield from self._requests(0.0)
        while not self.ended:
            asked = self._reversible and self._steering.allowed is not None
            if self._steering.holding:
                yield from self.news()
                yield from self._requests(None)
            elif not asked and (wait := self._pacer.wait(self._clock, self._steering.pace)) > 0:
                yield from self._requests(wait)
            else:
                break

    def news(self) -> Iterator[Event]:
        """The points gathered so far, and how far the work has come."""
        self._told_at = self._clock()
        for series, (xs, ys) in self._points.items():
            yield SeriesExtended(series=series, x=tuple(xs), y=tuple(ys))
        self._points.clear()
        yield Advanced(done=self.done, total=self.total)

    def finished(self, detail: str) -> Iterator[Event]:
        """The last news and the last event."""
        yield from self.news()
        stop = self._steering.stop
        through = self._reversible and self.done == self.total
        if stop is None or (through and not stop.interrupted):
            yield RunFinished(outcome="completed", detail=detail, step=self.done)
            return
        yield RunFinished(
            outcome="interrupted" if stop.interrupted else "stopped",
            detail=stop.reason or f"stopped after {self.done:,} of {self.total:,} steps",
            step=self.done,
        )

    def _requests(self, timeout: float | None) -> Iterator[Event]:
        for control in self._controls.take(timeout):
            if isinstance(control, SetLearningRate | Extend | Measure):
                yield ControlApplied(
                    step=self.done,
                    what=type(control).__name__.lower(),
                    note="this experiment has nothing of the kind",
                    request=control.request,
                )
            else:
                yield self._steering.apply(control, self.done)
