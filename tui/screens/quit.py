"""The question before leaving while work is running."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from tui.bindings import bindings


class QuitScreen(ModalScreen[bool]):
    """Asks; the result is whether to stop the work and go on. The quit key says yes."""

    CSS_PATH = "quit.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("back", "quit")]

    def __init__(self, work: str, title: str = "quit", leave: str = "Stop and quit") -> None:
        super().__init__()
        self._work, self._title, self._leave = work, title, leave

    def compose(self) -> ComposeResult:
        """The question and two answers."""
        with Vertical(id="box") as box:
            box.border_title = self._title
            yield Static(self._work, markup=False)
            with Horizontal(id="answers"):
                yield Button("Stay", id="stay", variant="primary", compact=True)
                yield Button(self._leave, id="leave", variant="error", compact=True)

    def on_mount(self) -> None:
        """The harmless answer has the focus."""
        self.query_one("#stay").focus()

    @on(Button.Pressed)
    def answer(self, event: Button.Pressed) -> None:
        """Close with the answer."""
        self.dismiss(event.button.id == "leave")

    def action_perform(self, action_id: str) -> None:
        """The quit key leaves, the back key stays."""
        self.dismiss(action_id == "quit")
