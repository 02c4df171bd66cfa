"""A recorded run and those it goes on from, as one stream of events that ends where it was seen.

It is read twice: once to learn where it ends and what stands there, and once to write it down.
So a run of any length is exported without being held in memory, and one that still grows is
exported as it was at one moment.
"""

from __future__ import annotations

import errno
import math
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path

from engine.errors import BadInput
from engine.events import AnyEvent, RunFinished, RunStarted
from engine.export.past import past, steady
from engine.export.standing import Standing
from engine.store import catalogue
from engine.store.catalogue import Entry
from engine.store.ends import first_word
from engine.store.last_words import last_words
from engine.store.layout import LOG
from engine.store.reader import Damage, Follower

Report = Callable[[float, float], None]
"""Told how many bytes of how many have been read."""


def _silent(done: float, total: float) -> None:
    """Nobody wants to know."""


@dataclass(frozen=True)
class Part:
    """One run of the chain: what its log holds, and up to which step (`until`) that counts.

    `kept` is the end that stands beside the log, where that had no room for it.
    """

    directory: Path
    started: RunStarted | None = None
    finished: RunFinished | None = None
    kept: RunFinished | None = None
    until: float = math.inf
    events: int = 0
    bytes: int = 0
    first_time: float = 0.0
    last_time: float = 0.0
    damage: Damage = field(default_factory=Damage)

    @property
    def run_id(self) -> str:
        """The run's id."""
        return self.directory.name


@dataclass(frozen=True)
class Source:
    """What is exported: the chain of runs, the oldest first, and what stands at its end."""

    entry: Entry
    parts: tuple[Part, ...]
    standing: Standing
    report: Report = _silent

    @property
    def started(self) -> RunStarted | None:
        """The start of the run itself; None where that line of its log is damaged."""
        return self.parts[-1].started

    @property
    def steps_per_epoch(self) -> int:
        """Updates in one pass over the training set; 0 where there is no such thing."""
        return self.started.steps_per_epoch if self.started else 0

    @property
    def last_time(self) -> float:
        """When the newest event was recorded."""
        return self.parts[-1].last_time

    @property
    def damage(self) -> Damage:
        """What could not be read of all logs together."""
        told = [asdict(part.damage) for part in self.parts]
        return Damage(**{f.name: sum(each[f.name] for each in told) for f in fields(Damage)})

    def reporting(self, report: Report) -> Source:
        """The same, telling how far its reading has come."""
        return replace(self, report=report)

    def events(self) -> Iterator[AnyEvent]:
        """Every event that counts, in order, up to where the record ended when it was surveyed.

        Raises:
            OSError: when a log cannot be read, or is shorter than it was.
        """
        total = float(sum(part.bytes for part in self.parts))
        before = 0.0
        for part in self.parts:
            for found, done in _chunks(part):
                self.report(before + done, total)
                yield from _counting(part, found)
            before += part.bytes
        if kept := self.parts[-1].kept:
            yield kept


def surveyed(runs: Path, run_id: str, report: Report = _silent) -> Source:
    """A run as it stands now, ready to be exported.

    Raises:
        BadInput: when there is no such run, or nothing in its record can be read.
        OSError: when a log cannot be read.
    """
    entry = catalogue.entry(runs, run_id)
    parts = _cut([Part(d, first_word(d / LOG)) for d in catalogue.lineage(runs, run_id)])
    standing = Standing()
    total = float(sum((part.directory / LOG).stat().st_size for part in parts))
    known: list[Part] = []
    for part in parts:
        before = float(sum(each.bytes for each in known))
        ended = part is not parts[-1] or not entry.live
        known.append(_surveyed(part, ended, standing, _after(before, total, report)))
    if not (entry.live or known[-1].finished) and (kept := last_words(known[-1].directory)):
        standing.take(kept)
        known[-1] = replace(known[-1], finished=kept, kept=kept)
    if not sum(part.events for part in known):
        raise BadInput(f"the record of run {run_id} holds no whole event: nothing to export")
    return Source(entry, tuple(known), standing)


def _after(before: float, total: float, report: Report) -> Callable[[float], None]:
    return lambda done: report(before + done, total)


def _cut(parts: list[Part]) -> list[Part]:
    """Each part up to where a later one goes on."""
    until, cut = math.inf, []
    for part in reversed(parts):
        cut.append(replace(part, until=until))
        until = min(until, part.started.first_step if part.started else math.inf)
    return cut[::-1]


def _surveyed(part: Part, ended: bool, standing: Standing, report: Callable[[float], None]) -> Part:
    count, times, finished = 0, [0.0, 0.0], None
    with Follower(part.directory / LOG) as follower:
        while not follower.caught_up:
            found = follower.chunk()
            count += len(found)
            for event in _counting(part, found):
                standing.take(event)
            if found:
                times = [times[0] or found[0].time, found[-1].time]
                finished = found[-1] if isinstance(found[-1], RunFinished) else None
            report(float(follower.place.offset))
        size = follower.place.offset
        if ended:  # what follows the last whole line is torn, and not still being written
            follower.finish()
        damage = follower.damage
    return replace(
        part,
        events=count,
        bytes=size,
        first_time=times[0],
        last_time=times[1],
        finished=finished,
        damage=damage,
    )


def _counting(part: Part, found: list[AnyEvent]) -> Iterator[AnyEvent]:
    if part.until == math.inf:
        yield from found
        return
    lr_known = steady(part.started)
    for event in found:
        kept = past(event, part.until, lr_known=lr_known)
        if kept is not None:
            yield kept


def _chunks(part: Part) -> Iterator[tuple[list[AnyEvent], int]]:
    """Some events at a time, as many as were surveyed, and the bytes read for them."""
    left = part.events
    with Follower(part.directory / LOG) as follower:
        while left > 0:
            found = follower.chunk()[:left]
            if not found and follower.caught_up:
                text = "the record has become shorter while it was read"
                raise OSError(errno.EIO, text, str(part.directory / LOG))
            left -= len(found)
            yield found, follower.place.offset
