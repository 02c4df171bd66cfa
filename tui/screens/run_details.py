"""All that is known of one run, and the keys of the list: things to read."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from rich.table import Table
from rich.text import Text
from textual.visual import VisualType

from engine.store.catalogue import Entry
from tui.keymap import spelled
from tui.runs.details import details, heading
from tui.runs.keymap import ACTIONS
from tui.runs.listing import settings_of
from tui.screens.reader import ReaderScreen


class RunDetails(ReaderScreen):
    """What a run was, with every setting; those that are not the default stand out."""

    CSS_PATH = "reader.tcss"

    def __init__(self, run: Entry) -> None:
        super().__init__("run", [*_told(run), Text(""), _settings(run)])


class RunsHelp(ReaderScreen):
    """The list of keys."""

    CSS_PATH = "reader.tcss"

    def __init__(self) -> None:
        super().__init__("keys", list(_keys()))


def _told(run: Entry) -> Iterator[VisualType]:
    yield Text(heading(run), style="bold")
    for line in details(run):
        yield Text(line)


def _settings(run: Entry) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(width=20, overflow="fold")
    table.add_column(overflow="fold")
    for name, (value, default) in settings_of(run.summary.experiment, run.summary.config).items():
        style = "dim" if value == default else "bold"
        table.add_row(Text(name.replace("_", " "), style="dim"), Text(value, style=style))
    return table


def _keys() -> Iterator[VisualType]:
    for name, actions in groupby(ACTIONS, key=lambda action: action.group):
        table = Table.grid(padding=(0, 2, 0, 0))
        table.add_column(width=18)
        table.add_column()
        for action in actions:
            keys = " ".join(spelled(key) for key in action.keys)
            table.add_row(Text(f" {keys}"), Text(action.help, style="dim"))
        yield from (Text(name, style="bold"), table, Text(""))
