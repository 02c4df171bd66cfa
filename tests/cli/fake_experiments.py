"""Experiments that do nothing but say what a test wants said."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Annotated, Any

import msgspec

from engine.controls import Controls
from engine.events import Event, GridChanged, TableChanged
from engine.experiments.contract import Experiment
from engine.experiments.course import Course, begun, claim
from engine.schema import Setting, check
from engine.store.checkpoint import Start

ESCAPE = "\x1b]52;c;Zm9v\x07"


class FakeSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is measured, how often, in how many steps, and how slowly."""

    measured: Annotated[float, Setting("what is measured; 1 is predicted")] = 1.0
    claims: Annotated[int, Setting("claims of the same words; only the first may fail")] = 1
    steps: Annotated[int, Setting("steps of work", ge=1)] = 20
    note: Annotated[str, Setting("a note")] = ""
    widths: Annotated[tuple[int, ...], Setting("some numbers")] = (1, 2)
    pace: Annotated[float, Setting("steps per second", gt=0, words={"full": 0.0})] = 1000.0

    def __post_init__(self) -> None:
        check(self)


def tell(config: FakeSettings, controls: Controls, start: Start | None = None) -> Iterator[Event]:
    """Tables, grids, steps and claims; the pace is told in a table."""
    course = Course(controls, config.steps)
    yield begun("fake", config)
    rows = (("pace", config.pace), (f"[bold]{ESCAPE}", 1e23))
    yield TableChanged(table="facts", columns=("what", "value"), rows=rows)
    yield GridChanged(
        grid="small", rows=("r1", "r2"), columns=("c1", "c2"), values=((0.125, 2.0), (3.0, 4.5))
    )
    large = tuple(tuple(float(row) for _ in range(50)) for row in range(60))
    labels = tuple(map(str, range(60)))
    yield GridChanged(grid="large", rows=labels, columns=labels[:50], values=large)
    while course.done < config.steps and not course.ended:
        yield from course.step()
    for number in range(config.claims):
        measured = config.measured if number == 0 else 1.0
        yield claim("it is one", measured=measured, predicted=1.0, tolerance=0.01, source="Peano")
    yield from course.finished("it came out as it had to")


def fake(
    name: str = "fake", *checks: Any, run: Callable[..., Iterator[Event]] = tell
) -> Experiment:
    """An experiment of that name with these test settings."""
    return Experiment(
        name=name,
        question=f"Is {name} one?",
        config=FakeSettings,
        run=run,
        shows="numbers ticking",
        lesson="One is one. The common misunderstanding: that 100 % of it is two.",
        lasts="no time",
        checks=checks,
    )
