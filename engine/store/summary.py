"""What a list of runs tells of each, kept beside the log so that the next list is instant.

The kept summary is a cache and nothing else: it is made anew from the log whenever it is missing,
damaged or of another version.
"""

from __future__ import annotations

import contextlib
import math
from dataclasses import asdict
from pathlib import Path
from typing import Any

import msgspec

from engine import events
from engine.store.files import read_plain, write_whole
from engine.store.layout import LOG, SUMMARY
from engine.store.lines import framed, unframed
from engine.store.reader import Damage, Follower, Place

VERSION = 4
_WORTH_KEEPING = 1 << 16
"""Bytes of log from which reading them again costs more than keeping what they said."""


class Summary(msgspec.Struct):
    """A run in short, as far as its log has been read.

    `best_accuracy` and `best_loss` are those of the test set over the epochs (None where there
    was none); `read` counts the events, `outcome` is "" while no `RunFinished` was read; of the
    `claims` so many `held`.
    """

    run_id: str = ""
    experiment: str = ""
    config: dict[str, Any] = {}
    data: str = ""
    device: str = ""
    versions: dict[str, str] = {}
    continues: str = ""
    started: float = 0.0
    last: float = 0.0
    first_step: int = 0
    step: int = 0
    steps_per_epoch: int = 0
    total_steps: int = 0
    epoch: int = 0
    paused: bool = False
    best_accuracy: float | None = None
    best_loss: float | None = None
    best_epoch: int = 0
    claims: int = 0
    held: int = 0
    checkpoints: int = 0
    outcome: str = ""
    detail: str = ""
    read: int = 0
    damaged: int = 0

    def take(self, event: events.AnyEvent) -> None:
        """Count one more event."""
        self.read += 1
        self.last = event.time or self.last
        match event:
            case events.RunStarted():
                self._start(event)
            case events.StepsMeasured():
                self.step = event.first_step + len(event.loss) - 1
            case events.EpochFinished():
                self._finish_epoch(event)
            case events.ControlApplied(what="pause" | "resume"):
                self.paused = event.after == "paused"
            case events.ControlApplied(what="epochs") if event.after != event.before:
                more = int(event.after) - int(event.before)
                self.total_steps += more * self.steps_per_epoch
            case events.ClaimChecked():
                self.claims += 1
                self.held += event.holds
            case events.CheckpointSaved():
                self.checkpoints += 1
            case events.Advanced():
                self.step, self.total_steps = int(event.done), int(event.total)
            case events.RunFinished():
                self.outcome, self.detail = event.outcome, event.detail
                self.step, self.paused = event.step or self.step, False

    def _start(self, event: events.RunStarted) -> None:
        self.run_id, self.experiment = event.run_id, event.experiment
        self.config, self.continues = event.config, event.continues
        self.data = event.dataset.name if event.dataset else ""
        self.device, self.versions = event.device, event.versions
        self.started = event.time
        self.first_step = self.step = event.first_step
        self.steps_per_epoch, self.total_steps = event.steps_per_epoch, event.total_steps

    def _finish_epoch(self, event: events.EpochFinished) -> None:
        self.epoch = event.epoch
        accuracy, loss = event.test_accuracy, event.test_loss
        if math.isfinite(accuracy) and accuracy > (self.best_accuracy or -math.inf):
            self.best_accuracy, self.best_epoch = accuracy, event.epoch
        if math.isfinite(loss) and loss < (math.inf if self.best_loss is None else self.best_loss):
            self.best_loss = loss


class _Kept(msgspec.Struct):
    version: int
    place: Place
    damage: dict[str, int]
    summary: Summary


def summary_of(directory: Path) -> Summary:
    """The summary of the run in `directory`, read on from where the last one left off.

    Raises:
        OSError: when there is no log that can be read.
    """
    kept = _kept(directory)
    with Follower(directory / LOG, kept.place) as follower:
        follower.damage = Damage(**kept.damage)
        summary = kept.summary
        while not follower.caught_up:
            for event in follower.chunk():  # a long log is never held whole
                summary.take(event)
        place, damage = follower.place, asdict(follower.damage)
        follower.finish()
        summary.damaged = follower.damage.lost
    if place.offset - kept.place.offset > _WORTH_KEEPING:
        keep = _Kept(VERSION, place, damage, summary)
        with contextlib.suppress(OSError):  # a cache that cannot be written costs time alone
            write_whole(directory / SUMMARY, framed(msgspec.json.encode(keep)))
    return summary


def _kept(directory: Path) -> _Kept:
    """What an earlier reading kept, if it is of this version and of a log as long as this."""
    fresh = _Kept(VERSION, Place(0, 0), {}, Summary())
    try:
        # Without a checksum a flipped bit would be a figure that nobody has measured.
        text = unframed(read_plain(directory / SUMMARY).removesuffix(b"\n"))
        kept = msgspec.json.decode(text or b"", type=_Kept)
        Damage(**kept.damage)
        size = (directory / LOG).stat().st_size
    except (OSError, ValueError, TypeError, RecursionError):
        return fresh
    usable = kept.version == VERSION and kept.place.offset <= size and min(kept.place) >= 0
    return kept if usable else fresh
