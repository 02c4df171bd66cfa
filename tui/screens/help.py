"""Help, made from the table of keys."""

from __future__ import annotations

from typing import ClassVar

from rich.table import Table
from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from tui.bindings import bindings
from tui.keymap import groups, key_of, spelled

_TWO_COLUMNS, _KEYS_WIDTH = 108, 7


def help_tables() -> list[Table]:
    """Every action with its keys, a table for each group."""
    tables = []
    for name, actions in groups():
        heading, _, more = name.partition(": ")
        table = Table.grid(padding=(0, 1))
        table.title = Text(heading, style="bold")
        table.title_justify = "left"
        table.add_column(min_width=_KEYS_WIDTH, no_wrap=True)
        table.add_column()
        for action in actions:
            keys = " ".join(spelled(key) for key in action.keys)
            table.add_row(Text(f" {keys}"), Text(action.help, style="dim"))
        if more:
            table.add_row(Text(""), Text(more, style="dim italic"))
        tables.append(table)
    return tables


class HelpScreen(ModalScreen[None]):
    """The list of keys."""

    CSS_PATH = "help.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("back", "help", "quit")]

    def compose(self) -> ComposeResult:
        """The groups in two columns, or in one where it is narrow."""
        with VerticalScroll(id="box") as box:
            box.border_title = "keys"
            box.border_subtitle = f"{key_of('back')} closes"
            tables = help_tables()
            with Horizontal(id="columns"):
                for half in (tables[:2], tables[2:]):
                    with Vertical():
                        for table in half:
                            yield Static(table, markup=False)

    def on_resize(self, event: events.Resize) -> None:
        """One column where two do not fit."""
        self.set_class(event.size.width < _TWO_COLUMNS, "narrow")

    def action_perform(self, action_id: str) -> None:
        """Any of its keys closes it."""
        self.dismiss(None)
