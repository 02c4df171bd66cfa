"""Between the link and the screen: the news of the engine, folded, and what was asked of it.

No clock and no screen: `poll` is called at a fixed rate by whoever draws, and waiting is counted
in polls. Nothing here blocks.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Protocol

import msgspec

from engine import controls, events
from engine.config import RunConfig
from engine.link import Fetched, Lost, News, Progress, Refused, RunLink
from tui import switch
from tui.ghosts import Ghosts
from tui.keymap import Situation
from tui.run_view import RunView, fold

POLLS_PER_SECOND = 20
SETTLING = 4
"""Polls without a further switch before a held key's last choice starts (0.2 s)."""
REAL_DATA = "fashion-mnist"


@dataclass(frozen=True, slots=True)
class Status:
    """What is going on besides training.

    `change` says how the last switch differs, `unfetched` what could not be downloaded.
    """

    starting: bool = False
    progress: Progress | None = None
    fetching: str = ""
    refused: str = ""
    unfetched: str = ""
    lost: str = ""
    change: str = ""


class Neighbour(Protocol):
    """Who else starts runs on the hub's link."""

    def take(self, news: News) -> bool:
        """Take in news; whether they were the neighbour's alone."""

    def stand_aside(self) -> None:
        """A run of the hub's begins: what the neighbour was about to start will not."""


