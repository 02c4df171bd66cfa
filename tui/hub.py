"""Between the link and the screen: the news of the engine, folded, and what was asked of it.

No clock and no screen: `poll` is called at a fixed rate by whoever draws, and waiting is counted
in polls. Nothing here blocks.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field, replace
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
from tui.keymap import Situation
from tui.rate import told_pace
from tui.replay.scrub import Scrub
from tui.requests import Requests
from tui.run_view import RunView

POLLS_PER_SECOND = 32
SETTLING = 6
"""Polls without a further switch before a held key's last choice starts (0.2 s)."""
REAL_DATA = "fashion-mnist"
_UP_TO_DATE, _BEHIND = 0.008, 0.045
"""Seconds of reading in a poll: of what a run says as it goes, and of a long past."""


@dataclass(frozen=True, slots=True)
class Status:
    """What is going on besides training.

    `held` says why the run cannot go on for now, `change` how the last switch differs,
    `unfetched` what could not be downloaded.
    """

    starting: bool = False
    progress: Progress | None = None
    fetching: str = ""
    refused: str = ""
    unfetched: str = ""
    lost: str = ""
    held: str = ""
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
    `scrub` is where a replay stands, when that is what is shown, and `unread` the share of a past
    that has not been read yet.
    `_viewed` are those of the run on screen, `refused_config` those of a start that was refused,
    and `_dead` is a run that its engine has left. `_resumes` is the run whose resumption has not
    begun: what comes until then is its past.
    """

    link: RunLink
    config: RunConfig
    view: RunView = field(default_factory=RunView)
    ghosts: Ghosts = field(default_factory=Ghosts)
    status: Status = field(default_factory=Status)
    neighbour: Neighbour | None = None
    scrub: Scrub | None = None
    unread: float = 0.0
    refused_config: RunConfig | None = None
    _viewed: RunConfig | None = None
    _requests: Requests = field(default_factory=Requests)
    _dead: str = ""
    _resumes: str = ""
    _base: RunConfig | None = None
    _asked: RunConfig | None = None
    _begun: str = ""
    _overtaken: str = ""
    _pending: RunConfig | None = None
    _quiet: int = 0

    @property
    def working(self) -> bool:
        """Whether leaving now would end something: a run, its start or a download."""
        busy = self.awaiting or bool(self.status.fetching)
        return (self.running or busy) and not self.status.lost

    @property
    def running(self) -> bool:
        """Whether a run is under way that can be steered."""
        if self.scrub or self.view.finished:
            return False
        started = self.view.started is not None and not self._resumes
        return started and not self.status.lost and self.view.run_id != self._dead

    @property
    def resuming(self) -> bool:
        """Whether what is shown is the past of a run that has not begun, and perhaps will not."""
        return bool(self._resumes)

    @property
    def awaiting(self) -> bool:
        """Whether a run was asked for that has not begun: what is asked now is asked of it."""
        return self.status.starting or self._pending is not None

    @property
    def shown_config(self) -> RunConfig:
        """The settings of the run on screen, or of the one that is about to replace it."""
        return self.config if self.awaiting or self._viewed is None else self._viewed

    @property
    def paused(self) -> bool:
        """Whether the run holds, or was asked to and has not said so yet."""
        if self._requests.pause:
            return self._requests.pause[1] and (self.running or self.awaiting)
        return self.running and self.view.paused and not self.awaiting

    @property
    def pause_pending(self) -> bool:
        """Whether a pause, or its end, was asked for and the run has not said so yet."""
        return self.running and self._requests.pause is not None

    @property
    def can_fetch(self) -> bool:
        """Whether the run stands on drawn pictures because the real ones are not here."""
        started = self.view.started
        dataset = started.dataset if started else None
        drawn = bool(dataset and dataset.name == "synthetic") and self.config.data == "auto"
        return drawn and not self.scrub

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
            replaying=self.scrub is not None,
            playing=self.scrub is not None and self.scrub.playing,
        )

    @property
    def accepts(self) -> Situation:
        """What can be asked for: of the run under way, or of the one that is about to begin."""
        return self.situation._replace(running=self.running or self.awaiting)

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

    @property
    def wanted_lr(self) -> float:
        """The learning rate in force, or the one just asked for."""
        if self._requests.lr is not None:
            return self._requests.lr[1]
        return self.config.lr if self.awaiting else self.view.lr

    @property
    def base_lr(self) -> float:
        """What another learning rate is chosen from: under a schedule, not the rate in force."""
        if self._requests.lr is not None:
            return self._requests.lr[1]
        return self.config.lr if self.awaiting else self.view.base_lr

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

    @property
    def _held_up(self) -> bool:
        """Whether the engine is about to begin a run; one that prepares at length may be ended."""
        return self.status.starting and self.status.progress is None

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
