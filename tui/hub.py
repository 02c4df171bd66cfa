"""Between the link and the screen: the news of the engine, folded, and what was asked of it.

No clock and no screen: `poll` is called at a fixed rate by whoever draws, and waiting is counted
in polls. Nothing here blocks.
"""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import Protocol

import msgspec

from engine import controls, events
from engine.config import RunConfig
from engine.errors import BadInput
from engine.link import Fetched, Held, Lost, News, Progress, Refused, RunLink
from tui import switch
from tui.coalesced import coalesced
from tui.folding import taken
from tui.ghosts import Ghosts
from tui.rate import told_pace
from tui.replay.scrub import Scrub
from tui.run_view import RunView
from tui.standing import Standing, Status

POLLS_PER_SECOND = 32
SETTLING = 6
"""Polls without a further switch before a held key's last choice starts (0.2 s)."""
REAL_DATA = "fashion-mnist"
_UP_TO_DATE, _BEHIND = 0.008, 0.045
"""Seconds of reading in a poll: of what a run says as it goes, and of a long past."""


class Neighbour(Protocol):
    """Who else starts runs on the hub's link."""

    def take(self, news: News) -> bool:
        """Take in news; whether they were the neighbour's alone."""

    def stand_aside(self) -> None:
        """A run of the hub's begins: what the neighbour was about to start will not."""


