"""A recorded run as a line of a list: from the catalogue to plain words, for screen and command."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from engine.errors import BadInput
from engine.experiments import EXPERIMENTS
from engine.schema import fields_of, spell
from engine.store.catalogue import Entry
from engine.text import clean

_GOOD, _BAD = ("completed",), ("crashed", "failed", "diverged")
_UNITS = ("B", "kB", "MB", "GB", "TB")
_PLACES = ("data", "data_dir", "pace")
"""Settings that say where and how fast, not what is trained; the data has a column of its own."""


@dataclass(frozen=True, slots=True)
class Row:
    """What a list says of a run; every text is fit for a terminal."""

    run_id: str
    name: str
    state: str
    tone: str
    what: str
    progress: str
    best: str
    size: str
    when: str


def row(entry: Entry, now: float) -> Row:
    """The line of one run; `now` is in seconds since the epoch."""
    told = entry.summary
    return Row(
        run_id=entry.run_id,
        name=entry.name,
        state=_state(entry),
        tone="good" if entry.state in _GOOD else "bad" if entry.state in _BAD else "plain",
        what=what(told.experiment, told.config, told.data),
        progress=progress(entry),
        best=best(entry),
        size=size_words(entry.size),
        when=ago(now - told.started) if told.started else "",
    )


def matching(entries: Sequence[Entry], typed: str) -> list[Entry]:
    """Those in whose name, id, state, settings or note every typed word occurs."""
    words = typed.lower().split()
    return [entry for entry in entries if found_by(words, everything(entry))]


def found_by(words: Sequence[str], told: str) -> bool:
    """Whether each of the typed words occurs."""
    return all(word in told for word in words)


def everything(entry: Entry) -> str:
    """The words that a run is found by, in lower case."""
    told = entry.summary
    words = (
        entry.run_id,
        entry.about.label,
        entry.about.note,
        entry.state,
        told.experiment,
        what(told.experiment, told.config, told.data),
    )
    return " ".join(words).lower()


def what(experiment: str, config: dict[str, Any], data: str = "") -> str:
    """An experiment and its settings where they are not the defaults."""
    changes = settings_of(experiment, config)
    shown = [
        f"{name.replace('_', ' ')} {value}"
        for name, (value, default) in changes.items()
        if value != default and name not in _PLACES
    ]
    shown += [clean(data, 30)] if data else []  # last: of many runs it is the same
    words = " · ".join(shown)
    return words if experiment == "train" and words else clean(f"{experiment} {words}", 400).strip()


def settings_of(experiment: str, config: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """Every setting, spelled, with its default; what this version does not know, as it stands."""
    kinds = {known.name: known.config for known in EXPERIMENTS}
    try:
        settings: msgspec.Struct = msgspec.convert(config, kinds[experiment])
    except (KeyError, msgspec.ValidationError, BadInput):
        return {clean(name, 40): (clean(str(value), 80), "") for name, value in config.items()}
    return {
        field.name: (
            clean(spell(field, getattr(settings, field.name)), 80),
            spell(field, field.default),
        )
        for field in fields_of(type(settings))
    }


def progress(entry: Entry) -> str:
    """How far the run has come."""
    told = entry.summary
    if told.epoch:
        per_epoch = told.steps_per_epoch or 1
        planned = -(-told.total_steps // per_epoch)
        return f"{told.epoch}/{max(planned, told.epoch)} epochs"
    return f"{told.step:,}/{told.total_steps:,}" if told.total_steps else ""


def best(entry: Entry) -> str:
    """The best test accuracy, or how many claims hold."""
    told = entry.summary
    if told.best_accuracy is not None:
        return f"{100 * told.best_accuracy:.1f} %"
    return f"{told.held}/{told.claims} hold" if told.claims else ""


def damage(entry: Entry) -> str:
    """How much of its record cannot be read; "" where all can."""
    count = entry.summary.damaged
    told = f"{counted(count, 'event')} of its record cannot be read; the rest is whole"
    return told if count else ""


def counted(count: int, what: str) -> str:
    """So many of them."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def size_words(size: int) -> str:
    """So many bytes, in three digits or so."""
    value, unit = float(size), 0
    while value >= 999.5 and unit < len(_UNITS) - 1:
        value, unit = value / 1000, unit + 1
    digits = 0 if unit == 0 or value >= 9.95 else 1
    return f"{value:.{digits}f} {_UNITS[unit]}"


def ago(seconds: float) -> str:
    """How long ago, in its largest unit."""
    if seconds < 0:
        return "in the future"  # somebody set a clock
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{int(seconds // length)} {unit} ago"
    return f"{int(seconds)} s ago"


def _state(entry: Entry) -> str:
    follows = entry.continued_by
    return f"{entry.state} →" if follows and not entry.live else entry.state
