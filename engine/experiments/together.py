"""The course of several networks that train together: what is heard of them, and when."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from engine.events import Event
from engine.experiments.course import Course

if TYPE_CHECKING:
    from engine.lab.race import Race


class Standing:
    """What has come of each net so far.

    `lost_at` is the step at which a net's loss was no number any more, 0 while it is; `tested` are
    test losses and accuracies, NaN before the first test and for a net that is lost.
    """

    def __init__(self, race: Race) -> None:
        self.race = race
        self.lost_at = [0] * len(race.entrants)
        nothing = [math.nan] * len(race.entrants)
        self.tested: tuple[list[float], list[float]] = (nothing, nothing)
        self.tested_at = -1

    def hear(self) -> list[tuple[str, float]]:
        """Each net that is not lost, by its label, with its mean loss since the last time."""
        heard = []
        for net, own in enumerate(self.race.take()[0]):
            gone = next((i for i, loss in enumerate(own) if not math.isfinite(loss)), None)
            if gone is not None and not self.lost_at[net]:
                self.lost_at[net] = self.race.done - len(own) + gone + 1
            if own and not self.lost_at[net]:
                heard.append((self.race.entrants[net].label, sum(own) / len(own)))
        return heard

    def test(self) -> None:
        """Test all nets as they are now, once a step."""
        if self.tested_at < self.race.done:
            self.tested = self.race.evaluate()
            self.tested_at = self.race.done


def train(
    standing: Standing,
    course: Course,
    show: Callable[[], Iterator[Event]],
    *,
    curves: bool,
) -> Iterator[Event]:
    """Train to the end or until asked to stop; `show` follows each test of all nets.

    With `curves` every net has its own in the charts "loss" and "accuracy".
    """
    race = standing.race
    while race.done < race.cadence.total and not course.ended:
        race.step()
        if race.cadence.told(race.done):
            for label, loss in standing.hear():
                if curves:
                    course.point(f"loss/{label}", race.done, loss)
        if race.cadence.tested(race.done):
            yield from _tested(standing, course, show, curves=curves)
        yield from course.step()
    if standing.tested_at < race.done:  # stopped on the way
        standing.hear()
        yield from _tested(standing, course, show, curves=curves)


def _tested(
    standing: Standing, course: Course, show: Callable[[], Iterator[Event]], *, curves: bool
) -> Iterator[Event]:
    standing.test()
    race = standing.race
    for entrant, accuracy in zip(race.entrants, standing.tested[1], strict=True):
        if curves and math.isfinite(accuracy):
            course.point(f"accuracy/{entrant.label}", race.done, accuracy)
    yield from show()
