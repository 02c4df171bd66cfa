"""A run as one page of HTML: its picture, settings, tables and outcome, with nothing to load."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import TypeVar

from engine import events
from engine.events import AnyEvent
from engine.export.earlier import GENERATOR
from engine.export.source import Part, Source
from engine.text import clean
from tui.export.picture import Look, pictures
from tui.export.words import damage_words
from tui.runs.listing import settings_of, what

MOST_ROWS = 1000
"""Rows of a table on the page; a longer one says how many there are."""
_HEAD = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width">
{generator}
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ font: 15px/1.45 system-ui, sans-serif; max-width: 75rem; margin: 2rem auto;
  padding: 0 1rem; }}
h1, h2 {{ line-height: 1.2; }}
svg {{ width: 100%; height: auto; }}
.wide {{ overflow-x: auto; }}
table {{ border-collapse: collapse; font-size: 13px; }}
th, td {{ padding: 0.15rem 0.7rem 0.15rem 0; text-align: left; border-bottom: 1px solid #8884; }}
td.number {{ text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }}
.bad {{ color: #c02800; font-weight: bold; }}
</style>
</head>
<body>
"""
Cell = str | float
EventT = TypeVar("EventT", bound=events.Event)


@dataclass
class _Told:
    """What passes by on the way to the picture, and stands in a table below it."""

    epochs: list[events.EpochFinished] = field(default_factory=list)
    controls: list[events.ControlApplied] = field(default_factory=list)
    notes: list[events.Noted] = field(default_factory=list)
    left_out: dict[str, int] = field(default_factory=dict)

    def passing(self, told: Iterable[AnyEvent]) -> Iterator[AnyEvent]:
        for event in told:
            match event:
                case events.EpochFinished():
                    self._keep("epochs", self.epochs, event)
                case events.ControlApplied():
                    self._keep("controls", self.controls, event)
                case events.Noted():
                    self._keep("notes", self.notes, event)
            yield event

    def _keep(self, name: str, kept: list[EventT], event: EventT) -> None:
        if len(kept) < MOST_ROWS:
            kept.append(event)
        else:
            self.left_out[name] = self.left_out.get(name, 0) + 1


def write_html(source: Source, path: Path, look: Look) -> None:
    """The page of a run.

    Raises:
        BadInput: when this version cannot show the run.
        OSError: when the record cannot be read, or the file not be written.
    """
    told = _Told()
    drawn = pictures(source, told.passing(source.events()), look)
    path.write_text("".join(_page(source, told, drawn)), encoding="utf-8")


def _page(source: Source, told: _Told, drawn: Sequence[str]) -> Iterator[str]:
    entry, started = source.entry, source.started
    name = _text(entry.name)
    yield _HEAD.format(title=name, generator=GENERATOR)
    yield f"<h1>{name}</h1>\n<p>{_text(_what(source))}</p>\n"
    yield f"<p>{_text(_outcome(source))}</p>\n"
    if entry.about.note:
        yield f"<p>{_text(entry.about.note)}</p>\n"
    if source.damage:
        yield f'<p class="bad">{_text(damage_words(source))}</p>\n'
    for svg in drawn:
        yield f"<figure>{svg}</figure>\n"
    yield from _standing(source)
    yield from _section("Epochs", told.left_out.get("epochs", 0), *_epochs(told.epochs))
    changes = [
        (e.step, e.what, e.before, e.after, e.note) for e in told.controls if e.what != "measure"
    ]
    columns = ("step", "what", "before", "after", "")
    yield from _section("Steered", told.left_out.get("controls", 0), columns, changes)
    notes = [(e.level, e.text) for e in told.notes]
    yield from _section("Log", told.left_out.get("notes", 0), ("", "what was said"), notes)
    if started:
        spelled = settings_of(started.experiment, started.config).items()
        chosen = [(setting, value, default) for setting, (value, default) in spelled]
        yield from _section("Settings", 0, ("setting", "value", "default"), chosen)
        yield from _section("Made with", 0, ("what", ""), _made_with(started))
    rows = [_part(part) for part in source.parts]
    yield from _section("Record", 0, ("run", "begun", "from step", "events", "outcome"), rows)
    yield "</body>\n</html>\n"


