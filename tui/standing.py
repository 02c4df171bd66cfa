"""How things stand with the run on screen, those before it and the one that was asked for.

Only questions are answered here: whoever asks for something, or has news, goes to the hub.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from engine.config import RunConfig
from engine.link import Progress
from tui.ghosts import Ghosts
from tui.keymap import Situation
from tui.replay.scrub import Scrub
from tui.requests import Requests
from tui.run_view import RunView


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


@dataclass
class Standing:
    """The run on screen, the ones before it, and the next one that was asked for.

    `_base` are the settings that the present ones are told against, `_asked` those of the newest
    start, `_begun` the run that came of it, and `_overtaken` one that was only passed through.
    `scrub` is where a replay stands, when that is what is shown, and `unread` the share of a past
    that has not been read yet.
    `_viewed` are those of the run on screen, `refused_config` those of a start that was refused,
    and `_dead` is a run that its engine has left. `_resumes` is the run whose resumption has not
    begun: what comes until then is its past.
    """

    config: RunConfig
    view: RunView = field(default_factory=RunView)
    ghosts: Ghosts = field(default_factory=Ghosts)
    status: Status = field(default_factory=Status)
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

    @property
    def _held_up(self) -> bool:
        """Whether the engine is about to begin a run; one that prepares at length may be ended."""
        return self.status.starting and self.status.progress is None
