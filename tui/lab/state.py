"""Every experiment's settings and last result, and which of them is under way.

It shares the link with the dashboard: whoever started the run that tells something takes it in.
No clock and no screen; nothing here blocks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import msgspec

from engine import controls, events
from engine.errors import BadInput
from engine.experiments.contract import Experiment
from engine.link import Fetched, Held, Lost, News, Progress, Refused, RunLink
from engine.schema import Field, fields_of, spell, turned
from tui.folding import taken
from tui.keymap import Situation
from tui.lab.pace import Speed
from tui.replay.scrub import Scrub
from tui.requests import Requests
from tui.run_view import RunView
from tui.switch import next_pace

SETTLING = 6
"""Polls without a further turn before a held key's last value starts."""
_TRAINING = "train"


@dataclass(frozen=True, slots=True)
class Result:
    """An experiment's settings as they are asked for, and what its last run has shown."""

    config: Any
    view: RunView = field(default_factory=RunView)
    speed: Speed = field(default_factory=Speed)
    refused: str = ""


class Lab:
    """The experiments of one app; `train` is the dashboard's and is not among them."""

    def __init__(self, link: RunLink, experiments: Sequence[Experiment]) -> None:
        self.link = link
        self._experiments = experiments
        self.starting = ""
        self.progress: Progress | None = None
        self.lost = self.held = ""
        self.scrub: Scrub | None = None
        self._telling = ""
        self._pending = ""
        self._quiet = 0
        self._requests = Requests()

    @cached_property
    def experiments(self) -> Mapping[str, Experiment]:
        """They are looked up when one is shown or has begun: the first frame needs none."""
        return {e.name: e for e in self._experiments if e.name != _TRAINING}

    @cached_property
    def results(self) -> dict[str, Result]:
        """What each is set to, and has shown."""
        return {name: Result(e.config()) for name, e in self.experiments.items()}

    @property
    def working(self) -> bool:
        """Whether leaving now would end something."""
        busy = bool(self.under_way) and not self.idle
        return bool(self.starting or self._pending or busy) and not self.lost

    @property
    def under_way(self) -> str:
        """The experiment that runs now; "" when none does."""
        view = self.results[self._telling].view if self._telling else None
        runs = view is not None and view.started is not None and view.finished is None
        return self._telling if runs and not self.lost else ""

    @property
    def idle(self) -> bool:
        """Whether the experiment under way only waits at its end to be gone back in."""
        name = self.under_way
        advanced = self.results[name].view.advanced if name else None
        return advanced is not None and advanced.done >= advanced.total and self.paused(name)

    def running(self, name: str) -> bool:
        """Whether this experiment is under way."""
        return bool(name) and self.under_way == name

    def waiting(self, name: str) -> bool:
        """Whether this experiment was asked for and has not begun."""
        return name in (self.starting, self._pending)

    def paused(self, name: str) -> bool:
        """Whether this experiment holds, or was asked to."""
        asked = self._requests.pause
        holds = asked[1] if asked else self.results[name].view.paused
        return self.running(name) and holds

    def situation(self, name: str) -> Situation:
        """What decides which actions make sense."""
        finished = self.results[name].view.finished is not None
        if self.scrub:
            return Situation(finished=finished, replaying=True, playing=self.scrub.playing)
        return Situation(
            running=self.running(name),
            paused=self.paused(name),
            finished=finished,
            reversible=self.experiments[name].reversible,
        )

    def configure(self, name: str, config: msgspec.Struct) -> None:
        """Have the next run of this experiment use these settings."""
        self.results[name] = replace(self.results[name], config=config)

    def start(self, name: str) -> None:
        """Run this experiment: now, or once the key is let go when it is held."""
        if self._quiet or (self.starting and self.progress is None and not self.lost):
            self._pending = name
            self._quiet = SETTLING
        else:
            self._start(name)

    def turn(self, name: str, setting: Field, by: int) -> str:
        """Another value for a parameter, without starting anything; what is to be said of it.

        Raises:
            BadInput: when there is no value further that way, or the settings refuse it.
        """
        config = self.results[name].config
        value = getattr(config, setting.name)
        chosen = turned(setting, value, by)
        if chosen == value:
            raise BadInput(f"{setting.name} goes no further than {spell(setting, value)}")
        self.configure(name, msgspec.structs.replace(config, **{setting.name: chosen}))
        return f"{setting.name} {spell(setting, value)} → {spell(setting, chosen)}"

    def set_pace(self, name: str, by: int) -> float:
        """A faster or slower pace, for the run under way and the next ones.

        Raises:
            BadInput: when the experiment has no pace.
        """
        config = self.results[name].config
        if not any(f.name == "pace" for f in fields_of(self.experiments[name].config)):
            raise BadInput("this experiment goes as fast as it can")
        pace = next_pace(config.pace, by)
        self.configure(name, msgspec.structs.replace(config, pace=pace))
        if self.running(name):
            self.send(controls.SetPace(steps_per_second=pace))
        return pace

    def toggle_pause(self, name: str) -> bool:
        """Pause or go on; returns whether it shall hold."""
        hold = not self.paused(name)
        self._requests.pause = (self.send(controls.Pause() if hold else controls.Resume()), hold)
        return hold

    def step(self, name: str, count: int) -> None:
        """Go so many steps on or back; where an experiment can go back, from its play as well."""
        if self.experiments[name].reversible and not self.paused(name):
            self.toggle_pause(name)
        self.send(controls.Step(count=count))

    def send(self, control: controls.AnyControl) -> int:
        """Ask the run under way; returns the request's number."""
        numbered = self._requests.numbered(control)
        self.link.send(numbered)
        return numbered.request

    def stand_aside(self) -> None:
        """Somebody else starts a run on the link: what was about to start will not."""
        self.starting = self._pending = ""

    def show(self, name: str, view: RunView, scrub: Scrub) -> None:
        """Show a moment of a recorded run of this experiment."""
        self._telling, self.scrub = name, scrub
        self.results[name] = replace(self.results[name], view=view)

    def poll(self) -> bool:
        """Let time pass; whether anything to be seen has changed."""
        self._quiet = max(0, self._quiet - 1)
        held_up = self.starting and self.progress is None and not self.lost
        if self._pending and not self._quiet and not held_up:
            self._start(self._pending)
            return True
        return False

    def take(self, news: News) -> bool:
        """Take in news; whether they were of an experiment, and nobody else's."""
        match news:
            case Lost(text):
                self.lost = text
                self.starting = self._pending = self._telling = ""
                self._requests.forget()
                return False  # it concerns everybody
            case Progress() | Refused():
                return self._prepared(news)
            case Held(text):
                self.held = text
                return False  # whoever shows the run says it
            case Fetched():
                return False
            case events.RunStarted():
                self._meet(news)
        if self._telling:
            self._fold(news)
        return bool(self._telling)

    def _start(self, name: str) -> None:
        self.starting, self._pending = name, ""
        self.progress, self.lost = None, ""
        self._quiet = SETTLING
        result = self.results[name] = replace(self.results[name], refused="")
        self.link.start(result.config, experiment=name)

    def _prepared(self, news: Progress | Refused) -> bool:
        name = self.starting
        if not name:
            return False
        if isinstance(news, Progress):
            self.progress = news
        else:
            self.starting, self.progress = "", None
            self.results[name] = replace(self.results[name], refused=news.text)
        return True

    def _meet(self, event: events.RunStarted) -> None:
        self._requests.forget()
        self.held = ""
        name = event.experiment
        self._telling = name if name != _TRAINING and name in self.experiments else ""
        if self._telling:
            self.starting, self.progress, self.lost = "", None, ""

    def _fold(self, event: events.AnyEvent) -> None:
        result = self.results[self._telling]
        speed = result.speed
        match event:
            case events.RunStarted():
                speed, result = Speed(), replace(result, refused="")
            case events.Advanced():
                speed = speed.after(event)
            case events.ControlApplied():
                speed = Speed()  # a pause or another pace: what was measured is over
                self._requests.answered(event)
        view = taken(event, result.view)
        self.results[self._telling] = replace(result, view=view, speed=speed)
