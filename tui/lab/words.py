"""An experiment in words: its lesson, its parameters, its program."""

from __future__ import annotations

import inspect
import math
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text
from textual.highlight import highlight
from textual.visual import VisualType

from engine.experiments.contract import Experiment
from engine.schema import Field, fields_of, spell, spell_number
from engine.text import clean
from tui.lab.figures import claim_rows
from tui.lab.keymap import key_of
from tui.lab.state import Lab, Result
from tui.run_view import RunView
from tui.status import Notice, Tone, faulty, unreadable
from tui.widgets.claim_table import allowed, counted, verdict

_HEADINGS: dict[str, tuple[str, Tone]] = {
    "completed": ("Completed", "good"),
    "stopped": ("Stopped", "warning"),
    "interrupted": ("Interrupted", "warning"),
    "diverged": ("Diverged: a number is no longer finite", "alert"),
    "failed": ("The experiment failed", "alert"),
}


def notice(lab: Lab, name: str, log_place: Callable[[str], str]) -> Notice | None:
    """What deserves a panel; None while the experiment just goes on."""
    result = lab.results[name]
    if lab.lost:
        again = f"{key_of('restart')} starts the engine again."
        why = clean(lab.lost, 400).removeprefix("the engine is gone: ")
        return Notice("The engine is gone", (why, again), "alert")
    if result.refused:
        what = f"{key_of('defaults')} goes back to the first settings."
        return Notice("That cannot be run", (clean(result.refused, 400), what), "alert")
    if lab.waiting(name):
        return _preparing(lab) if lab.starting == name else None
    if gone := unreadable(lab.scrub):
        return gone
    if result.view.finished is None:
        return faulty(result.view.fault, lab.held if lab.running(name) else "")
    return _ended(result.view, log_place)


def _preparing(lab: Lab) -> Notice | None:
    news = lab.progress
    if news is None:
        return None
    share = news.done / news.total if news.total > 0 else math.nan
    return Notice("Preparing", (clean(news.text, 200),), share=share)


def _ended(view: RunView, log_place: Callable[[str], str]) -> Notice | None:
    """What came of the experiment; None while it goes on."""
    if view.finished is None:
        return None
    heading, tone = _HEADINGS[view.finished.outcome]
    held = counted(claim_rows(view))
    if held and view.finished.outcome == "completed":
        heading = held
        tone = "good" if all(claim.holds for claim in view.claims.values()) else "alert"
    lines = [clean(view.finished.detail, 400)]
    if view.finished.outcome == "failed":
        lines.append(f"The details are in {clean(log_place(view.run_id), 200)}")
    return Notice(heading, tuple(lines), tone)


def lesson(experiment: Experiment, result: Result) -> list[VisualType]:
    """The question, the lesson, the parameters, and the claims whole."""
    facts = [part for part in (experiment.shows, experiment.lasts) if part]
    return [
        Text(experiment.question, style="bold"),
        Text(""),
        Text(experiment.lesson or "Nobody has written down the lesson of this experiment yet."),
        Text(""),
        *[Text(fact, style="dim") for fact in facts],
        Text(""),
        Text("Parameters", style="bold"),
        _parameters(experiment, result),
        *_claims(result.view),
    ]


def _parameters(experiment: Experiment, result: Result) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    for width in (5, None, None, None):
        table.add_column(width=width)
    for field in fields_of(experiment.config):
        key = field.setting.key
        table.add_row(
            Text(f"{key} {key.upper()}" if key else ""),
            Text(field.name.replace("_", " ")),
            Text(clean(spell(field, getattr(result.config, field.name)), 40), style="bold"),
            Text(f"{field.setting.help}{_may_be(field)}", style="dim"),
        )
    return table


def _may_be(field: Field) -> str:
    """The values that the key goes through."""
    rungs = field.setting.ladder or field.setting.choices
    return f" ({', '.join(spell(field, rung) for rung in rungs)})" if rungs else ""


def _claims(view: RunView) -> Iterator[RenderableType]:
    rows = claim_rows(view)
    if rows:
        yield Text("")
        yield Text("Claims", style="bold")
    for row in rows:
        sign, _ = verdict(row)
        figures = f"measured {spell_number(_short(row.measured))}, predicted {allowed(row)}"
        yield Text(f"{sign} {row.claim}")
        yield Padding(Text(f"{figures}; {row.source}", style="dim"), (0, 0, 0, 2))


def _short(value: float) -> float:
    return float(f"{value:.6g}") if math.isfinite(value) else value


def source_path(experiment: Experiment) -> Path | None:
    """The file that the experiment is written in; None where there is none to read."""
    module = sys.modules.get(getattr(experiment.run, "__module__", ""))
    found = inspect.getsourcefile(module) if module else None
    return Path(found) if found else None


def source(experiment: Experiment) -> list[VisualType]:
    """The program of the experiment, coloured."""
    path = source_path(experiment)
    if path is None:
        return [Text("The source of this experiment cannot be read here.")]
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        return [Text(f"The source cannot be read: {error.strerror}: {path}")]
    lines = "\n".join(printable(line) for line in text.splitlines())
    return [Text(clean(str(path), 300), style="dim"), Text(""), highlight(lines, language="python")]


def printable(line: str) -> str:
    """A line of a file with nothing in it that a terminal would obey."""
    return "".join(c for c in line.expandtabs(4) if c.isprintable())
