"""What was asked of runs and they have not answered: until then a key's wish counts as done."""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec

from engine.controls import AnyControl
from engine.events import ControlApplied


@dataclass
class Requests:
    """Every request has a number of its own, which the event that answers it carries. So have those
    of every other screen on the same run: what was asked for is compared as well.

    `pause` is the request for a pause, or its end, with whether the run shall hold; `lr` the one
    for another learning rate, with that rate; `pace` the one for another pace (0: none); `held`
    what was asked of a run that has not begun.
    """

    newest: int = 0
    pause: tuple[int, bool] | None = None
    lr: tuple[int, float] | None = None
    pace: int = 0
    held: list[AnyControl] = field(default_factory=list)

    def numbered(self, control: AnyControl) -> AnyControl:
        """The same with the next number."""
        self.newest += 1
        return msgspec.structs.replace(control, request=self.newest)

    def answered(self, event: ControlApplied) -> None:
        """What was asked for is now so (or refused): the run's own word counts again."""
        answer = event.what, event.request
        if self.pause and answer == ("pause" if self.pause[1] else "resume", self.pause[0]):
            self.pause = None
        if self.lr and answer == ("learning rate", self.lr[0]):
            self.lr = None

    def takes_pace(self, event: ControlApplied) -> bool:
        """Whether the run's pace is now this one, and no newer request is on its way."""
        if event.what != "pace" or self.pace not in (0, event.request):
            return False
        self.pace = 0
        return True

    def released(self) -> list[AnyControl]:
        """What was held, for the run that begins; when that is nothing, nothing is awaited."""
        held, self.held = self.held, []
        if not held:
            self.forget()
        return held

    def forget(self) -> None:
        """Nobody is left to answer."""
        self.held.clear()
        self.pause = self.lr = None
        self.pace = 0
