"""Whether a run's record holds what its viewers have seen of it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import get_args

from benchmarks.soak.tally import Tally
from engine.events import AnyEvent, RunFinished, RunStarted, encode
from engine.link import News
from engine.store.layout import LOG
from engine.store.reader import Damage, read

EVENTS = get_args(AnyEvent)


class Eye:
    """What one viewer has seen: the events of each run, by their numbers."""

    def __init__(self) -> None:
        self.seen: dict[str, dict[int, bytes]] = {}
        self.run_id = ""

    def see(self, news: Iterable[News]) -> None:
        """Look at what a link brought; a run's events follow its `RunStarted`."""
        for item in news:
            if isinstance(item, RunStarted):
                self.run_id = item.run_id
            if isinstance(item, EVENTS):
                self.seen.setdefault(self.run_id, {})[item.seq] = encode(item)  # type: ignore[arg-type]


def recorded(directory: Path, tally: Tally, *, killed: bool = False) -> list[AnyEvent]:
    """A run's events, after a look whether its record is whole and has one end."""
    damage = Damage()
    told = list(read(directory / LOG, damage))
    tally.torn += damage.torn
    if damage.corrupt or damage.unknown or damage.missing or damage.repeated:
        tally.problems.append(f"{directory.name}: the record is damaged: {damage}")
    if damage.torn and not killed:
        tally.problems.append(f"{directory.name}: a torn line, and nobody was killed")
    if [event.seq for event in told] != list(range(len(told))):
        tally.problems.append(f"{directory.name}: the events are not numbered in order")
    ends = [number for number, event in enumerate(told) if isinstance(event, RunFinished)]
    if ends not in ([], [len(told) - 1]) or not (ends or killed):
        tally.problems.append(f"{directory.name}: {len(ends)} ends in {len(told)} events")
    return told


def compare(eyes: Iterable[Eye], run_id: str, told: list[AnyEvent], tally: Tally) -> None:
    """Count what was seen of a run, by anybody, and how much of it is in the record as seen."""
    there = {event.seq: encode(event) for event in told}
    seen: set[tuple[int, bytes]] = set()
    for eye in eyes:
        seen |= eye.seen.get(run_id, {}).items()
    kept = sum(there.get(number) == text for number, text in seen)
    tally.acknowledged += len(seen)
    tally.recovered += kept
    if kept < len(seen):
        tally.problems.append(f"{run_id}: {len(seen) - kept} events were seen and are gone")
