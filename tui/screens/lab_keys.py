"""The laboratory's keys as Textual takes them, and as its last line shows them."""

from __future__ import annotations

from collections.abc import Sequence

from textual.binding import Binding
from textual.geometry import Size
from textual.strip import Strip

from tui.keymap import Situation, footer
from tui.lab.keymap import ACTIONS, offered
from tui.widgets.strips import StripView


def lab_bindings() -> list[Binding]:
    """A binding for each of the laboratory's actions, to ``perform('its id')``."""
    return [
        Binding(
            ",".join(action.keys),
            f"perform('{action.id}')",
            action.label,
            show=False,
            tooltip=action.help,
        )
        for action in ACTIONS
    ]


class LabKeys(StripView):
    """The keys that make sense now, as many as fit."""

    DEFAULT_CSS = "LabKeys { height: 1; }"

    def __init__(self) -> None:
        super().__init__()
        self._now = Situation()

    def tell(self, now: Situation) -> None:
        """Offer what makes sense in this situation."""
        if now != self._now:
            self._now = now
            self.redraw()

    def prepare(self, size: Size) -> Sequence[Strip]:
        """One row."""
        pairs = footer(self._now, size.width, offered(self._now))
        runs = [part for key, label in pairs for part in ((key, "loss"), (f" {label}  ", "muted"))]
        return [self.strip(*runs)]