@dataclass
class Hub:
    """The run on screen, the ones before it, and the next one that was asked for.

    `_base` are the settings that the present ones are told against, `_asked` those of the newest
    start, `_begun` the run that came of it, and `_overtaken` one that was only passed through.
    """

    link: RunLink
    config: RunConfig
    view: RunView = field(default_factory=RunView)
    ghosts: Ghosts = field(default_factory=Ghosts)
    status: Status = field(default_factory=Status)
    neighbour: Neighbour | None = None
    _base: RunConfig | None = None
    _asked: RunConfig | None = None
    _begun: str = ""
    _overtaken: str = ""
    _pending: RunConfig | None = None
    _quiet: int = 0
    _request: int = 0
    _pause: tuple[int, bool] | None = None
    _lr: float | None = None

    @property
    def working(self) -> bool:
        """Whether leaving now would end something: a run, its start or a download."""
        running = self.view.started is not None and self.view.finished is None
        busy = self.status.starting or bool(self.status.fetching) or self._pending is not None
        return (running or busy) and not self.status.lost

    @property
    def running(self) -> bool:
        """Whether a run is under way that can be steered."""
        started = self.view.started is not None and self.view.finished is None
        return started and not self.status.lost

    @property
    def paused(self) -> bool:
        """Whether the run holds, or was asked to and has not said so yet."""
        return self.running and (self._pause[1] if self._pause else self.view.paused)

    @property
    def pause_pending(self) -> bool:
        """Whether a pause, or its end, was asked for and the run has not said so yet."""
        return self.running and self._pause is not None

    @property
    def can_fetch(self) -> bool:
        """Whether the run stands on drawn pictures because the real ones are not here."""
        started = self.view.started
        dataset = started.dataset if started else None
        return bool(dataset and dataset.name == "synthetic") and self.config.data == "auto"

    @property
    def situation(self) -> Situation:
        """What decides which actions make sense."""
        return Situation(
            running=self.running,
            paused=self.paused,
            finished=self.view.finished is not None and not self.status.lost,
            can_fetch=self.can_fetch and not self.status.fetching,
            ghosts=bool(len(self.ghosts)),
            layers=bool(self.view.started and self.view.started.layers),
        )

    def switch(self, config: RunConfig) -> None:
        """Start a run with these settings: now, or once the key is let go when it is held."""
        self.config = config
        if self._quiet or self._held_up:
            self._pending = config
            self._quiet = SETTLING
        else:
            self._base = self._asked
            self._start(config)
        change = switch.what_changed(self._base, config) if self._base else ""
        same = "the same settings again" if self._base else ""
        self.status = replace(self.status, change=change or same)

    def go_on(self, epochs: int) -> None:
        """More epochs: of the run under way, or as a new run from where the last one ended."""
        if self.running:
            self.send(controls.Extend(epochs=epochs))
        elif self.view.finished and not self.status.starting:
            more = switch.changed(self.config, epochs=epochs)
            self._quiet = SETTLING
            self.status = replace(self.status, starting=True, refused="", progress=None)
            if self.neighbour:
                self.neighbour.stand_aside()
            self.link.start(more, continues=self.view.run_id)

    def send(self, control: controls.AnyControl) -> int:
        """Ask the run under way; returns the request's number, which its event will carry."""
        self._request += 1
        self.link.send(msgspec.structs.replace(control, request=self._request))
        return self._request

    def toggle_pause(self) -> bool:
        """Pause or go on; returns whether it shall hold."""
        hold = not self.paused
        self._pause = (self.send(controls.Pause() if hold else controls.Resume()), hold)
        return hold

    @property
    def wanted_lr(self) -> float:
        """The learning rate in force, or the one just asked for."""
        return self._lr if self._lr is not None else self.view.lr

    def steer_lr(self, lr: float) -> None:
        """Have the run under way use this learning rate; the next run starts with its own."""
        self._lr = lr
        self.send(controls.SetLearningRate(lr=lr))

    def fetch(self, data: str = REAL_DATA) -> None:
        """Have the data set downloaded; the next run is on it."""
        self.status = replace(self.status, fetching=data, unfetched="", progress=None)
        self.link.fetch(data)

    def clear_ghosts(self) -> None:
        """Forget the earlier runs."""
        self.ghosts = Ghosts()

    def stand_aside(self) -> None:
        """The neighbour starts a run: what was about to start here will not."""
        self._pending = None
        self.status = replace(self.status, starting=False, progress=None)

    def poll(self) -> bool:
        """Take in what has come; whether anything to be seen has changed."""
        news = self.link.drain()
        for item in news:
            if not (self.neighbour and self.neighbour.take(item)):
                self._take(item)
        self._quiet = max(0, self._quiet - 1)
        if self._pending is not None and not self._quiet and not self._held_up:
            self._overtaken = self._begun
            self._start(self._pending)
            return True
        return bool(news)

    @property
    def _held_up(self) -> bool:
        """Whether the engine is about to begin a run; one that prepares at length may be ended."""
        return self.status.starting and self.status.progress is None

    def _start(self, config: RunConfig) -> None:
        self._pending = None
        self._quiet = SETTLING
        self._asked = config
        self._begun = ""
        was = self.status
        self.status = Status(starting=True, fetching=was.fetching, change=was.change)
        if self.neighbour:
            self.neighbour.stand_aside()
        self.link.start(config)

    def _take(self, news: News) -> None:
        match news:
            case Progress():
                self.status = replace(self.status, progress=news)
            case Refused(text) if self.status.fetching and not self.status.starting:
                self.status = replace(self.status, fetching="", unfetched=text, progress=None)
            case Refused(text):
                self.status = replace(
                    self.status, starting=False, fetching="", refused=text, progress=None
                )
            case Lost(text):
                self.status = replace(
                    self.status, starting=False, fetching="", lost=text, progress=None
                )
            case Fetched(data):
                self.status = replace(self.status, fetching="", progress=None)
                self.switch(switch.changed(self.config, data=data))
            case _:
                self._fold(news)

    def _fold(self, event: events.AnyEvent) -> None:
        if isinstance(event, events.RunStarted):
            self._meet(event)
        if isinstance(event, events.ControlApplied):
            self._answered(event)
        self.view = fold(event, self.view)

    def _answered(self, event: events.ControlApplied) -> None:
        """What was asked for is now so (or refused): the run's own word counts again."""
        if self._pause and event.request == self._pause[0]:
            self._pause = None
        if event.request == self._request:
            self._lr = None

    def _meet(self, event: events.RunStarted) -> None:
        """A run begins: the one before it stays as a ghost, unless it is the one that goes on.

        A run that a held key only passed through leaves none.
        """
        self._pause = self._lr = None
        self.status = replace(self.status, starting=False, progress=None, lost="", refused="")
        goes_on = bool(event.continues) and event.continues == self.view.run_id
        if not goes_on and self.view.run_id != self._overtaken:
            self.ghosts = self.ghosts.joined_by(self.view)
        self._begun = "" if goes_on else event.run_id
