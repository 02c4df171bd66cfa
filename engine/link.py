"""How any front end meets a run, wherever the run lives."""

from __future__ import annotations

from typing import Literal, Protocol

import msgspec

from engine.controls import AnyControl
from engine.events import AnyEvent


class Progress(msgspec.Struct, frozen=True, tag="progress"):
    """News of a preparation, e.g. a download; `total` is 0 where it is not known."""

    text: str
    done: float = 0.0
    total: float = 0.0


class Refused(msgspec.Struct, frozen=True, tag="refused"):
    """What was asked, a run or a fetch, cannot be done; nothing was recorded."""

    text: str
    what: Literal["run", "fetch"] = "run"


class Lost(msgspec.Struct, frozen=True, tag="lost"):
    """The engine is gone; `text` says why as far as known and where its log lies."""

    text: str


class Held(msgspec.Struct, frozen=True, tag="held"):
    """The run under way cannot go on for now and says why; with "" it goes on again."""

    text: str


class Fetched(msgspec.Struct, frozen=True, tag="fetched"):
    """A data set is now on this machine."""

    data: str


News = AnyEvent | Progress | Refused | Lost | Held | Fetched


class RunLink(Protocol):
    """Events in, requests out. No call blocks; all are made from one thread.

    `can_detach` says whether a run outlives this link.
    """

    can_detach: bool

    @property
    def unread(self) -> float:
        """The share of the past that the last `drain` had no time for, in [0, 1]; 0 is up to date.

        There is one where a run under way was joined: worth a larger budget until it is read.
        """

    def start(
        self,
        config: msgspec.Struct,
        *,
        experiment: str = "train",
        continues: str = "",
        resume: bool = False,
    ) -> None:
        """Begin a run of an experiment, ending the one under way (its last events arrive first).

        `config` is of the experiment's own class.
        `continues` names a run on this machine whose last saved state is the starting point. With
        `resume` the new run goes on as that one would have, with its settings instead of `config`.
        """

    def send(self, control: AnyControl) -> None:
        """Ask the run under way for something; without one, nothing happens."""

    def fetch(self, data: str) -> None:
        """Download a data set by name; `Progress` and then `Fetched` or `Refused` follow."""

    def drain(self, budget: float = 0.008) -> list[News]:
        """What has come since the last call, reading for at most about `budget` seconds."""

    def detach(self) -> None:
        """Leave the run under way to itself, where that can be; else as `close`. Idempotent."""

    def close(self) -> None:
        """End the run under way, if any, and the engine with it; idempotent."""
