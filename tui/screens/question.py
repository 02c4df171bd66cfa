"""A question before something goes for good, and a line to be typed."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from tui.keymap import key_of
from tui.screens.quit import AMONG_ANSWERS, QuitScreen
from tui.screens.steady import steady

_FRAME = 5


class Question(QuitScreen, inherit_bindings=False):
    """Asks with two answers. Only the button says yes: whoever types on by mistake stays."""

    CSS_PATH = "quit.tcss"
    quit_key_ends = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,ctrl+q,ctrl+c,n", "perform('back')", "stay", show=False),
        *AMONG_ANSWERS,
    ]

    def on_resize(self, event: events.Resize) -> None:
        """However low the terminal is, the answers are in sight."""
        self.query_one(Static).styles.max_height = max(1, event.size.height - _FRAME)


class Prompt(ModalScreen[None]):
    """One line to be typed. It stays open with what was typed until that has been taken.

    `take(text, taken, refused)` is called with the line; it calls `taken()` or `refused(why)`.
    """

    CSS_PATH = "question.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,ctrl+q,ctrl+c", "leave", "close", show=False),
    ]

    def __init__(
        self,
        title: str,
        about: str,
        value: str,
        take: Callable[[str, Callable[[], None], Callable[[str], None]], None],
    ) -> None:
        super().__init__()
        self._title, self._about, self._value = title, about, value
        self._take = take

    def compose(self) -> ComposeResult:
        """What it is for, the line, what is wrong with it."""
        with Vertical(id="box") as box:
            box.border_title = self._title
            box.border_subtitle = f"enter keeps it, {key_of('back')} closes"
            yield Static(self._about, id="about", markup=False)
            yield steady(Input(self._value, id="line", compact=True))
            yield Static("", id="refused", markup=False)

    def on_mount(self) -> None:
        """Type at once, at the end of what stands there."""
        self.query_one(Input).focus()

    @on(Input.Submitted)
    def submit(self, event: Input.Submitted) -> None:
        """Have the line taken."""
        self._take(event.value, self._taken, self._refused)

    @on(Input.Changed)
    def change(self) -> None:
        """What was wrong may be right now."""
        self._refused("")

    def action_leave(self) -> None:
        """Close; nothing is changed."""
        self.dismiss(None)

    def _taken(self) -> None:
        if self.is_active:
            self.dismiss(None)

    def _refused(self, why: str) -> None:
        if self.is_active:
            self.query_one("#refused", Static).update(why)
