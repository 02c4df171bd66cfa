"""The laboratory's keys as Textual takes them, and as its last line shows them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

from textual.app import SystemCommand
from textual.binding import Binding
from textual.geometry import Size
from textual.strip import Strip

from engine.schema import Field
from tui.keymap import RECORDING, Situation, footer, spelled
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
        for action in (*RECORDING, *ACTIONS)  # while one is open, its keys are first
    ]


def lab_commands(
    turns: Mapping[str, tuple[Field, int]],
    turn: Callable[[Field, int], None],
    perform: Callable[[str], None],
) -> Iterator[SystemCommand]:
    """The palette of an experiment: its parameters on and back, then the laboratory's actions."""
    for key, (field, by) in turns.items():
        name = field.name.replace("_", " ")
        way = "on" if by > 0 else "back"
        told = f"{name} {way}: {field.setting.help}; runs the experiment again"
        yield SystemCommand(told, f"Parameters, {key}", partial(turn, field, by))
    for action in ACTIONS:
        told = f"{action.label}: {action.help}"
        key = spelled(action.keys[0])
        yield SystemCommand(told, f"{action.group}, {key}", partial(perform, action.id))


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