class Hub(Standing):
    """Starts and steers runs on a link, and takes in what comes of it."""

    def __init__(self, link: RunLink, config: RunConfig) -> None:
        super().__init__(config)
        self.link = link
        self.neighbour: Neighbour | None = None

    def switch(self, config: RunConfig) -> None:
        """Start a run with these settings: now, or once the key is let go when it is held."""
        if not self.awaiting:
            self._requests.forget()
        self.config = config
        self.refused_config = None
        if self._quiet or self._held_up:
            self._pending = config
            self._quiet = SETTLING
        else:
            self._base = self._asked
            self._start(config)
        change = switch.what_changed(self._base, config) if self._base else ""
        same = "the same settings again" if self._base else ""
        self.status = replace(self.status, change=change or same)

    def expect(self, run_id: str) -> None:
        """The link was asked to resume this run, which is shown as it stood until that begins."""
        self._resumes = run_id
        self.status = replace(self.status, starting=True)

    def go_on(self, epochs: int) -> None:
        """More epochs: of the run under way, or as a new run from where the last one ended."""
        if self.running or self.awaiting:
            self.send(controls.Extend(epochs=epochs))
        elif self.view.finished:
            rate = self.view.base_lr  # a person may have steered it
            lr = rate if rate > 0 else self.shown_config.lr
            more = switch.changed(self.shown_config, epochs=epochs, lr=lr)
            self._quiet = SETTLING
            self.refused_config = None
            self._requests.forget()
            self.status = replace(self.status, starting=True, refused="", progress=None)
            if self.neighbour:
                self.neighbour.stand_aside()
            self.link.start(more, continues=self.view.run_id)

    def send(self, control: controls.AnyControl) -> int:
        """Ask the run under way, or the one about to begin once it has; returns the request's
        number, which its event will carry.
        """
        numbered = self._requests.numbered(control)
        if self.awaiting:
            self._requests.held.append(numbered)
        else:
            self.link.send(numbered)
        return numbered.request

    def toggle_pause(self) -> bool:
        """Pause or go on; returns whether it shall hold."""
        hold = not self.paused
        self._requests.pause = (self.send(controls.Pause() if hold else controls.Resume()), hold)
        return hold

    def steer_lr(self, lr: float) -> None:
        """Have the run under way use this learning rate; the next run starts with its own."""
        self._requests.lr = (self.send(controls.SetLearningRate(lr=lr)), lr)

    def steer_pace(self, by: int) -> float:
        """`by` places faster (or slower), the runs to come as well; returns the steps/s."""
        self.config = switch.paced(self.config, by)
        pace = self.config.pace
        if self._pending is not None:
            self._pending = switch.changed(self._pending, pace=pace)
        if self._viewed is not None and not self.awaiting:
            self._viewed = switch.changed(self._viewed, pace=pace)
        self._requests.pace = self.send(controls.SetPace(steps_per_second=pace))
        return pace

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
        self._requests.forget()
        self.status = replace(self.status, starting=False, progress=None)

    def show(self, view: RunView, scrub: Scrub) -> None:
        """Show a moment of a recorded run."""
        started = view.started
        if started and (self._viewed is None or started is not self.view.started):
            with contextlib.suppress(msgspec.ValidationError, BadInput):  # of another version
                self._viewed = msgspec.convert(started.config, RunConfig)
        self.view, self.scrub = view, scrub

    def poll(self) -> bool:
        """Take in what has come; whether anything to be seen has changed."""
        news = self.link.drain(_BEHIND if self.unread else _UP_TO_DATE)
        self.unread = self.link.unread
        for item in coalesced(news):
            if not (self.neighbour and self.neighbour.take(item)):
                self._take(item)
        self._quiet = max(0, self._quiet - 1)
        if self._pending is not None and not self._quiet and not self._held_up:
            self._overtaken = self._begun
            self._start(self._pending)
            return True
        return bool(news)

    def _start(self, config: RunConfig) -> None:
        self._pending = None
        self._quiet = SETTLING
        self._asked = config
        self._begun = ""
        if self._resumes:
            self._dead, self._resumes = self.view.run_id, ""
        was = self.status
        self.status = Status(starting=True, fetching=was.fetching, change=was.change)
        if self.neighbour:
            self.neighbour.stand_aside()
        self.link.start(config)

    def _take(self, news: News) -> None:
        match news:
            case Progress():
                self.status = replace(self.status, progress=news)
            case Refused(text, what="fetch"):
                progress = self.status.progress if self.status.starting else None
                self.status = replace(self.status, fetching="", unfetched=text, progress=progress)
            case Refused(text):
                self._refuse(text)
            case Lost(text):
                self._dead = self.view.run_id
                self._requests.forget()
                self.status = replace(
                    self.status, starting=False, fetching="", lost=text, progress=None
                )
            case Held(text):
                self.status = replace(self.status, held=text)
            case Fetched(data):
                self.status = replace(self.status, fetching="", progress=None)
                self.switch(switch.changed(self.config, data=data))
            case _:
                self._fold(news)

    def _refuse(self, text: str) -> None:
        """No run comes of the newest start: the one on screen counts again, unless one waits."""
        refused = self.status.starting and self._pending is None
        self.status = replace(self.status, starting=False, refused=text, progress=None)
        if refused:
            self._requests.forget()
        if refused and self._viewed is not None:
            self.refused_config = self.config
            self.config = self._asked = self._viewed
            self.status = replace(self.status, change="")

    def _fold(self, event: events.AnyEvent) -> None:
        if isinstance(event, events.RunStarted):
            self._meet(event)
        if isinstance(event, events.ControlApplied) and not self._resumes:
            self._answered(event)
        self.view = taken(event, self.view)

    def _answered(self, event: events.ControlApplied) -> None:
        """The run's pace is this one, whoever asked for it: the next key goes on from there."""
        self._requests.answered(event)
        if not self._requests.takes_pace(event):
            return
        pace = told_pace(event.after)
        if self._viewed is not None:
            self._viewed = switch.changed(self._viewed, pace=pace)
        if not self.awaiting:
            self.config = switch.changed(self.config, pace=pace)

    def _meet(self, event: events.RunStarted) -> None:
        """A run begins: the one before it stays as a ghost, unless it is the one that goes on.

        A run that a held key only passed through leaves none.
        """
        self._know(event)
        if self._resumes not in ("", event.continues):
            return
        self._resumes = ""
        self.status = replace(
            self.status, starting=False, progress=None, lost="", held="", refused=""
        )
        self._hand_over()
        goes_on = bool(event.continues) and event.continues == self.view.run_id
        if not goes_on and self.view.run_id != self._overtaken:
            self.ghosts = self.ghosts.joined_by(self.view)
        self._begun = "" if goes_on else event.run_id

    def _know(self, event: events.RunStarted) -> None:
        if self._viewed is None or event.continues != self.view.run_id:
            with contextlib.suppress(msgspec.ValidationError, BadInput):  # of another version
                self._viewed = msgspec.convert(event.config, RunConfig)

    def _hand_over(self) -> None:
        """What was asked for meanwhile is asked of the run that begins, unless one more waits."""
        if self._pending is not None:
            return
        for control in self._requests.released():
            if isinstance(control, controls.SetPace) and self._viewed is not None:
                self._viewed = switch.changed(self._viewed, pace=control.steps_per_second)
            self.link.send(control)
