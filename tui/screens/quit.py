"""The question before something ends that is under way."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, Literal

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.events import Resize
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from tui.bindings import bindings
from tui.keymap import key_of

_BESIDE = 62
"""Columns from which the answers fit beside each other."""
_OVER, _LEAVE = "It has ended meanwhile. Leave?", "Quit"
AMONG_ANSWERS = (
    Binding("left,up,shift+tab", "app.focus_previous", "the answer before", show=False),
    Binding("right,down,tab", "app.focus_next", "the next answer", show=False),
)
Answer = Literal["stay", "detach", "end"]


class QuitScreen(ModalScreen[Answer]):
    """Asks; the quit key ends the work, the detach key, where offered, leaves it to itself.

    `now`, where given, tells the work as it is at each drawing: "" once there is none any more,
    and then the question is only whether to leave.
    """

    CSS_PATH = "quit.tcss"
    quit_key_ends = True
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings("back", "quit", "detach"),
        *AMONG_ANSWERS,
    ]

    def __init__(
        self,
        work: str,
        title: str = "quit",
        end: str = "Stop and quit",
        *,
        detach: bool = False,
        now: Callable[[], str] | None = None,
    ) -> None:
        super().__init__()
        self._work, self._title, self._end = work, title, end
        self._may_detach = detach
        self._now = now

    def compose(self) -> ComposeResult:
        """The question and its answers."""
        with Vertical(id="box") as box:
            box.border_title = self._title
            yield Static(self._work, markup=False)
            with Horizontal(id="answers"):
                yield Button("Stay", id="stay", variant="primary", compact=True)
                if self._may_detach:
                    label = f"Detach ({key_of('detach')})"
                    yield Button(label, id="detach", variant="success", compact=True)
                yield Button(self._keyed(self._end), id="end", variant="error", compact=True)

    def on_mount(self) -> None:
        """The harmless answer has the focus."""
        self.query_one("#stay").focus()

    def on_resize(self, event: Resize) -> None:
        """Where the answers do not fit beside each other they stand below each other."""
        self.query_one("#answers").set_class(event.size.width < _BESIDE, "-narrow")

    def draw(self) -> None:
        """Tell what has become of the work while the question stood."""
        now = self._work if self._now is None else self._now()
        if now == self._work or not self.is_mounted:
            return
        self._work = now
        self.query_one(Static).update(now or _OVER)
        self.query_one("#end", Button).label = self._keyed(self._end if now else _LEAVE)
        if not now:
            self._may_detach, self._now = False, None  # what begins after it is another question
            for button in self.query("#detach"):
                button.display = False

    @on(Button.Pressed)
    def answer(self, event: Button.Pressed) -> None:
        """Close with the answer."""
        self._close(event.button.id or "stay")

    def action_perform(self, action_id: str) -> None:
        """The quit key ends it, the detach key leaves it, the back key stays."""
        if action_id != "detach" or self._may_detach:
            self._close({"quit": "end", "detach": "detach"}.get(action_id, "stay"))

    def _keyed(self, label: str) -> str:
        """An answer with the key that gives it."""
        return f"{label} ({key_of('quit')})" if self.quit_key_ends else label

    def _close(self, answer: str) -> None:
        self.dismiss("end" if answer == "end" else "detach" if answer == "detach" else "stay")
