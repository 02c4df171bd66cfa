"""Everything that is known of a recorded run without its curves, in sentences."""

from __future__ import annotations

from collections.abc import Sequence

from engine.store.catalogue import Entry
from engine.text import clean
from tui.charts.numbers import fixed
from tui.runs.listing import best, counted, damage, progress, size_words

_BETWEEN = " · "


def heading(entry: Entry) -> str:
    """The run's name, its id where that is another, and how it stands."""
    named = entry.name if entry.name == entry.run_id else f"{entry.name} ({entry.run_id})"
    return f"{named}: {entry.state}"


def details(entry: Entry) -> tuple[str, ...]:
    """What a panel says of a run, the most telling first; every text is fit for a terminal."""
    told = entry.summary
    lines = (
        clean(entry.about.note, 2000),
        clean(told.detail, 500) if told.detail != told.outcome else "",
        _figures(entry),
        _circumstances(entry),
        _family(entry),
        damage(entry),
        f"{clean(str(entry.directory), 500)} ({size_words(entry.size)})",
    )
    return tuple(line for line in lines if line)


def brief(entry: Entry) -> str:
    """The one sentence for a terminal with room for no more."""
    said = clean(entry.about.note, 300) or clean(entry.summary.detail, 300)
    return f"{heading(entry)}{_BETWEEN}{said}" if said else heading(entry)


def _figures(entry: Entry) -> str:
    told = entry.summary
    parts = [progress(entry)]
    if told.total_steps:
        parts.append(f"step {told.step:,} of {told.total_steps:,}")
    if told.best_accuracy is not None:
        parts.append(f"best test accuracy {best(entry)} in epoch {told.best_epoch}")
    if told.best_loss is not None:
        parts.append(f"best test loss {fixed(told.best_loss, 0)}")
    if told.claims:
        parts.append(f"{told.held} of {told.claims} claims hold")
    if told.checkpoints:
        parts.append(counted(told.checkpoints, "checkpoint") + " saved")
    return _BETWEEN.join(dict.fromkeys(part for part in parts if part))


def _circumstances(entry: Entry) -> str:
    told = entry.summary
    seed = told.config.get("seed")
    versions = (f"{clean(k, 20)} {clean(str(v), 30)}" for k, v in told.versions.items())
    parts = [
        clean(told.data, 40),
        f"seed {clean(str(seed), 20)}" if seed is not None else "",
        clean(told.device, 60),
        ", ".join(versions),
    ]
    return _BETWEEN.join(part for part in parts if part)


def _family(entry: Entry) -> str:
    before, after = clean(entry.summary.continues, 64), entry.continued_by
    parts = [
        f"goes on from {before}" if before else "",
        f"{_listed(after)} {'goes' if len(after) == 1 else 'go'} on from it" if after else "",
    ]
    return _BETWEEN.join(part for part in parts if part)


def _names(runs: Sequence[Entry]) -> list[str]:
    return [run.name for run in runs]


def _listed(names: Sequence[str], most: int = 3) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def farewell(chosen: Sequence[Entry], room: int) -> str:
    """The question before these runs are deleted, with a line for `room` of them."""
    size = size_words(sum(run.size for run in chosen))
    which = "this run" if len(chosen) == 1 else f"these {len(chosen)} runs"
    lines = [f"{run.name}  {run.state}, {size_words(run.size)}" for run in chosen[:room]]
    if len(chosen) > room:
        lines.append(f"… and {len(chosen) - room} more" if room else _listed(_names(chosen), 1))
    ids = {run.run_id for run in chosen}
    heirs = [heir for run in chosen for heir in run.continued_by if heir not in ids]
    if heirs:
        verb = "goes" if len(heirs) == 1 else "go"
        lines.append(f"{_listed(heirs, 1 + room // 4)} {verb} on from there: its past goes too.")
    return "\n".join((f"Delete {which} for good ({size})?", *lines))
