"""The laboratory's keys, and what turns the experiment on screen."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from rich.table import Table
from rich.text import Text
from textual.visual import VisualType

from engine.experiments.contract import Experiment
from engine.schema import fields_of
from tui.keymap import RECORDING, spelled
from tui.lab.keymap import ACTIONS
from tui.screens.reader import ReaderScreen


class LabHelp(ReaderScreen):
    """The list of keys."""

    CSS_PATH = "reader.tcss"

    def __init__(self, experiment: Experiment) -> None:
        super().__init__("keys", help_parts(experiment))


def help_parts(experiment: Experiment) -> Sequence[VisualType]:
    """A table of keys for each group, that of the parameters first."""
    turning = [
        (f"{field.setting.key} {field.setting.key.upper()}", field.setting.help)
        for field in fields_of(experiment.config)
        if field.setting.key
    ]
    parts: list[VisualType] = []
    if turning:
        parts += _group("Parameters, on and back; each turn runs the experiment again", turning)
    for name, actions in groupby((*ACTIONS, *RECORDING), key=lambda action: action.group):
        rows = [(" ".join(spelled(key) for key in a.keys), a.help) for a in actions]
        parts += _group(name, rows)
    return parts


def _group(title: str, rows: Sequence[tuple[str, str]]) -> list[VisualType]:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(width=18)
    table.add_column()
    for keys, text in rows:
        table.add_row(Text(f" {keys}"), Text(text, style="dim"))
    return [Text(title, style="bold"), table, Text("")]