def _what(source: Source) -> str:
    started = source.started
    if started is None:
        return ""
    data = started.dataset.name if started.dataset else ""
    return what(started.experiment, started.config, data)


def _outcome(source: Source) -> str:
    finished, entry = source.parts[-1].finished, source.entry
    at = f"step {source.standing.step:,}"
    if finished:
        return f"{finished.outcome}: {finished.detail}"
    if entry.live:
        return f"{entry.state}: this is the run up to {at}, at {_moment(source.last_time)}"
    return f"crashed: the record ends at {at}, at {_moment(source.last_time)}"


def _standing(source: Source) -> Iterator[str]:
    claims = [
        (c.claim, c.measured, c.predicted, c.tolerance, "holds" if c.holds else "fails", c.source)
        for c in source.standing.claims.values()
    ]
    columns = ("claim", "measured", "predicted", "tolerance", "", "source")
    yield from _section("Claims", 0, columns, claims)
    for table in source.standing.tables.values():
        rows = table.rows[:MOST_ROWS]
        yield from _section(table.table, len(table.rows) - len(rows), table.columns, rows)


def _epochs(told: Sequence[events.EpochFinished]) -> tuple[Sequence[str], list[tuple[Cell, ...]]]:
    names = [
        "epoch",
        "step",
        "train_loss",
        "train_accuracy",
        "test_loss",
        "test_accuracy",
        "seconds",
    ]
    if any(not math.isnan(e.train_loss_eval) for e in told):
        names += ["train_loss_eval", "train_accuracy_eval"]
    rows = [tuple(getattr(e, name) for name in names) for e in told]
    return [name.replace("_", " ") for name in names], rows


def _made_with(started: events.RunStarted) -> list[tuple[Cell, ...]]:
    dataset = started.dataset
    told: list[tuple[Cell, ...]] = [("device", started.device)]
    told += [*started.versions.items(), *started.numerics.items()]
    if dataset:
        told += [
            ("data", dataset.name),
            ("source", dataset.source),
            ("training examples", dataset.train_examples),
            ("test examples", dataset.test_examples),
            ("classes", ", ".join(clean(name, 40) for name in dataset.classes[:100])),
            ("digest", dataset.digest),
        ]
    return told


def _part(part: Part) -> tuple[Cell, ...]:
    outcome = part.finished.outcome if part.finished else ""
    first = part.started.first_step if part.started else ""
    return (part.run_id, _moment(part.first_time), first, part.events, outcome)


def _moment(seconds: float) -> str:
    try:
        return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(seconds))
    except (OverflowError, ValueError, OSError):
        return "a time that no calendar has"


def _section(
    title: str, left_out: int, columns: Sequence[str], rows: Sequence[Sequence[Cell]]
) -> Iterator[str]:
    if not rows:
        return
    yield f'<h2>{_text(title)}</h2>\n<div class="wide"><table>\n<tr>'
    yield "".join(f"<th>{_text(column)}</th>" for column in columns) + "</tr>\n"
    for row in rows:
        yield "<tr>" + "".join(map(_cell, row)) + "</tr>\n"
    yield "</table></div>\n"
    if left_out:
        yield f"<p>… and {left_out:,} more rows, which the csv export has.</p>\n"


def _cell(cell: Cell) -> str:
    if isinstance(cell, str):
        return f"<td>{_text(cell)}</td>"
    told = f"{cell:,}" if isinstance(cell, int) else f"{cell:.6g}"
    return f'<td class="number">{told}</td>'


def _text(told: str) -> str:
    """Text that is shown as it is, whatever it holds."""
    return escape(clean(told, 10_000))
