"""Something to read: a box that scrolls."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.visual import VisualType
from textual.widgets import Static

from tui.bindings import bindings
from tui.keymap import key_of


class ReaderScreen(ModalScreen[None]):
    """Shows these parts one below the other; arrows and paging scroll, any of its keys closes."""

    CSS_PATH = "reader.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings("back", "quit"),
        Binding("l,o,question_mark,enter", "perform('back')", "close", show=False),
        Binding("down,j", "move(1)", "down", show=False),
        Binding("up,k", "move(-1)", "up", show=False),
    ]

    def __init__(self, title: str, parts: Sequence[VisualType]) -> None:
        super().__init__()
        self._title = title
        self._parts = parts

    def compose(self) -> ComposeResult:
        """The parts in a box."""
        with VerticalScroll(id="box") as box:
            box.border_title = self._title
            box.border_subtitle = f"{key_of('back')} closes"
            for part in self._parts:
                yield Static(part, markup=False)

    def action_perform(self, action_id: str) -> None:
        """Close."""
        self.dismiss(None)

    def action_move(self, by: int) -> None:
        """Scroll by lines."""
        self.query_one("#box").scroll_relative(y=by, animate=False)
